"""The entry point: offers `operator-api` twice, as an agent platform and as a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import AgentPlatformKind, Capabilities, ChannelKind, MediaKind, hookimpl, lazily
from gateway_operator_api.options import ChannelOptions, PlatformOptions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway_operator_api.channel import OperatorApiChannel
    from gateway_operator_api.platform import OperatorApiPlatform

PLATFORM_SAMPLE = """\
type: operator-api
url: { $env: DESK_API_URL } # the desk's API URL; methods are called below it
"""

CHANNEL_SAMPLE = """\
type: operator-api
key: { $env: TOVIE_KEY } # invent it; API URL in Tovie: https://gw.example.com/hooks/<the instance's name>/<key>
"""


@lazily
def _platform() -> type[OperatorApiPlatform]:
    from gateway_operator_api.platform import OperatorApiPlatform

    return OperatorApiPlatform


@lazily
def _channel() -> type[OperatorApiChannel]:
    from gateway_operator_api.channel import OperatorApiChannel

    return OperatorApiChannel


PLATFORM = AgentPlatformKind(
    name="operator-api",
    summary="A desk that speaks the Operator API of Tovie and JAICP.",
    options=PlatformOptions,
    sample=PLATFORM_SAMPLE,
    build=_platform,
    capabilities=Capabilities(media=frozenset(MediaKind), captions=False, single_content=True),
)

CHANNEL = ChannelKind(
    name="operator-api",
    summary="The gateway is the desk of a Tovie or JAICP bot, by the Operator API.",
    options=ChannelOptions,
    sample=CHANNEL_SAMPLE,
    build=_channel,
    capabilities=Capabilities(media=frozenset(MediaKind), single_content=True, hears=frozenset({"closed", "moved"})),
)


@hookimpl
def register_agent_platforms() -> Iterable[AgentPlatformKind[PlatformOptions]]:
    """Offer the half that drives a desk."""
    return [PLATFORM]


@hookimpl
def register_channels() -> Iterable[ChannelKind[ChannelOptions]]:
    """Offer the half that is a desk."""
    return [CHANNEL]
