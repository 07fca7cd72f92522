"""The entry point: offers `tovie`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import BotEngineKind, Capabilities, MediaKind, hookimpl, lazily
from gateway_tovie.options import TovieOptions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway_tovie.engine import TovieBot

SAMPLE = """\
type: tovie
url: https://bot.example.com/chatadapter # what stands before /chatapi/ in the address of the Chat API channel
token: { $env: TOVIE_TOKEN } # its access token
"""


@lazily
def _engine() -> type[TovieBot]:
    from gateway_tovie.engine import TovieBot

    return TovieBot


KIND = BotEngineKind(
    name="tovie",
    summary="A bot of Tovie DialogStudio or JAICP, by the Chat API; Tovie Agent behind it, if there is one.",
    options=TovieOptions,
    sample=SAMPLE,
    build=_engine,
    capabilities=Capabilities(media=frozenset(MediaKind)),
)


@hookimpl
def register_bot_engines() -> Iterable[BotEngineKind[TovieOptions]]:
    """Offer the bot engine."""
    return [KIND]
