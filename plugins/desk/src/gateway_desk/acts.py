"""What agents do, as events for the core. Who may do what is decided here; what follows from it is decided there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from gateway import (
    AgentJoined,
    AgentNoted,
    AgentWrote,
    AlreadyTaken,
    Attachment,
    ClientBlocked,
    Media,
    MediaKind,
    Message,
    Outcome,
    SessionEnded,
    SessionMoved,
    Stage,
    Text,
    UnknownConversation,
)
from gateway_desk import frames

if TYPE_CHECKING:
    from gateway import Context, Handoff, Peer
    from gateway_desk.board import Board
    from gateway_desk.frames import AnyAct
    from gateway_desk.options import DeskOptions
    from gateway_desk.teams import Teams


class NotDone(Exception):
    """An act that cannot be done now. `code` is for the browser to translate, `by` names who was faster."""

    def __init__(self, code: str, reason: str, *, by: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.by = by


class Acts:
    """Carries out what agents do in dialogs, one act per session at a time."""

    def __init__(self, context: Context, options: DeskOptions, teams: Teams, board: Board) -> None:
        self._context = context
        self._options = options
        self._teams = teams
        self._board = board
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def carry_out(self, agent_id: str, act: AnyAct) -> None:
        """Do it; committed when this returns. Raises `NotDone`, `BadInput`, `Unavailable`."""
        if isinstance(act, frames.Status):
            return
        lock = self._locks.setdefault(act.session, asyncio.Lock())
        async with lock:
            try:
                await self._do(agent_id, act)
            except UnknownConversation:
                raise NotDone("over", "this dialog is over") from None

    async def _do(self, agent_id: str, act: AnyAct) -> None:
        match act:
            case frames.Take():
                await self.take(agent_id, act.session, over=act.over)
            case frames.Write():
                await self._write(agent_id, act)
            case frames.WriteNote():
                await self._note(agent_id, act.session, act.text, key=act.ref)
            case frames.Forward():
                await self._forward(agent_id, act)
            case frames.Return():
                await self._end(agent_id, act, Outcome.RETURNED)
            case frames.Close():
                await self._end(agent_id, act, Outcome.CLOSED)
            case frames.Block():
                await self._block(agent_id, act)
            case _:
                pass

    async def take(self, agent_id: str, session: str, *, over: str = "") -> None:
        """Give an agent the floor. Of several who try at once exactly one gets it; the others learn who did."""
        holder = _holder(await self._current(agent_id, session))
        if holder and holder.id == agent_id:
            return
        if holder and holder.id != over:
            raise NotDone("taken", f"{holder.name} has this dialog", by=holder.name)
        if self.chats_of(agent_id) >= self._options.max_chats:
            raise NotDone("full", f"you already have {self._options.max_chats} dialogs; finish one first")
        event = AgentJoined(session=session, agent=self._teams.peer(agent_id), if_free=holder is None)
        try:
            await self._context.receive(event)
        except AlreadyTaken:
            await self._tell_who_was_faster(agent_id, session)

    def chats_of(self, agent_id: str) -> int:
        """Return how many dialogs an agent has."""
        return sum(dialog.holder == agent_id for dialog in self._board.opened())

    async def _tell_who_was_faster(self, agent_id: str, session: str) -> None:
        holder = _holder(await self._current(agent_id, session))
        name = holder.name if holder else ""
        raise NotDone("taken", f"{name or 'a colleague'} was faster", by=name)

    async def _write(self, agent_id: str, act: frames.Write) -> None:
        contents: tuple[Text | Media, ...] = (*_words(act.text), *map(_media, act.files))
        if not contents:
            raise NotDone("empty", "there is nothing to send")
        agent = await self._holding(agent_id, act.session)
        event = AgentWrote(session=act.session, agent=agent, message=Message(contents=contents, id=act.ref))
        await self._receive(event, agent_id, act.ref)

    async def _note(self, agent_id: str, session: str, text: str, *, key: str) -> None:
        await self._current(agent_id, session)
        event = AgentNoted(session=session, agent=self._teams.peer(agent_id), text=text)
        await self._receive(event, agent_id, key)

    async def _forward(self, agent_id: str, act: frames.Forward) -> None:
        if not self._teams.knows(act.to):
            raise NotDone("unknown", f"there is no group or agent {act.to!r}")
        if _holder(await self._current(agent_id, act.session)) is not None:
            await self._holding(agent_id, act.session)
        if act.note.strip():
            await self._note(agent_id, act.session, act.note.strip(), key=f"{act.ref}.note")
        event = SessionMoved(
            session=act.session,
            destination=act.to,
            destination_name=self._teams.name_of(act.to),
            agent=self._teams.peer(agent_id),
        )
        await self._receive(event, agent_id, act.ref)

    async def _end(self, agent_id: str, act: frames.Return | frames.Close, outcome: Outcome) -> None:
        if outcome is Outcome.RETURNED and await self._is_left_message(agent_id, act.session):
            agent = self._teams.peer(agent_id)
        else:
            agent = await self._holding(agent_id, act.session)
        event = SessionEnded(
            session=act.session,
            outcome=outcome,
            agent=agent,
            note=act.note.strip(),
        )
        await self._receive(event, agent_id, act.ref)

    async def _is_left_message(self, agent_id: str, session: str) -> bool:
        """A one-time message, the bot still has the floor: anybody may tick it off."""
        handoff = await self._current(agent_id, session)
        return handoff.transfer.one_time_message and _holder(handoff) is None

    async def _block(self, agent_id: str, act: frames.Block) -> None:
        """Block the client, or let whoever had the dialog lift the block."""
        if act.blocked or not self._had(agent_id, act.session):
            await self._holding(agent_id, act.session)
        event = ClientBlocked(session=act.session, agent=self._teams.peer(agent_id), blocked=act.blocked)
        await self._receive(event, agent_id, act.ref)

    def _had(self, agent_id: str, session: str) -> bool:
        dialog = self._board.find(session)
        return dialog is not None and dialog.ended is not None and dialog.holder == agent_id

    async def _receive(
        self,
        event: AgentWrote | AgentNoted | SessionMoved | SessionEnded | ClientBlocked,
        agent_id: str,
        ref: str,
    ) -> None:
        await self._context.receive(event, key=f"act/{agent_id}/{ref}")

    async def _holding(self, agent_id: str, session: str) -> Peer:
        """Return the agent if they have the floor, by what is committed now."""
        holder = _holder(await self._current(agent_id, session))
        if holder is None:
            raise NotDone("not_yours", "take the dialog first")
        if holder.id != agent_id:
            raise NotDone("not_yours", f"{holder.name} has this dialog", by=holder.name)
        return self._teams.peer(agent_id)

    async def _current(self, agent_id: str, session: str) -> Handoff:
        dialog = self._board.find(session)
        if dialog is None:
            raise NotDone("over", "this dialog is over, or was never at this desk")
        conversation = await self._context.conversations.get(dialog.conversation.id)
        handoff = conversation.handoff if conversation else None
        if handoff is None or handoff.session != session:
            raise NotDone("over", "this dialog is over")
        if not may_see(self._teams, agent_id, handoff):
            raise NotDone("over", "this dialog went to another group")
        return handoff


def may_see(teams: Teams, agent_id: str, handoff: Handoff) -> bool:
    """Tell whether a dialog is an agent's business: their own, or of one of their groups."""
    holder = _holder(handoff)
    return (holder is not None and holder.id == agent_id) or teams.may_see(agent_id, handoff.destination)


def _holder(handoff: Handoff) -> Peer | None:
    return handoff.agent if handoff.stage is Stage.JOINED else None


def _words(text: str) -> tuple[Text, ...]:
    return (Text(text=text.strip()),) if text.strip() else ()


def _media(file: frames.UploadedFile) -> Media:
    attachment = Attachment(url=file.url, name=file.name, media_type=file.media_type, size=file.size)
    return Media(kind=_kind(file.media_type), attachment=attachment)


def _kind(media_type: str) -> MediaKind:
    match media_type.partition("/")[0]:
        case "image" if media_type != "image/svg+xml":
            return MediaKind.IMAGE
        case "audio":
            return MediaKind.AUDIO
        case "video":
            return MediaKind.VIDEO
        case _:
            return MediaKind.DOCUMENT
