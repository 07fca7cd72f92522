"""The listener of one instance: an entry is one POST. Order, retries and how far it has come are the core's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from gateway import Rejected, Remote
from gateway_events.event import event_body, event_id, schema_text
from gateway_events.failures import as_failure
from gateway_events.signing import Signer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiohttp.web import AbstractRouteDef

    from gateway import Change, Context
    from gateway_events.options import EventsOptions

CURE = "give it and the options `url` and `secret` the same values"
FILES = "/files/"


class EventsListener:
    """Tells one receiver. Nothing is kept here."""

    def __init__(self, context: Context, options: EventsOptions) -> None:
        """Does no I/O."""
        self._context = context
        self._options = options
        headers = {name: value.get_secret_value() for name, value in options.headers.items()}
        self._receiver = Remote(context, who="the receiver", cure=CURE, headers=headers, timeout_seconds=None)
        secrets = [secret for secret in (options.secret, options.old_secret) if secret is not None]
        self._signer = Signer([secret.get_secret_value() for secret in secrets])

    async def start(self) -> None:
        """Nothing to connect to: the receiver is called when something was committed."""

    async def stop(self) -> None:
        """Nothing to let go of."""

    def routes(self) -> Iterable[AbstractRouteDef]:
        """Serve the JSON Schema."""
        return [web.get("/schema/event.json", _show_schema)]

    async def notice(self, change: Change) -> None:
        """Tell the receiver of one entry. Raises a `Failure`."""
        if self._is_wanted(change):
            await self._post(event_id(change), event_body(change, self._absolute))

    def _is_wanted(self, change: Change) -> bool:
        wanted, conversation = self._options, change.conversation
        return all(
            not only or found in only
            for only, found in (
                (wanted.entries, change.entries[0].body.type),
                (wanted.channels, conversation.channel),
                (wanted.routes, conversation.route),
            )
        )

    async def _post(self, message_id: str, body: str) -> None:
        headers = {"Content-Type": "application/json", **self._signer.headers(message_id, body)}
        try:
            await self._receiver.post(self._options.url, body.encode(), headers=headers)
        except Rejected as rejection:
            raise as_failure(rejection) from None

    def _absolute(self, url: str) -> str:
        return self._context.url(url) if url.startswith(FILES) else url


async def _show_schema(_request: web.Request) -> web.Response:
    return web.Response(text=schema_text(), content_type="application/schema+json")
