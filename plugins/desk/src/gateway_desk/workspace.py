"""What all browsers of one desk share: the board, the roster, the connected sockets, and how news reaches them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from gateway import GatewayError, Role, Unavailable
from gateway_desk import frames
from gateway_desk.acts import Acts, NotDone
from gateway_desk.assignment import Assignment
from gateway_desk.board import Board
from gateway_desk.roster import Roster
from gateway_desk.socket import Socket
from gateway_desk.teams import Teams
from gateway_desk.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from gateway import Context, Typing
    from gateway_desk.frames import AnyAct
    from gateway_desk.options import DeskOptions

PAUSE_SECONDS = 2.0
"""At most this often the places in the queue are corrected."""
LOOK_SECONDS = 5.0
"""How often the roster is looked at for agents whose grace period is over."""
MOST_SOCKETS_PER_AGENT = 20
BUILD = version("gateway-desk")
"""A page of another version than this loads itself again."""


class Workspace:
    """The living part of a desk, between `start` and `stop`."""

    def __init__(self, context: Context, options: DeskOptions) -> None:
        self._context = context
        self._options = options
        self.teams = Teams(options)
        self.board = Board(context)
        self.roster = Roster(context, self.teams.agents, grace_seconds=options.grace_seconds)
        self.waiting = Waiting(context)
        self._acts = Acts(context, options, self.teams, self.board)
        self._assignment = Assignment(options, self.teams, self.board, self.roster, self._acts)
        self._sockets: set[Socket] = set()
        self._moved = asyncio.Event()
        self._online: frozenset[str] = frozenset()
        self._tending: asyncio.Task[None] | None = None
        self._unwatch_typing: Callable[[], None] = lambda: None
        self._stopping = False

    async def start(self) -> None:
        """Read what is there and begin to listen."""
        await self.roster.load()
        self.board.listen(self._on_dialog)
        await self.board.start()
        self._unwatch_typing = self._context.conversations.watch_typing(self._on_typing)
        self._tending = asyncio.create_task(self._tend())

    async def stop(self) -> None:
        """Let go of everything."""
        self._stopping = True
        self.board.stop()
        self._unwatch_typing()
        if self._tending:
            self._tending.cancel()
            await asyncio.gather(self._tending, return_exceptions=True)
        await asyncio.gather(*(socket.close() for socket in self._sockets), return_exceptions=True)

    async def serve(self, agent: str, request: web.Request) -> web.WebSocketResponse:
        """Serve a browser of an agent until it goes. Raises `Unavailable` before the start."""
        if self._tending is None:  # The roster is not read yet; saving it now would forget what agents declared.
            raise Unavailable("the desk is starting")
        if sum(socket.agent == agent for socket in self._sockets) >= MOST_SOCKETS_PER_AGENT:
            raise NotDone("full", f"{MOST_SOCKETS_PER_AGENT} windows are open already")
        socket = Socket(agent, self._context, self)
        self._sockets.add(socket)
        try:
            await self.roster.connected(agent)
            self._look_at_roster()
            return await socket.serve(request)
        finally:
            self._sockets.discard(socket)
            if not self._stopping:  # That the gateway stops is not an agent's doing.
                await self.roster.disconnected(agent)

    def disconnect(self, agent: str) -> None:
        """Close an agent's windows; where they are still signed in, they come back by themselves."""
        for socket in self._sockets:
            if socket.agent == agent:
                socket.close()

    async def carry_out(self, agent: str, act: AnyAct) -> None:
        """Do what an agent asks for. Raises `NotDone`, `BadInput`, `Unavailable`."""
        if isinstance(act, frames.Status):
            await self.roster.declare(agent, online=act.online)
            self._look_at_roster()
        else:
            await self._acts.carry_out(agent, act)

    def agents(self) -> list[dict[str, Any]]:
        """Return everybody, for the lists in the browser."""
        return [
            {
                "id": agent.id,
                "name": agent.name,
                "avatar": agent.avatar,
                "online": self.roster.online(agent.id),
                "declared": self.roster.declared(agent.id),
                "groups": sorted(self.teams.groups_of(agent.id)),
            }
            for agent in self.teams.agents.values()
        ]

    def welcome(self, agent: str) -> dict[str, Any]:
        """Return what a browser is told first, besides the dialogs."""
        return {
            "me": agent,
            "build": BUILD,
            "now": self._context.now(),
            "agents": self.agents(),
            "groups": [{"id": key, "name": group.name} for key, group in self._options.groups.items()],
            "canned": [{"name": reply.name, "text": reply.text} for reply in self._options.canned],
            "upload_bytes": min(self._options.upload_bytes, self._context.files.max_bytes),
            "outside_images": self._options.outside_images,
        }

    def _on_dialog(self, session: str) -> None:
        self._moved.set()
        for socket in self._sockets:
            socket.changed(session)

    def _on_typing(self, typing: Typing) -> None:
        dialog = self.board.of_conversation(typing.conversation)
        if dialog is None or typing.role is not Role.CLIENT:
            return
        for socket in self._sockets:
            socket.typing(dialog.session, active=typing.active)

    def _look_at_roster(self) -> None:
        """Tell everybody who came or went, declared or not."""
        self._online = self.roster.all_online()
        self._moved.set()
        for socket in self._sockets:
            socket.roster_changed()

    async def _tend(self) -> None:
        """Keep the places in the queues, the automatic assignment and the roster right."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), LOOK_SECONDS)
            if self.roster.all_online() != self._online:
                self._look_at_roster()
            if self._moved.is_set():
                self._moved.clear()
                await self.settle()
                await asyncio.sleep(PAUSE_SECONDS)

    async def settle(self) -> None:
        """Hand out dialogs where that is automatic, then correct the places in the queues."""
        try:
            if self._options.assignment == "auto":
                await self._assignment.hand_out()
            await self.waiting.settle()
        except GatewayError as error:
            self._context.log.warning("desk.queue_not_settled", reason=str(error))
            self._moved.set()
        except Exception:  # A bug must not stop the queue for good; the next change tries again.
            self._context.log.exception("desk.queue_not_settled")
