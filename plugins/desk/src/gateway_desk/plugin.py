"""The entry point: offers the kind `desk`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import EVERYTHING, AgentPlatformKind, hookimpl, lazily
from gateway_desk.options import DeskOptions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway_desk.platform import Desk

SAMPLE = """\
type: desk
title: Support
groups:
  sales: { name: Sales }
  service: { name: Service }
agents:
  - { id: anna, name: Anna, token: { $env: DESK_TOKEN_ANNA }, groups: [sales, service] }
  - { id: ben, name: Ben, token: { $env: DESK_TOKEN_BEN }, groups: [service] }
canned:
  - { name: hello, text: "Hello {client}, this is {agent}. How can I help?" }
  - { name: moment, text: "One moment please, I am looking into it." }
"""


@lazily
def _platform() -> type[Desk]:
    from gateway_desk.platform import Desk

    return Desk


KIND = AgentPlatformKind(
    name="desk",
    summary="A workspace in the browser where your agents take over from the bot.",
    options=DeskOptions,
    sample=SAMPLE,
    build=_platform,
    capabilities=replace(EVERYTHING, html=True),
)


@hookimpl
def register_agent_platforms() -> Iterable[AgentPlatformKind[DeskOptions]]:
    """Offer the desk."""
    return [KIND]
