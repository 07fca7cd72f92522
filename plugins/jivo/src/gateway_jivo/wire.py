"""The Bot API on the wire: everything read and written, and everything assumed about it.

Documented at https://www.jivochat.com/docs/bot/ and, with more events, https://www.jivo.ru/docs/bot/. What these pages
leave open is decided here and nowhere else; each such place says ASSUMED, and the README lists them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

from gateway import Button, MediaKind, Peer

LONGEST_ID = 256
MILLISECONDS_FROM = 100_000_000_000
"""A larger timestamp is in milliseconds: as seconds it would be in the year 5138."""

MEDIA_TYPES: Mapping[str, MediaKind] = {
    "PHOTO": MediaKind.IMAGE,
    "VIDEO": MediaKind.VIDEO,
    "AUDIO": MediaKind.AUDIO,
    "VOICE": MediaKind.VOICE,
    "DOCUMENT": MediaKind.DOCUMENT,
    "STICKER": MediaKind.STICKER,
}
"""ASSUMED: clients' files have the types of the bot's; STICKER is not described anywhere."""

SENT_AS: Mapping[MediaKind, str] = {
    **{kind: name for name, kind in MEDIA_TYPES.items()},
    MediaKind.STICKER: "PHOTO",
}
"""A bot's sticker is a picture: nothing says that there is a type for it."""

ANYBODY = Peer(id="agent")
"""An agent of whom nothing is told."""


# --- lenient reading -------------------------------------------------------------------------------------------------


def _words(value: Any) -> Any:
    return value if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _size(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number >= 0 else None


def _seconds(value: Any) -> int | None:
    """Documented in seconds; milliseconds are seen in code."""
    number = _number(value)
    if number is None or number <= 0:
        return None
    return int(number / 1000 if number >= MILLISECONDS_FROM else number)


def _flag(value: Any) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(value.strip().lower())
    return bool(value) if isinstance(value, bool | int) else None


def _object(value: Any) -> Any:
    return value if isinstance(value, Mapping) else None


def _file(value: Any) -> Any:
    """Seen as an address. ASSUMED: an object has it as `url` or `link`. What is no web address is none."""
    if isinstance(value, Mapping):
        value = value.get("url") or value.get("link")
    return value if isinstance(value, str) and value.lower().startswith(("https://", "http://")) else ""


Words = Annotated[str, BeforeValidator(_words)]
Id = Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]
Number = Annotated[float | None, BeforeValidator(_number)]
Size = Annotated[int | None, BeforeValidator(_size)]
Seconds = Annotated[int | None, BeforeValidator(_seconds)]
Flag = Annotated[bool | None, BeforeValidator(_flag)]
FileAddress = Annotated[str, BeforeValidator(_file)]


class Wire(BaseModel):
    """Unknown members are ignored; an id may be a number."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)


# --- what Jivo tells -------------------------------------------------------------------------------------------------


class Person(Wire):
    """`sender`, a client; ASSUMED: `agent` in an agent's events looks alike."""

    id: Words = ""
    name: Words = ""
    url: Words = ""
    """A client's: the page they are on."""
    has_contacts: Flag = None
    avatar: Words = Field("", validation_alias=AliasChoices("avatar", "avatar_url", "photo"))
    type: Words = ""
    is_bot: Flag = Field(None, validation_alias=AliasChoices("is_bot", "bot"))


class Channel(Wire):
    """Where the client writes: `widget`, or a messenger."""

    id: Words = ""
    type: Words = ""


class Said(Wire):
    """`message`. `type` tells which of the members count."""

    type: Words = ""
    text: Words = ""
    content: Words = ""
    title: Words = ""
    button_id: Words = ""
    payload: Words = ""
    timestamp: Seconds = None
    file: FileAddress = ""
    file_name: Words = Field("", validation_alias=AliasChoices("file_name", "name"))
    file_size: Size = None
    mime_type: Words = ""
    latitude: Number = None
    longitude: Number = None


class Rate(Wire):
    """What the client thinks of it: `good` or `bad`."""

    rating: Words = ""
    comment: Words = ""
    timestamp: Seconds = None


class Event(Wire):
    """Any event. Only the names of event, client and chat are always there."""

    event: Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]
    id: Words = ""
    client_id: Id
    chat_id: Id
    site_id: Words = ""
    agents_online: Flag = None
    sender: Annotated[Person | None, BeforeValidator(_object)] = None
    channel: Annotated[Channel | None, BeforeValidator(_object)] = None
    message: Annotated[Said | None, BeforeValidator(_object)] = None
    rate: Annotated[Rate | None, BeforeValidator(_object)] = None
    agent: Annotated[Person | None, BeforeValidator(_object)] = None
    agent_id: Words = ""
    agent_name: Words = ""

    @property
    def speaker(self) -> Person | None:
        """Whose event of an agent it is. ASSUMED: `agent`, or a `sender` who is not the client."""
        if self.agent or self.sender is None or self.sender.id == self.client_id:
            return self.agent
        return self.sender

    @property
    def human(self) -> Peer:
        """The agent, as the gateway knows people. ASSUMED: members as in `speaker`, or `agent_id` and `agent_name`."""
        found = self.speaker or Person()
        agent_id, name = self.agent_id or found.id, self.agent_name or found.name
        picture = found.avatar if found.avatar.startswith(("https://", "http://")) else ""
        return Peer(id=agent_id or name or ANYBODY.id, name=name, avatar_url=picture)

    @property
    def is_by_bot(self) -> bool:
        """Whether the speaker is said to be a bot: an echo of our own. ASSUMED: by one of these members."""
        speaker = self.speaker
        return speaker is not None and bool(speaker.is_bot or speaker.type.lower() == "bot")

    @property
    def facts(self) -> dict[str, str]:
        """What it tells about the client, as attributes."""
        sender, channel = self.sender or Person(), self.channel or Channel()
        contacts = {None: "", True: "yes", False: "no"}[sender.has_contacts]
        known = {
            "jivo_client": self.client_id,
            "jivo_chat": self.chat_id,
            "jivo_site": self.site_id,
            "jivo_channel": channel.type,
            "jivo_channel_id": channel.id,
            "page": sender.url,
            "has_contacts": contacts,
        }
        return {name: value for name, value in known.items() if value}


# --- what we tell ----------------------------------------------------------------------------------------------------


def event_body(event: str, event_id: str, client_id: str, chat_id: str, **members: Any) -> dict[str, Any]:
    """The envelope: ids are strings."""
    return {"event": event, "id": event_id, "client_id": client_id, "chat_id": chat_id, **members}


def text(words: str) -> dict[str, Any]:
    """TEXT."""
    return {"type": "TEXT", "text": words}


def markdown(content: str, words: str) -> dict[str, Any]:
    """MARKDOWN, with the same in plain words for channels that cannot show it."""
    return {"type": "MARKDOWN", "content": content, "text": words}


def buttons(title: str, choices: Iterable[Button], *, force_reply: bool) -> dict[str, Any]:
    """BUTTONS. `text` is all of it in plain words, for channels without buttons; an id is what the bot will hear."""
    choices = tuple(choices)
    lines = [title, *(f"{number}. {choice.text}" for number, choice in enumerate(choices, 1))]
    return {
        "type": "BUTTONS",
        "title": title,
        "text": "\n".join(lines),
        "buttons": [{"text": choice.text, "id": choice.value or choice.text} for choice in choices],
        "force_reply": force_reply,
    }


def file(kind: MediaKind, address: str, caption: str) -> dict[str, Any]:
    """PHOTO, VIDEO, AUDIO, VOICE, DOCUMENT."""
    return {"type": SENT_AS[kind], "file": address, **({"text": caption} if caption else {})}


def location(latitude: float, longitude: float) -> dict[str, Any]:
    """LOCATION."""
    return {"type": "LOCATION", "latitude": latitude, "longitude": longitude}


def error_body(code: str, message: str) -> dict[str, Any]:
    """What a refusal says; seen in code."""
    return {"error": {"code": code, "message": message}}
