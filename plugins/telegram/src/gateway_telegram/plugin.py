"""What the gateway finds here: one kind of channel, `telegram`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import Capabilities, ChannelKind, MediaKind, hookimpl, lazily
from gateway_telegram.options import TelegramOptions

if TYPE_CHECKING:
    from gateway_telegram.channel import TelegramChannel

SAMPLE = """\
type: telegram
token: { $env: TELEGRAM_TOKEN } # from @BotFather
mode: polling # or webhook, with server.public_url set to an https address Telegram can reach
"""

CAPABILITIES = Capabilities(
    text_length=4000,  # Telegram takes 4096 without the markup; with it a text is never much longer.
    markdown=True,
    buttons=100,
    button_urls=True,
    media=frozenset(MediaKind),
    media_bytes=50_000_000,
    caption_length=1024,
    location=True,
    contact=True,
    single_content=True,
)


@lazily
def _channel() -> type[TelegramChannel]:
    from gateway_telegram.channel import TelegramChannel

    return TelegramChannel


KIND = ChannelKind(
    name="telegram",
    summary="A Telegram bot, by webhook or long polling.",
    options=TelegramOptions,
    sample=SAMPLE,
    build=_channel,
    capabilities=CAPABILITIES,
)


@hookimpl
def register_channels() -> list[ChannelKind[TelegramOptions]]:
    """Offer Telegram."""
    return [KIND]
