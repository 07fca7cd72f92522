"""What the gateway finds here: one kind of channel, `chat-api`."""

from __future__ import annotations

from gateway import ChannelKind, hookimpl
from gateway_chat_api.channel import ChatApiChannel
from gateway_chat_api.options import ChatApiOptions
from gateway_chat_api.replies import CAPABILITIES

SAMPLE = """\
type: chat-api
token: { $env: CHAT_API_TOKEN } # invent it; base URL for clients: https://gw.example.com/<the instance's name>
"""

KIND = ChannelKind(
    name="chat-api",
    summary="REST channel: the Chat API of Tovie and JAICP, served by the gateway.",
    options=ChatApiOptions,
    sample=SAMPLE,
    build=ChatApiChannel,
    capabilities=CAPABILITIES,
)


@hookimpl
def register_channels() -> list[ChannelKind[ChatApiOptions]]:
    """Offer the Chat API."""
    return [KIND]
