"""What a reply is made of, from the inside out. Strict where a typing error would be lost, lenient in what is short."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from mimetypes import guess_type
from typing import Annotated, Any, Literal, Self, TypeAlias
from urllib.parse import unquote, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    model_validator,
)

from gateway import Markup, MediaKind


def short(key: str) -> Callable[[Any], Any]:
    """Return a validator that takes a bare string for an object with this one member."""
    return lambda value: {key: value} if isinstance(value, str) else value


def _address(*schemes: str) -> AfterValidator:
    def check(url: str) -> str:
        if url and not url.startswith("/files/") and urlsplit(url).scheme.lower() not in schemes:
            raise ValueError(f"an address begins with {' or '.join(f'{scheme}:' for scheme in schemes)}")
        return url

    return AfterValidator(check)


Words: TypeAlias = Annotated[str, Field(min_length=1)]
FileAddress: TypeAlias = Annotated[str, Field(min_length=1), _address("https", "http")]
PageAddress: TypeAlias = Annotated[str, _address("https", "http", "mailto", "tel")]


class Part(BaseModel):
    """Anything with members; unknown ones are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ButtonPart(Part):
    """Something to press: opens `url`, or says `value` (default: its text) to the bot."""

    text: Words = Field(description="What stands on it.")
    value: str = Field("", description="What it says to the bot; default: its text.")
    url: PageAddress = Field("", description="The page it opens.")


class AttachmentPart(Part):
    """A file at an address the channel can reach."""

    url: FileAddress = Field(description="https://…, or the address of a file in the request.")
    name: str = Field("", description="Default: as in the address.")
    media_type: str = Field("", description="Default: by the name.")
    size: int | None = Field(None, ge=0, description="Bytes, where known.")

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or not isinstance(data.get("url"), str):
            return data
        name = data.get("name") or _file_name(data["url"])
        return {**data, "name": name, "media_type": data.get("media_type") or _media_type(name)}


def _file_name(url: str) -> str:
    try:
        path = urlsplit(url).path
    except ValueError:  # not an address; said where addresses are checked
        path = ""
    return unquote(path).rpartition("/")[2] or "file"


def _media_type(name: object) -> str:
    return guess_type(str(name))[0] or "application/octet-stream"


Button: TypeAlias = Annotated[ButtonPart, BeforeValidator(short("text"), json_schema_input_type=str | ButtonPart)]
Attachment: TypeAlias = Annotated[
    AttachmentPart, BeforeValidator(short("url"), json_schema_input_type=str | AttachmentPart)
]


class TextPart(Part):
    """Words."""

    type: Literal["text"]
    text: Words
    markup: Markup = Markup.PLAIN


class MediaPart(Part):
    """A file to be shown or heard, with an optional caption."""

    type: Literal["media"]
    kind: MediaKind
    attachment: Attachment
    caption: str = ""


class LocationPart(Part):
    """A place on the map, in degrees."""

    type: Literal["location"]
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    title: str = ""


class ContactPart(Part):
    """A business card."""

    type: Literal["contact"]
    name: str = ""
    phone: str = ""
    email: str = ""


class ButtonsPart(Part):
    """A row of choices below the words before it."""

    type: Literal["buttons"]
    buttons: tuple[Button, ...] = Field(min_length=1)


class CardPart(Part):
    """One page of a carousel."""

    title: Words
    description: str = ""
    image: Attachment | None = None
    buttons: tuple[Button, ...] = ()


class CarouselPart(Part):
    """Cards to leaf through."""

    type: Literal["carousel"]
    cards: tuple[CardPart, ...] = Field(min_length=1)


Content: TypeAlias = Annotated[
    TextPart | MediaPart | LocationPart | ContactPart | ButtonsPart | CarouselPart, Discriminator("type")
]


class Speech(Part):
    """What is said in one message: `image`, `text` and `buttons` for the usual, or `contents` for everything."""

    text: Words | None = Field(None, description="The words.")
    markup: Markup = Field(Markup.PLAIN, description="How `text` is marked up.")
    image: Attachment | None = Field(None, description="A picture above the words.")
    buttons: tuple[Button, ...] = Field((), description="Choices below the words.")
    contents: tuple[Content, ...] = Field((), description="The whole message instead, part by part.")

    @property
    def is_short(self) -> bool:
        """Whether something is said in the short form."""
        return bool(self.text or self.image or self.buttons)

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if self.contents and self.is_short:
            raise ValueError("either `contents`, or `text`, `image` and `buttons`")
        return self

    def all_contents(self) -> list[dict[str, Any]]:
        """Return the contents in the full form."""
        if self.contents:
            return [content.model_dump(mode="json") for content in self.contents]
        short_form = self.model_dump(mode="json")
        found: list[dict[str, Any]] = []
        if self.image:
            found.append({"type": "media", "kind": "image", "attachment": short_form["image"]})
        if self.text:
            found.append({"type": "text", "text": self.text, "markup": self.markup})
        if self.buttons:
            found.append({"type": "buttons", "buttons": short_form["buttons"]})
        return found


class MessagePart(Speech):
    """One message."""

    id: str = Field("", description="The bot's own id of the message, if it has one.")
    edits: int = Field(0, ge=0, description="Number of an earlier message of the bot that this one replaces; 0: none.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.contents or self.is_short):
            raise ValueError("nothing is said; add `text`")
        return self

    def full(self) -> dict[str, Any]:
        """Return the message in the full form."""
        return {"id": self.id, "contents": self.all_contents(), "edits": self.edits}


Message: TypeAlias = Annotated[MessagePart, BeforeValidator(short("text"), json_schema_input_type=str | MessagePart)]


class TransferPart(Part):
    """A request for a human. What is left out follows the route."""

    destination: str = Field("", description="Group or agent on the platform; empty: the platform's default.")
    history: int | None = Field(None, ge=0, description="How many of the last messages go along; 0: none.")
    first_message: str = Field("", description="First words the agent sees; empty: what the client said last.")
    message_before: str = Field("", description="Said to the client before the transfer.")
    waiting_message: str = Field("", description="Said to the client once the dialog stands in a queue.")
    last_message: str = Field("", description="Sent when the client leaves the agent.")
    close_phrases: tuple[str, ...] = Field((), description="Phrases by which the client leaves the agent.")
    close_button: StrictBool = Field(default=False, description="Offer the first close phrase as a button.")
    attributes: Mapping[str, str] = Field(default_factory=dict, description="Shown to the agent.")
    hidden_attributes: Mapping[str, str] = Field(default_factory=dict, description="For the platform, not shown.")
    custom_data: Any = Field(None, description="Any JSON for the platform.")
    theme: str = Field("", description="Subject, for statistics.")
    ignore_offline: StrictBool | None = Field(None, description="Queue even when nobody is online.")
    one_time_message: StrictBool = Field(
        default=False, description="Hand `first_message` to the agents and stay with the bot."
    )
    reason: str = Field("", description="Why the bot gives up.")
    summary: str = Field("", description="What happened so far in a few words, for the agent.")


def _transfer(value: Any) -> Any:
    if isinstance(value, bool):
        return {} if value else None
    return {"destination": value} if isinstance(value, str) else value


Transfer: TypeAlias = Annotated[
    TransferPart | None, BeforeValidator(_transfer, json_schema_input_type=bool | str | TransferPart | None)
]
