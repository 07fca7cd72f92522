"""What the gateway finds here: one kind of bot engine, `webhook`, and the commands around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import BotEngineKind, hookimpl, lazily
from gateway_webhook.options import WebhookOptions

if TYPE_CHECKING:
    from gateway import Commands
    from gateway_webhook.engine import WebhookBot

SAMPLE = """\
type: webhook
url: https://bot.example.com/turn # a program of your own: it gets one signed request per turn and answers it
secret: { $env: BOT_SECRET } # `gateway webhook secret` makes one
"""


@lazily
def _engine() -> type[WebhookBot]:
    from gateway_webhook.engine import WebhookBot

    return WebhookBot


@lazily
def _commands() -> Commands:
    from gateway_webhook.commands import add_commands

    return add_commands


KIND = BotEngineKind(
    name="webhook",
    summary="A bot of your own: one signed HTTP request per turn, answered at once or later.",
    options=WebhookOptions,
    sample=SAMPLE,
    build=_engine,
)


@hookimpl
def register_bot_engines() -> list[BotEngineKind[WebhookOptions]]:
    """Offer the bot engine."""
    return [KIND]


@hookimpl
def register_commands() -> list[Commands]:
    """Offer `gateway webhook secret|schema`."""
    return [_commands]
