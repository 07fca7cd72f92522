"""The entry point: offers the channel kind `jivo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import Capabilities, ChannelKind, MediaKind, hookimpl, lazily
from gateway_jivo.options import JivoOptions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway_jivo.channel import JivoChannel

SAMPLE = """\
type: jivo
provider_id: { $env: JIVO_PROVIDER_ID } # Jivo names it in its answer to your e-mail
token: { $env: JIVO_TOKEN } # invent it; Jivo's server calls https://gw.example.com/hooks/<the instance's name>/<token>
"""

MOST_BUTTONS = 10
"""ASSUMED: no limit is documented, and more than these are not read by anybody."""


@lazily
def _channel() -> type[JivoChannel]:
    from gateway_jivo.channel import JivoChannel

    return JivoChannel


JIVO = ChannelKind(
    name="jivo",
    summary="JivoChat by its Bot API: the bot answers there, and Jivo's own agents take over.",
    options=JivoOptions,
    sample=SAMPLE,
    build=_channel,
    capabilities=Capabilities(
        markdown=True,
        buttons=MOST_BUTTONS,
        media=frozenset(MediaKind),
        location=True,
        single_content=True,
        hears=frozenset({"changed", "closed"}),
        hands_back=True,
    ),
)


@hookimpl
def register_channels() -> Iterable[ChannelKind[JivoOptions]]:
    """Offer it."""
    return [JIVO]
