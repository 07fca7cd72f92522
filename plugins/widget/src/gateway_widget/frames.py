"""What a browser may send: one JSON object per frame, checked here and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from gateway import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

FRAME_BYTES = 64 * 1024
"""Largest frame, and largest body of a request that is not an upload."""

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
ConversationId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{0,100}$")]
Key = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Value = Annotated[str, StringConstraints(max_length=500)]
Attributes = Annotated[dict[Key, Value], Field(max_length=50)]
Number = Annotated[int, Field(le=2**53)]
"""Whole numbers as far as a browser can count."""

Tag = Annotated[str, StringConstraints(max_length=35)]


class Frame(BaseModel):
    """Base of all frames: unknown members are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(Frame):
    """The last entry a browser has: the log is sent from there on."""

    conversation: ConversationId = ""
    after: Number = Field(default=0, ge=0)


class Hello(Place):
    """The first frame of a socket: who it is, and where to go on."""

    type: Literal["hello"]
    token: Annotated[str, StringConstraints(max_length=4096)]


class Press(Frame):
    """A pressed button."""

    value: Annotated[str, StringConstraints(max_length=4000)]
    text: Annotated[str, StringConstraints(max_length=4000)] = ""


class About(Frame):
    """What goes along with each word: facts about the client and the language it reads."""

    attributes: Attributes = Field(default_factory=dict)
    language: Tag = ""


class Say(About):
    """The client says something. `id` is made by the browser; the same id happens once.

    `again` repeats what entry of that number said, after its delivery failed.
    """

    type: Literal["say"]
    id: Id
    text: str = ""
    pressed: Press | None = None
    files: tuple[Annotated[str, StringConstraints(max_length=4096)], ...] = Field(default=(), max_length=10)
    """Tickets that uploads were answered with."""
    again: Number | None = Field(default=None, ge=1)


class Start(About):
    """The client opened the chat, or wants a new one."""

    type: Literal["start"]
    id: Id


class Change(About):
    """The page told something new about the client."""

    type: Literal["change"]
    id: Id


class Leave(Frame):
    """Back to the bot."""

    type: Literal["leave"]
    id: Id


class End(Frame):
    """The client ends the conversation."""

    type: Literal["end"]
    id: Id


class History(Frame):
    """Asks for entries before a number."""

    type: Literal["history"]
    id: Id
    conversation: ConversationId
    before: Number | None = Field(default=None, ge=1)


class Writing(Frame):
    """The client is, or stopped, writing."""

    type: Literal["typing"]
    active: bool = True


class Ping(Frame):
    """Is anybody there?"""

    type: Literal["ping"]


Inbound = Annotated[Say | Start | Change | Leave | End | History | Writing | Ping, Field(discriminator="type")]

FrameT = TypeVar("FrameT")

_inbound: TypeAdapter[Inbound] = TypeAdapter(Inbound)
_hello = TypeAdapter(Hello)


def read(data: str | bytes) -> Inbound:
    """Read a frame. Raises `Malformed` that names the member at fault."""
    return _read(_inbound, data)


def read_hello(data: str | bytes) -> Hello:
    """Read a socket's first frame. Raises `Malformed`."""
    return _read(_hello, data)


class Malformed(BadInput):
    """A frame we cannot read. `id` is its id if that much could be made out, else empty."""

    def __init__(self, reason: str, *, frame_id: str = "") -> None:
        super().__init__(reason)
        self.id = frame_id


def read_place(query: Mapping[str, str]) -> Place:
    """Read where an event stream goes on. Raises `Malformed`."""
    try:
        return Place.model_validate(dict(query))
    except ValidationError as error:
        raise Malformed(_problem(error)) from None


def _read(adapter: TypeAdapter[FrameT], data: str | bytes) -> FrameT:
    try:
        return adapter.validate_json(data)
    except ValidationError as error:
        raise Malformed(_problem(error), frame_id=_id_in(data)) from None


def _problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "frame"
    return f"{where}: {first['msg']}"


def _id_in(data: str | bytes) -> str:
    try:
        frame = orjson.loads(data)
    except orjson.JSONDecodeError:
        return ""
    found = frame.get("id") if isinstance(frame, dict) else None
    return found if isinstance(found, str) else ""
