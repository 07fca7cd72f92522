"""What the gateway finds here: one kind of listener, `events`, and the commands around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import ListenerKind, hookimpl, lazily
from gateway_events.options import EventsOptions

if TYPE_CHECKING:
    from gateway import Commands
    from gateway_events.listener import EventsListener

SAMPLE = """\
type: events
url: https://crm.example.com/chat-events # gets each entry of each conversation as one signed request
secret: { $env: EVENTS_SECRET } # `gateway events secret` makes one
"""


@lazily
def _listener() -> type[EventsListener]:
    from gateway_events.listener import EventsListener

    return EventsListener


@lazily
def _commands() -> Commands:
    from gateway_events.commands import add_commands

    return add_commands


KIND = ListenerKind(
    name="events",
    summary="Every entry of every conversation as a signed webhook, for CRM and statistics; misses nothing.",
    options=EventsOptions,
    sample=SAMPLE,
    build=_listener,
    durable=True,
)


@hookimpl
def register_listeners() -> list[ListenerKind[EventsOptions]]:
    """Offer the listener."""
    return [KIND]


@hookimpl
def register_commands() -> list[Commands]:
    """Offer `gateway events secret|schema`."""
    return [_commands]
