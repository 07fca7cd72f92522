"""What a desk tells of its agents, as events of the gateway."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import (
    AgentWrote,
    BadInput,
    Mailboxes,
    Media,
    MediaKind,
    Message,
    SessionEnded,
    SessionMoved,
    Stage,
    UnknownConversation,
    text_message,
)

if TYPE_CHECKING:
    from gateway import Context
    from gateway_operator_api.sessions import Sessions
    from gateway_operator_api.wire import Destination, Event

LONGEST_NAME = 60


class Intake:
    """Takes the events of one desk, each once."""

    def __init__(self, context: Context, sessions: Sessions) -> None:
        """`sessions`: what is remembered of them."""
        self._context = context
        self._sessions = sessions
        self._turns = Mailboxes()

    async def take(self, event: Event) -> None:
        """Let it happen. Raises `UnknownConversation` for the words of an agent whose dialog is over, `BadInput`."""
        async with self._turns.turn(event.user_id):
            match event.type:
                case "TextMessage":
                    await self._said(event, text_message(event.text, id=event.id) if event.text else None)
                case "FileMessage":
                    await self._said(event, await self._file(event))
                case "Closed":
                    await self._closed(event)
                case "SelectDestination":
                    await self._moved(event)
                case kind:
                    self._context.ignored(f"event {kind[:LONGEST_NAME]}")

    async def _said(self, event: Event, message: Message | None) -> None:
        if message:
            said = AgentWrote(session=event.user_id, agent=event.agent, message=message)
            await self._context.receive(said, key=_key(event))

    async def _file(self, event: Event) -> Message:
        file = await self._context.files.take(event.url, name=event.name, size=event.size)
        media = Media(kind=MediaKind.of(file.media_type), attachment=file, caption=event.comment)
        return Message(contents=(media,), id=event.id)

    async def _closed(self, event: Event) -> None:
        """The agents' side is done. A dialog that is over already cannot end again, and that is fine."""
        try:
            agent = event.agent if event.employee else None
            await self._context.receive(SessionEnded(session=event.user_id, agent=agent), key=_key(event))
        except UnknownConversation:
            pass
        await self._sessions.forget(event.user_id)

    async def _moved(self, event: Event) -> None:
        if event.destination is None:
            raise BadInput("destination: must tell where the dialog goes")
        if await self._is_news(event.user_id, event.destination):
            await self._move(event, event.destination)

    async def _is_news(self, session: str, destination: Destination) -> bool:
        """A desk may tell of the group we have chosen ourselves: while nobody has come, that is no move."""
        known = await self._sessions.get(session)
        if known is None or known.destination != destination.destination_id:
            return True
        conversation = await self._context.conversations.get(known.conversation)
        handoff = conversation.handoff if conversation else None
        return handoff is not None and handoff.session == session and handoff.stage is Stage.JOINED

    async def _move(self, event: Event, destination: Destination) -> None:
        moved = SessionMoved(
            session=event.user_id,
            destination=destination.destination_id,
            destination_name=destination.name,
            agent=event.agent if event.employee else None,
        )
        try:
            await self._context.receive(moved, key=_key(event))
        except UnknownConversation:
            return
        if known := await self._sessions.get(event.user_id):
            await self._sessions.put(event.user_id, replace(known, destination=destination.destination_id))


def _key(event: Event) -> str:
    """ASSUMED: an id is unique within its dialog; the documentation's examples count from 1."""
    return f"{event.user_id}:{event.id}"
