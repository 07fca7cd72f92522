"""The Chat API of JivoChat on the wire: what both sides say, and everything assumed about it.

Documented at https://www.jivochat.com/docs/chat/ as far as transport, status and text messages go; fields and the other
types of message are known from code that speaks the API. What neither tells is decided here and nowhere else; each such
place says ASSUMED, and the README lists them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Annotated, Any

from pydantic import AliasChoices, Field

from gateway import BadInput, Media, MediaKind, Peer
from gateway_jivo_chat.lenient import LONGEST_ID, AnObject, Id, Lenient, Objects, Whole, Words

CONTENT_TYPE = "application/json; charset=utf-8"

KINDS: Mapping[str, MediaKind] = {
    "photo": MediaKind.IMAGE,
    "sticker": MediaKind.STICKER,
    "video": MediaKind.VIDEO,
    "audio": MediaKind.AUDIO,
    "document": MediaKind.DOCUMENT,
}
TYPES: Mapping[MediaKind, str] = {kind: name for name, kind in KINDS.items()} | {MediaKind.VOICE: "audio"}

TYPING_SECONDS = 5.0
"""`typein` is not to be sent more often than that."""

MOST_CUSTOM_DATA = 10
"""As many as Jivo's widget takes. ASSUMED to hold here, too."""


# --- Jivo tells us ---------------------------------------------------------------------------------------------------


class User(Lenient):
    """An agent as `sender`."""

    id: Words = ""
    name: Words = ""
    photo: Words = ""

    def peer(self) -> Peer:
        """Return the agent as the gateway knows people. Only web addresses are taken for pictures."""
        photo = self.photo if self.photo.startswith(("https://", "http://")) else ""
        return Peer(id=self.id or self.name or "agent", name=self.name, avatar_url=photo)


class Recipient(Lenient):
    """The client, by the id we gave."""

    id: Id


class Key(Lenient):
    """One choice of a keyboard."""

    id: Words = ""
    text: Words = Field("", validation_alias=AliasChoices("text", "title"))


class Message(Lenient):
    """Any message. `type` tells which of the others count."""

    type: Id
    id: Words = ""
    date: Whole = None
    text: Words = ""
    title: Words = ""
    file: Words = Field("", validation_alias=AliasChoices("file", "file_url"))
    file_name: Words = ""
    file_size: Whole = None
    mime_type: Words = ""
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)
    keyboard: Annotated[tuple[Key, ...], Objects] = ()

    @property
    def words(self) -> str:
        """What it says. ASSUMED: a title stands above the text, and may repeat it."""
        return "\n".join(dict.fromkeys(filter(None, (self.title, self.text))))


class Event(Lenient):
    """What Jivo posts."""

    sender: Annotated[User, AnObject] = Field(default_factory=User)
    recipient: Recipient
    message: Message

    def key(self, session: str, raw: bytes) -> str:
        """Return what tells this event from all others; empty: nothing does.

        ASSUMED: a message's id is unique within its dialog. One without an id but with a date is told by its bytes.
        """
        if self.message.id:
            return f"{session}:{self.message.id}"
        return f"{session}:{sha256(raw).hexdigest()}" if self.message.date is not None else ""

    def place(self) -> tuple[float, float]:
        """Return latitude and longitude. Raises `BadInput` if one is missing."""
        if self.message.latitude is None or self.message.longitude is None:
            raise BadInput("message: a location has latitude and longitude")
        return self.message.latitude, self.message.longitude


# --- we tell Jivo ----------------------------------------------------------------------------------------------------


def sender_id(channel: str, client: str) -> str:
    """Name a client to Jivo: the same at every handoff, so that Jivo knows the client again."""
    found = f"{channel}:{client}"
    return found if len(found) <= LONGEST_ID else f"{channel[:64]}:{sha256(client.encode()).hexdigest()}"


def user(known_as: str, client: Peer, *, photo: str = "", more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Describe a client; what is empty is left out."""
    told = {"id": known_as, "name": client.name, "photo": photo, **(more or {})}
    return {key: value for key, value in told.items() if value}


def event(sender: Mapping[str, Any], message: Mapping[str, Any]) -> bytes:
    """Write an event."""
    return json.dumps({"sender": sender, "message": message}, ensure_ascii=False).encode()


def message(kind: str, known_as: str, at: float, **members: Any) -> dict[str, Any]:
    """Write a message; `at`: unix seconds."""
    given = {key: value for key, value in members.items() if value is not None and value != ""}
    return {"type": kind, "id": known_as, "date": int(at), **given}


def media(content: Media, url: str) -> dict[str, Any]:
    """Return type and members of a file's message. ASSUMED: its caption is `text`."""
    file = content.attachment
    return {
        "kind": TYPES[content.kind],
        "file": url,
        "file_name": file.name,
        "file_size": file.size,
        "mime_type": file.media_type,
        "text": content.caption,
    }


def custom_data(facts: Mapping[str, str], extra: Any, style: str) -> Any:
    """Return `custom_data`. ASSUMED: a text by the only code seen, or a list as in Jivo's other APIs."""
    items = custom_items(facts, extra)
    if style == "none" or not items:
        return None
    return items if style == "list" else "\n".join(_line(item) for item in items)


def custom_items(facts: Mapping[str, str], extra: Any = None) -> list[dict[str, str]]:
    """Return facts about a client as Jivo's other APIs list them, documented for answers to webhooks."""
    items = [{"title": key, "content": value, "key": key} for key, value in facts.items() if value]
    return [*_items(extra), *items][:MOST_CUSTOM_DATA]


def _items(extra: Any) -> Iterable[dict[str, str]]:
    """A bot may hand over items as Jivo knows them, an object, or anything."""
    match extra:
        case None | "":
            return []
        case Mapping():
            return [{"title": str(key), "content": _as_text(value), "key": str(key)} for key, value in extra.items()]
        case list() if all(isinstance(each, Mapping) and "content" in each for each in extra):
            wanted = ("title", "content", "key", "link")
            return [{key: _as_text(each[key]) for key in wanted if each.get(key)} for each in extra]
        case _:
            return [{"content": _as_text(extra)}]


def _line(item: Mapping[str, str]) -> str:
    words = f"{item['title']}: {item.get('content', '')}" if item.get("title") else item.get("content", "")
    return f"{words} {item['link']}" if item.get("link") else words


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def is_online(body: bytes) -> bool | None:
    """Read the answer of `/status`: the integer 0 or 1. None: nobody can tell."""
    found = body.strip().strip(b'"').lower()
    return {b"1": True, b"true": True, b"0": False, b"false": False}.get(found)
