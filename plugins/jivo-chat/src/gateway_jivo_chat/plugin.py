"""The entry point: offers `jivo-chat` as an agent platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import AgentPlatformKind, Capabilities, MediaKind, hookimpl, lazily
from gateway_jivo_chat.options import JivoChatOptions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway_jivo_chat.platform import JivoChatPlatform

SAMPLE = """\
type: jivo-chat
url: { $env: JIVO_CHAT_URL } # the channel's URL, as Jivo shows it
key: { $env: JIVO_CHAT_KEY } # invent it; enter https://gw.example.com/hooks/<the instance's name>/<key> in Jivo
webhooks_key: { $env: JIVO_WEBHOOKS_KEY } # invent another one; its address goes into Jivo's webhook settings
"""


@lazily
def _platform() -> type[JivoChatPlatform]:
    from gateway_jivo_chat.platform import JivoChatPlatform

    return JivoChatPlatform


PLATFORM = AgentPlatformKind(
    name="jivo-chat",
    summary="Agents of JivoChat, by its Chat API.",
    options=JivoChatOptions,
    sample=SAMPLE,
    build=_platform,
    capabilities=Capabilities(media=frozenset(MediaKind), location=True, pressed=True, single_content=True),
)


@hookimpl
def register_agent_platforms() -> Iterable[AgentPlatformKind[JivoChatOptions]]:
    """Offer the platform."""
    return [PLATFORM]
