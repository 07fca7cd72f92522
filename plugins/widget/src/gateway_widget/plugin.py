"""What the gateway finds here: one kind of channel, `widget`."""

from __future__ import annotations

from dataclasses import replace

from gateway import EVERYTHING, ChannelKind, hookimpl
from gateway_widget.channel import WidgetChannel
from gateway_widget.options import WidgetOptions

SAMPLE = """\
type: widget
origins: [https://shop.example.com] # sites that may show the chat; the gateway's own address always may
title: Chat with us
accent: "#0f766e"
"""

KIND = ChannelKind(
    name="widget",
    summary="Web chat for your own site, embedded by one script line.",
    options=WidgetOptions,
    sample=SAMPLE,
    build=WidgetChannel,
    capabilities=replace(EVERYTHING, html=True, tails_log=True),
)


@hookimpl
def register_channels() -> list[ChannelKind[WidgetOptions]]:
    """Offer the web chat."""
    return [KIND]
