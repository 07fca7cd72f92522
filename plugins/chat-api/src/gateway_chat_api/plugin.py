"""What the gateway finds here: one kind of channel, `chat-api`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import ChannelKind, hookimpl, lazily
from gateway_chat_api.capabilities import CAPABILITIES
from gateway_chat_api.options import ChatApiOptions

if TYPE_CHECKING:
    from gateway_chat_api.channel import ChatApiChannel

SAMPLE = """\
type: chat-api
token: { $env: CHAT_API_TOKEN } # invent it; base URL for clients: https://gw.example.com/<the instance's name>
"""


@lazily
def _channel() -> type[ChatApiChannel]:
    from gateway_chat_api.channel import ChatApiChannel

    return ChatApiChannel


KIND = ChannelKind(
    name="chat-api",
    summary="REST channel: the Chat API of Tovie and JAICP, served by the gateway.",
    options=ChatApiOptions,
    sample=SAMPLE,
    build=_channel,
    capabilities=CAPABILITIES,
)


@hookimpl
def register_channels() -> list[ChannelKind[ChatApiOptions]]:
    """Offer the Chat API."""
    return [KIND]
