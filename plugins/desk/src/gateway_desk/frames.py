"""What a browser may send over its socket. Everything else is refused with the reason."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from gateway import BadInput, read_json

Ref: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]
Note: TypeAlias = Annotated[str, Field(max_length=4000)]

MAX_BYTES = 128 * 1024


class Frame(BaseModel):
    """Base of all frames."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Ping(Frame):
    """Are you there?"""

    type: Literal["ping"]


class Follow(Frame):
    """Show me this dialog from log number `after` on, and whatever comes."""

    type: Literal["follow"]
    session: Name
    after: int = Field(ge=0)


class Unfollow(Frame):
    """I closed this dialog."""

    type: Literal["unfollow"]
    session: Name


class TypingNow(Frame):
    """The agent is, or stopped, writing."""

    type: Literal["typing"]
    session: Name
    active: bool


class Act(Frame):
    """Something the agent does. `ref` is made by the browser and answered by `ok` or `refused`; it happens once."""

    ref: Ref


class Status(Act):
    """Online or away."""

    type: Literal["status"]
    online: bool


class Take(Act):
    """Take a waiting dialog, or take it over from colleague `over`."""

    type: Literal["take"]
    session: Name
    over: str = Field(default="", max_length=64)


class UploadedFile(Frame):
    """A file as the upload returned it."""

    url: str = Field(pattern=r"^/files/[^\s\\]{1,400}$")
    name: str = Field(min_length=1, max_length=255)
    media_type: str = Field(max_length=120)
    size: int | None = Field(default=None, ge=0)


class Write(Act):
    """Say something to the client. `ref` becomes the message's id."""

    type: Literal["write"]
    session: Name
    text: str = Field(default="", max_length=16000)
    files: tuple[UploadedFile, ...] = Field(default=(), max_length=10)


class WriteNote(Act):
    """Leave a note for colleagues."""

    type: Literal["note"]
    session: Name
    text: Annotated[str, Field(min_length=1, max_length=4000)]


class Forward(Act):
    """Hand the dialog to a group or colleague."""

    type: Literal["forward"]
    session: Name
    to: Name
    note: Note = ""


class Return(Act):
    """Give the dialog back to the bot."""

    type: Literal["return"]
    session: Name
    note: Note = ""


class Close(Act):
    """End the conversation."""

    type: Literal["close"]
    session: Name
    note: Note = ""


class Block(Act):
    """Block the client, or lift it."""

    type: Literal["block"]
    session: Name
    blocked: bool = True


AnyAct: TypeAlias = Status | Take | Write | WriteNote | Forward | Return | Close | Block
AnyFrame: TypeAlias = Annotated[Ping | Follow | Unfollow | TypingNow | AnyAct, Field(discriminator="type")]

_reader: TypeAdapter[AnyFrame] = TypeAdapter(AnyFrame)


def read_frame(data: str) -> AnyFrame:
    """Decode a frame. Raises `BadInput` with the first mistake, without repeating what was sent."""
    try:
        return _reader.validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or "frame"
        raise BadInput(f"{place}: {first['msg']}") from None


def ref_of(data: str) -> str:
    """Return the `ref` of a frame that could not be read, so that the browser learns which one it was; else empty."""
    try:
        frame = read_json(data)
    except ValueError:
        return ""
    ref = frame.get("ref") if isinstance(frame, dict) else None
    return ref[:64] if isinstance(ref, str) else ""
