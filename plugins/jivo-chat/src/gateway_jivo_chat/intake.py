"""What Jivo posts of its agents, as events of the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import (
    AgentWrote,
    BadInput,
    Location,
    Media,
    Message,
    Role,
    SessionEnded,
    Text,
    Typing,
    UnknownConversation,
)
from gateway_jivo_chat import choices, wire
from gateway_jivo_chat.seats import seated

if TYPE_CHECKING:
    from gateway import Buttons, Context, Mailboxes
    from gateway_jivo_chat.dialogs import Dialog, Dialogs
    from gateway_jivo_chat.options import JivoChatOptions

LONGEST_NAME = 60


class Intake:
    """Takes the events of one channel, each once."""

    def __init__(self, context: Context, options: JivoChatOptions, dialogs: Dialogs, turns: Mailboxes) -> None:
        """`turns`: one thing at a time per client, whichever way it comes."""
        self._context = context
        self._rating = options.rating
        self._dialogs = dialogs
        self._turns = turns

    async def take(self, event: wire.Event, raw: bytes) -> None:
        """Let it happen. Raises `UnknownConversation` for the words of an agent whose dialog is over, `BadInput`."""
        dialog = await self._dialogs.of(event.recipient.id)
        match event.message.type:
            case "typein":
                self._types(dialog)
            case "seen":
                pass  # No side the gateway knows shows it.
            case "stop":
                await self._stopped(event, dialog, raw)
            case kind if kind in _SPEAKS:
                await self._wrote(event, dialog, raw)
            case kind:
                self._context.ignored(f"message {kind[:LONGEST_NAME]}")

    def _types(self, dialog: Dialog | None) -> None:
        if dialog:
            self._context.signal(Typing(conversation=dialog.conversation, role=Role.AGENT))

    async def _wrote(self, event: wire.Event, dialog: Dialog | None, raw: bytes) -> None:
        if dialog is None:
            raise UnknownConversation("this dialog is over")
        async with self._turns.turn(event.recipient.id):
            message = await self._message(event.message, event)
            if not message.contents:
                self._context.ignored(f"message {event.message.type} without content")
                return
            agent = await seated(self._context, dialog, event.sender.peer())
            said = AgentWrote(session=dialog.session, agent=agent, message=message)
            await self._context.receive(said, key=event.key(dialog.session, raw))

    async def _stopped(self, event: wire.Event, dialog: Dialog | None, raw: bytes) -> None:
        """The agents' side is done. A dialog that is over already cannot end again, and that is fine."""
        if dialog is None:
            return
        async with self._turns.turn(event.recipient.id):
            agent = await seated(self._context, dialog, event.sender.peer()) if event.sender.id else None
            try:
                ended = SessionEnded(session=dialog.session, agent=agent, note=event.message.words)
                await self._context.receive(ended, key=event.key(dialog.session, raw))
            except UnknownConversation:
                return
            await self._dialogs.end(dialog, stopped=True)

    # --- contents ---

    async def _message(self, said: wire.Message, event: wire.Event) -> Message:
        match said.type:
            case "location":
                latitude, longitude = event.place()
                return Message(
                    id=said.id, contents=(Location(latitude=latitude, longitude=longitude, title=said.words),)
                )
            case "rate":
                return _asking(said, said.words or self._rating.question, choices.rating(self._rating))
            case "keyboard":
                return _asking(said, said.words, choices.keyboard(said.keyboard))
            case kind if kind in wire.KINDS:
                return Message(id=said.id, contents=(await self._media(said),))
            case _:
                return Message(id=said.id, contents=(Text(text=said.words),) if said.words else ())

    async def _media(self, said: wire.Message) -> Media:
        if not said.file:
            raise BadInput(f"message.file: must tell where the {said.type} is")
        file = await self._context.files.take(
            said.file, name=said.file_name, media_type=said.mime_type, size=said.file_size
        )
        return Media(kind=wire.KINDS[said.type], attachment=file, caption=said.words)


_SPEAKS = frozenset({"text", "location", "rate", "keyboard", *wire.KINDS})


def _asking(said: wire.Message, words: str, buttons: Buttons) -> Message:
    asked = (Text(text=words),) if words else ()
    return Message(id=said.id, contents=(*asked, buttons) if buttons.buttons else asked)
