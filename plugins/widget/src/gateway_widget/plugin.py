"""What the gateway finds here: one kind of channel, `widget`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import EVERYTHING, ChannelKind, hookimpl, lazily
from gateway_widget.options import WidgetOptions

if TYPE_CHECKING:
    from gateway_widget.channel import WidgetChannel

SAMPLE = """\
type: widget
origins: [https://shop.example.com] # sites that may show the chat; the gateway's own address always may
title: Chat with us
accent: "#0f766e"
"""


@lazily
def _channel() -> type[WidgetChannel]:
    from gateway_widget.channel import WidgetChannel

    return WidgetChannel


KIND = ChannelKind(
    name="widget",
    summary="Web chat for your own site, embedded by one script line.",
    options=WidgetOptions,
    sample=SAMPLE,
    build=_channel,
    capabilities=replace(EVERYTHING, html=True, tails_log=True),
)


@hookimpl
def register_channels() -> list[ChannelKind[WidgetOptions]]:
    """Offer the web chat."""
    return [KIND]
