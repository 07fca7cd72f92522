"""What a script is made of, from the inside out: the parts of a message."""

from __future__ import annotations

from typing import Annotated, Any, Self, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from gateway_script.fields import Link, Plain, Source, Step, Text, Value, short
from gateway_script.mistakes import did_you_mean, listed, nearest
from gateway_script.names import Names
from gateway_script.source import Table

MEDIA = ("image", "file", "audio", "voice", "video", "sticker")
CONTENTS = ("say", "markdown", *MEDIA, "location", "contact", "carousel", "buttons")
VERBS = ("ask", "one_of", "if", "set", "transfer", "goto", "close")


class Part(BaseModel):
    """Anything with keys. Unknown keys are noted with a guess, and then left out."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _note_unknown_keys(cls, data: Any, info: ValidationInfo) -> Any:
        names = info.context
        if not isinstance(names, Names) or not isinstance(data, Table):
            return data
        known = cls.keys()
        for key in [key for key in data if key not in known]:
            names.mistakes.add_unknown(data.places[key], cls.unknown(key, known), nearest(key, known))
        return {key: value for key, value in data.items() if key in known}

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """Return the keys as they are written."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())

    @classmethod
    def unknown(cls, key: str, known: tuple[str, ...]) -> str:
        """Say what is wrong with a key that does not belong here."""
        if key in VERBS or key in CONTENTS:
            return f"`{known[0]}` and `{key}` do not go into one item; begin a new one with `- ` before the second"
        return f"unknown key{did_you_mean(key, known) or f'; here may stand {listed(known)}'}"


class MediaPart(Part):
    """A file to be shown or heard."""

    source: Source = Field(description="A file beside the script, or an https:// address.")
    caption: Value = Field("", description="Words below it.")
    name: Plain = Field("", description="The name it is offered under; default: the file's own.")


class LocationPart(Part):
    """A place on the map."""

    latitude: float = Field(ge=-90, le=90, description="Degrees north.")
    longitude: float = Field(ge=-180, le=180, description="Degrees east.")
    title: Value = Field("", description="What is there.")


class ContactPart(Part):
    """A business card."""

    name: Value = ""
    phone: Value = ""
    email: Value = ""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.name or self.phone or self.email):
            raise ValueError("a contact needs a name, a phone number or an e-mail address")
        return self


class ButtonPart(Part):
    """Something to press. Without `goto` and `url` it says its value, as if the client had typed it."""

    text: Text = Field(description="What stands on it.")
    value: Plain = Field("", description="What it says to the bot; default: its text.")
    goto: Step | None = Field(None, description="The step it leads to.")
    url: Link = Field("", description="The page it opens.")

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        if self.url and (self.goto or self.value):
            raise ValueError("a button either opens a `url` or says something to the bot; remove one of the two")
        return self


Button: TypeAlias = Annotated[ButtonPart, BeforeValidator(short("text"), json_schema_input_type=str | ButtonPart)]
ButtonList: TypeAlias = Annotated[list[Button], Field(min_length=1, max_length=20)]


class ChoicePart(Part):
    """One of the answers accepted."""

    text: Text = Field(description="What stands on its button.")
    value: Plain = Field("", description="What is saved; default: the text.")


Choice: TypeAlias = Annotated[ChoicePart, BeforeValidator(short("text"), json_schema_input_type=str | ChoicePart)]


class CardPart(Part):
    """One page of a carousel."""

    title: Text = Field(description="Headline.")
    description: Value = Field("", description="Words below it.")
    image: Source | None = Field(None, description="A file beside the script, or an https:// address.")
    buttons: list[Button] = Field([], max_length=10, description="Buttons below it.")


Media: TypeAlias = Annotated[MediaPart, BeforeValidator(short("source"), json_schema_input_type=str | MediaPart)]


class MessagePart(Part):
    """One message. Its parts are shown in the order of the keys listed here."""

    say: Text | None = Field(None, description="Plain text; `${name}` puts a variable in.")
    markdown: Text | None = Field(None, description="Text with **bold**, *italics*, [links](https://…), lists.")
    image: Media | None = Field(None, description="A picture.")
    file: Media | None = Field(None, description="A file to download.")
    audio: Media | None = Field(None, description="A recording.")
    voice: Media | None = Field(None, description="A voice message.")
    video: Media | None = Field(None, description="A film.")
    sticker: Media | None = Field(None, description="A sticker.")
    location: LocationPart | None = Field(None, description="A place on the map.")
    contact: ContactPart | None = Field(None, description="A business card.")
    carousel: list[CardPart] | None = Field(None, min_length=1, max_length=20, description="Cards to leaf through.")
    buttons: ButtonList | None = Field(None, description="Choices below the words.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if all(getattr(self, key) is None for key in CONTENTS):
            raise ValueError(f"nothing is said; add {listed(CONTENTS)}")
        if self.say is not None and self.markdown is not None:
            raise ValueError("`say` and `markdown` in one message; join them or begin a new item with `- `")
        return self


Message: TypeAlias = Annotated[MessagePart, BeforeValidator(short("say"), json_schema_input_type=str | MessagePart)]
