"""One connected browser. It is told that something changed, and then reads what: nothing piles up for a slow one."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from gateway import BadInput, Role, Typing, Unavailable
from gateway_desk import frames
from gateway_desk.acts import NotDone, may_see
from gateway_desk.view import card_json, entry_json

if TYPE_CHECKING:
    from gateway import Context
    from gateway_desk.board import Board, Dialog
    from gateway_desk.frames import AnyAct, AnyFrame
    from gateway_desk.workspace import Workspace

ENTRIES_PER_FRAME = 50
HEARTBEAT_SECONDS = 25.0
GOODBYE_SECONDS = 2.0
GOING_AWAY = 1001
FAILED = 1011
TRY_AGAIN_LATER = 1013


class Socket:
    """A browser of one agent: frames in (`listen`), changes out (`_tell`)."""

    def __init__(self, agent: str, context: Context, workspace: Workspace) -> None:
        self.agent = agent
        self._context = context
        self._workspace = workspace
        self._board: Board = workspace.board
        self._ws = web.WebSocketResponse(
            heartbeat=HEARTBEAT_SECONDS, timeout=GOODBYE_SECONDS, compress=False, max_msg_size=frames.MAX_BYTES
        )
        self._wake = asyncio.Event()
        self._changed: dict[str, None] = {}  # sessions, in the order they changed
        self._typing: dict[str, bool] = {}
        self._roster_changed = False
        self._closing: list[asyncio.Task[bool]] = []
        self._shown: set[str] = set()
        self._told: dict[str, int] = {}  # followed session -> last log number told

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Talk to the browser until it goes."""
        await self._ws.prepare(request)
        teller = asyncio.create_task(self._tell())
        try:
            await self._listen()
        finally:
            teller.cancel()
            await asyncio.gather(teller, *self._closing, return_exceptions=True)
        return self._ws

    def close(self) -> asyncio.Task[bool]:
        """Begin to send the browser away; it comes back by itself if it may."""
        closing = asyncio.create_task(self._ws.close(code=GOING_AWAY, message=b"come back"))
        self._closing.append(closing)  # `serve` waits for it, so that the browser hears the reason
        return closing

    # --- what changed: called by the workspace, cheap ------------------------------------------------------------

    def changed(self, session: str) -> None:
        """A dialog changed."""
        self._changed[session] = None
        self._wake.set()

    def typing(self, session: str, *, active: bool) -> None:
        """The client of a dialog is, or stopped, writing."""
        if session in self._told:
            self._typing[session] = active
            self._wake.set()

    def roster_changed(self) -> None:
        """Somebody came or went."""
        self._roster_changed = True
        self._wake.set()

    # --- out -----------------------------------------------------------------------------------------------------

    async def _tell(self) -> None:
        try:
            await self._welcome()
            while True:
                await self._wake.wait()
                self._wake.clear()
                await self._tell_news()
        except ConnectionError:
            return
        except Exception:
            self._context.log.exception("desk.socket_failed", agent=self.agent)
            await self._ws.close(code=FAILED, message=b"something went wrong; please reconnect")

    async def _welcome(self) -> None:
        dialogs = [dialog for dialog in self._board.everything() if self._sees(dialog)]
        self._shown = {dialog.session for dialog in dialogs}
        cards = [await self._card(dialog) for dialog in dialogs]
        await self._send({"type": "welcome", **self._workspace.welcome(self.agent), "cards": cards})

    async def _tell_news(self) -> None:
        if self._roster_changed:
            self._roster_changed = False
            await self._send({"type": "roster", "agents": self._workspace.agents()})
        while self._changed:
            session = next(iter(self._changed))
            del self._changed[session]
            await self._tell_dialog(session)
        while self._typing:
            session, active = self._typing.popitem()
            await self._send({"type": "typing", "session": session, "active": active})

    async def _tell_dialog(self, session: str) -> None:
        dialog = self._board.find(session)
        if dialog is None or not self._sees(dialog):
            if session in self._shown:
                self._shown.discard(session)
                self._told.pop(session, None)
                await self._send({"type": "gone", "session": session})
            return
        self._shown.add(session)
        await self._tell_entries(dialog)
        await self._send({"type": "card", "card": await self._card(dialog)})

    async def _tell_entries(self, dialog: Dialog) -> None:
        """Send what the browser does not have yet, however far it is behind."""
        while (told := self._told.get(dialog.session)) is not None and told < dialog.end:
            oldest = await self._context.conversations.entries(
                dialog.conversation.id, after=told, limit=ENTRIES_PER_FRAME
            )
            entries = [entry for entry in oldest if entry.number <= dialog.end]
            if not entries or self._told.get(dialog.session) != told:  # closed, or asked for anew, meanwhile
                return
            self._told[dialog.session] = entries[-1].number
            frame = {"type": "entries", "session": dialog.session, "entries": [entry_json(entry) for entry in entries]}
            await self._send(frame)

    async def _card(self, dialog: Dialog) -> dict[str, Any]:
        await self._board.load(dialog)
        return card_json(dialog, self._workspace.teams)

    def _sees(self, dialog: Dialog) -> bool:
        """A dialog that is over stays with who had it, and in a window where it is open."""
        if dialog.ended and dialog.holder != self.agent and dialog.session not in self._told:
            return False
        return may_see(self._workspace.teams, self.agent, dialog.handoff)

    async def _send(self, frame: dict[str, Any]) -> None:
        await self._ws.send_str(json.dumps(frame, ensure_ascii=False, separators=(",", ":")))

    # --- in ------------------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        async for message in self._ws:
            if message.type is WSMsgType.TEXT:
                await self._hear(message.data)
            elif message.type is WSMsgType.BINARY:
                await self._refuse("", "malformed", "send text frames")

    async def _hear(self, data: str) -> None:
        try:
            frame = frames.read_frame(data)
        except BadInput as error:
            await self._refuse(frames.ref_of(data), "malformed", str(error))
        else:
            await self._heed(frame)

    async def _heed(self, frame: AnyFrame) -> None:
        match frame:
            case frames.Ping():
                await self._send({"type": "pong"})
            case frames.Follow():
                self._follow(frame)
            case frames.Unfollow():
                self._told.pop(frame.session, None)
            case frames.TypingNow():
                self._pass_on(frame)
            case _:
                await self._carry_out(frame)

    def _follow(self, frame: frames.Follow) -> None:
        dialog = self._board.find(frame.session)
        if dialog is not None and self._sees(dialog):
            self._told[frame.session] = max(frame.after, dialog.first - 1)
        self._shown.add(frame.session)  # If it is not there, the browser shall be told that it is gone.
        self.changed(frame.session)

    def _pass_on(self, frame: frames.TypingNow) -> None:
        dialog = self._board.find(frame.session)
        if dialog is not None and dialog.ended is None and dialog.holder == self.agent:
            signal = Typing(conversation=dialog.conversation.id, role=Role.AGENT, active=frame.active)
            self._context.signal(signal)

    async def _carry_out(self, act: AnyAct) -> None:
        try:
            await self._workspace.carry_out(self.agent, act)
        except NotDone as error:
            await self._refuse(act.ref, error.code, str(error), by=error.by)
        except BadInput as error:
            await self._refuse(act.ref, "rejected", str(error))
        except Unavailable:
            # Come back and say it again, in order: answering one by one could let a later word overtake this one.
            await self._ws.close(code=TRY_AGAIN_LATER, message=b"the gateway cannot take this now")
        except Exception as error:  # noqa: BLE001 - logged there
            await self._fail(act, error)
        else:
            await self._send({"type": "ok", "ref": act.ref})

    async def _fail(self, act: AnyAct, error: Exception) -> None:
        """A bug. Refuse the act: a browser that got no answer would send it again and again."""
        self._context.log.error("desk.act_failed", act=act.type, agent=self.agent, exc_info=error)
        await self._refuse(act.ref, "failed", "something went wrong at the gateway; its log says what")

    async def _refuse(self, ref: str, code: str, reason: str, **more: Any) -> None:
        await self._send({"type": "refused", "ref": ref, "code": code, "reason": reason, **more})
