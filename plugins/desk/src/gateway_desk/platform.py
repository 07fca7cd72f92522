"""The agent platform the core knows: it accepts dialogs, and otherwise shows the log the core keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import Availability, Opened, Receipt, Refused
from gateway_desk.board import remote_id
from gateway_desk.pages import Pages
from gateway_desk.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aiohttp.web import AbstractRouteDef

    from gateway import Closing, Context, Opening, Outgoing
    from gateway_desk.options import DeskOptions


class Desk:
    """One desk: `AgentPlatform`, `SupportsAvailability`, `SupportsRoutes`, `SupportsPages`."""

    def __init__(self, context: Context, options: DeskOptions) -> None:
        self._context = context
        self._workspace = Workspace(context, options)
        self._pages = Pages(context, options, self._workspace)

    async def start(self) -> None:
        """Read agents' status and the open dialogs."""
        await self._workspace.start()

    async def stop(self) -> None:
        """Send the browsers away; they come back by themselves."""
        await self._workspace.stop()

    def routes(self) -> Iterable[AbstractRouteDef]:
        """Serve the workspace."""
        return self._pages.routes()

    def pages(self) -> Mapping[str, str]:
        """Name the workspace's address."""
        return self._pages.addresses()

    async def availability(self, destination: str) -> Availability:
        """Tell whether somebody of the destination is online, and how many wait for it."""
        online = self._anybody(destination)
        return Availability(online=online, waiting=await self._workspace.waiting.length(destination))

    async def open(self, opening: Opening) -> Opened:
        """Put a dialog into the queue, unless nobody is there to take it."""
        teams = self._workspace.teams
        if opening.destination and not teams.knows(opening.destination):
            self._context.log.warning("desk.destination_unknown", destination=opening.destination)
        if not opening.transfer.ignore_offline and not self._anybody(opening.destination):
            raise Refused(f"nobody is online{_in(teams.name_of(opening.destination))}", code="offline")
        return Opened(
            remote=await self._remote(opening),
            position=await self._workspace.waiting.next_place(opening.destination, opening.session),
            destination_name=teams.name_of(opening.destination),
        )

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Confirm: agents read the log, where the client's message already stands."""
        return Receipt(remote_id=str(outgoing.number))

    async def close(self, closing: Closing) -> None:
        """Confirm: agents read in the log that the client's side left, and why."""

    def _anybody(self, destination: str) -> bool:
        return self._workspace.roster.anybody(self._workspace.teams.audience(destination))

    async def _remote(self, opening: Opening) -> str:
        conversation = await self._context.conversations.get(opening.conversation)
        handoff = conversation.handoff if conversation else None
        return remote_id(opening, handoff) if handoff else opening.session


def _in(name: str) -> str:
    return f" in {name}" if name else ""
