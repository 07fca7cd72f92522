"""What the gateway finds here: one kind of bot engine, `bot-framework`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import BotEngineKind, hookimpl, lazily
from gateway_bot_framework.options import BotFrameworkOptions

if TYPE_CHECKING:
    from gateway_bot_framework.engine import BotFrameworkBot

SAMPLE = """\
type: bot-framework
url: http://127.0.0.1:3978/api/messages # where the bot takes activities
"""


@lazily
def _engine() -> type[BotFrameworkBot]:
    from gateway_bot_framework.engine import BotFrameworkBot

    return BotFrameworkBot


KIND = BotEngineKind(
    name="bot-framework",
    summary="A bot of the Bot Framework or the Microsoft 365 Agents SDK.",
    options=BotFrameworkOptions,
    sample=SAMPLE,
    build=_engine,
)


@hookimpl
def register_bot_engines() -> list[BotEngineKind[BotFrameworkOptions]]:
    """Offer the bot engine."""
    return [KIND]
