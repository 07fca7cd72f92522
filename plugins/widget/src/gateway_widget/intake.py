"""Turns a visitor's frames into the gateway's events. Answers only after the commit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gateway import (
    Attachment,
    BadInput,
    ClientChanged,
    ClientClosed,
    ClientLeftAgent,
    ClientStarted,
    ClientWrote,
    Media,
    MediaKind,
    Message,
    Peer,
    Pressed,
    Role,
    Said,
    Text,
    Typing,
)
from gateway_widget.frames import About, Change, End, History, Leave, Say, Start, Writing
from gateway_widget.tail import PAGE, entry_frames

if TYPE_CHECKING:
    from gateway import Context
    from gateway_widget.frames import Inbound
    from gateway_widget.tokens import Visitor
    from gateway_widget.uploads import Uploads

KINDS = {"image": MediaKind.IMAGE, "audio": MediaKind.AUDIO, "video": MediaKind.VIDEO}
NOT_SHOWN = {"image/svg+xml"}


class Intake:
    """What visitors may do."""

    def __init__(self, context: Context, uploads: Uploads, *, text_length: int) -> None:
        self._context = context
        self._uploads = uploads
        self._text_length = text_length

    async def handle(self, visitor: Visitor, frame: Inbound) -> dict[str, Any] | None:
        """Do what a frame asks and return the answer. Raises `BadInput`, `Blocked`, `Unavailable`."""
        match frame:
            case Say():
                return await self._say(visitor, frame)
            case Start() | Change() | Leave() | End():
                return await self._happen(visitor, frame)
            case History():
                return await self._history(visitor, frame)
            case Writing():
                await self._typing(visitor, frame)
                return None
            case _:
                return {"type": "pong"}

    async def _say(self, visitor: Visitor, frame: Say) -> dict[str, Any]:
        event = ClientWrote(
            client=_peer(visitor, frame),
            message=await self._message(visitor, frame),
            attributes=_attributes(visitor, frame),
            language=frame.language,
            verified=visitor.verified,
        )
        received = await self._context.receive(event, key=_key(visitor, frame.id))
        return {"type": "ack", "id": frame.id, "conversation": received.conversation, "number": received.number}

    async def _message(self, visitor: Visitor, frame: Say) -> Message:
        message = self._new(visitor, frame) if frame.again is None else await self._said(visitor, frame)
        if not message.contents:
            raise BadInput("text: say something, press a button or send a file")
        return message

    async def _said(self, visitor: Visitor, frame: Say) -> Message:
        """Return what the visitor said in entry `frame.again` of the newest conversation."""
        number = frame.again or 0
        conversation = await self._context.conversations.of_client(visitor.id)
        if conversation is not None:
            for entry in await self._context.conversations.entries(conversation.id, after=number - 1, limit=1):
                if entry.number == number and isinstance(entry.body, Said) and entry.body.role is Role.CLIENT:
                    return replace(entry.body.message, id=frame.id)
        raise BadInput("again: you said nothing under this number")

    def _new(self, visitor: Visitor, frame: Say) -> Message:
        if len(frame.text) > self._text_length:
            raise BadInput(f"text: at most {self._text_length} characters")
        pressed = [Pressed(value=frame.pressed.value, text=frame.pressed.text)] if frame.pressed else []
        text = [Text(text=frame.text)] if frame.text.strip() else []
        media = [_media(self._uploads.attachment(visitor, ticket)) for ticket in frame.files]
        return Message(id=frame.id, contents=(*pressed, *text, *media))

    async def _happen(self, visitor: Visitor, frame: Start | Change | Leave | End) -> dict[str, Any]:
        await self._context.receive(_event(visitor, frame), key=_key(visitor, frame.id))
        return {"type": "ack", "id": frame.id}

    async def _history(self, visitor: Visitor, frame: History) -> dict[str, Any]:
        conversation = await self._context.conversations.get(frame.conversation)
        if conversation is None or conversation.client.id != visitor.id:
            raise BadInput("conversation: you have no such conversation")
        before = frame.before or conversation.head + 1
        entries = await self._context.conversations.entries(conversation.id, before=before, limit=PAGE)
        return {
            "type": "history",
            "id": frame.id,
            "conversation": conversation.id,
            "entries": entry_frames(entries),
        }

    async def _typing(self, visitor: Visitor, frame: Writing) -> None:
        conversation = await self._context.conversations.of_client(visitor.id)
        if conversation is not None:
            self._context.signal(Typing(conversation=conversation.id, role=Role.CLIENT, active=frame.active))


def _event(
    visitor: Visitor, frame: Start | Change | Leave | End
) -> ClientStarted | ClientChanged | ClientLeftAgent | ClientClosed:
    match frame:
        case Start():
            return ClientStarted(
                client=_peer(visitor, frame),
                attributes=_attributes(visitor, frame),
                language=frame.language,
                verified=visitor.verified,
            )
        case Change():
            return ClientChanged(
                client=_peer(visitor, frame),
                attributes=_attributes(visitor, frame),
                language=frame.language,
                verified=visitor.verified,
            )
        case Leave():
            return ClientLeftAgent(client=visitor.peer)
        case End():
            return ClientClosed(client=visitor.peer)


def _key(visitor: Visitor, frame_id: str) -> str:
    # A browser makes its ids itself: they count only for their visitor.
    return f"{visitor.id}:{frame_id}"


def _peer(visitor: Visitor, frame: About) -> Peer:
    """Return the client; somebody unnamed may introduce themselves by the attribute `name`."""
    return Peer(
        id=visitor.id,
        name=visitor.name or frame.attributes.get("name", ""),
        avatar_url=visitor.avatar_url,
    )


def _attributes(visitor: Visitor, frame: About) -> dict[str, str]:
    """Return what the page told, except where the site's signed proof knows better."""
    proven = {"name": visitor.name, "email": visitor.email} if visitor.verified else {}
    return {**frame.attributes, **{key: value for key, value in proven.items() if value}}


def _media(attachment: Attachment) -> Media:
    family = "" if attachment.media_type in NOT_SHOWN else attachment.media_type.partition("/")[0]
    return Media(kind=KINDS.get(family, MediaKind.DOCUMENT), attachment=attachment)
