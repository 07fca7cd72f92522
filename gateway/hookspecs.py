"""The hooks a plugin may implement. They run once, at start-up, take no arguments and return kinds.

What happens per message is never a hook: it is a method of the object the kind builds (see `contracts`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.kinds import AnyAgentPlatformKind, AnyBotEngineKind, AnyChannelKind, AnyListenerKind, Commands

PROJECT = "gateway"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_channels() -> Iterable[AnyChannelKind]:
    """Offer kinds of channel: where clients write."""
    return ()


@hookspec
def register_bot_engines() -> Iterable[AnyBotEngineKind]:
    """Offer kinds of bot engine: what answers automatically."""
    return ()


@hookspec
def register_agent_platforms() -> Iterable[AnyAgentPlatformKind]:
    """Offer kinds of agent platform: where humans work."""
    return ()


@hookspec
def register_listeners() -> Iterable[AnyListenerKind]:
    """Offer kinds of listener: what hears of every commit."""
    return ()


@hookspec
def register_commands() -> Iterable[Commands]:
    """Offer functions that add commands to the `gateway` command line."""
    return ()
