"""What is said: messages, their contents, who says them, and the request for a human.

Everything here is a frozen value without behaviour that touches the outside. The same values are stored in the log
(as JSON), handed to plugins and made by plugins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Discriminator

JsonObject = Mapping[str, Any]
"""A decoded JSON object: one of the two places where `Any` is at home."""


class Role(StrEnum):
    """On whose behalf something is said."""

    CLIENT = "client"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    """A person or bot as the other sides see them. `id` is unique within the instance it came from."""

    id: str
    name: str = ""
    avatar_url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attachment:
    """A file. `url` is absolute, or starts with `/files/` when the gateway keeps the bytes (see `Files`)."""

    url: str
    name: str = "file"
    media_type: str = "application/octet-stream"
    size: int | None = None
    """Bytes, where known."""


class Markup(StrEnum):
    """How a text is marked up. Markdown means CommonMark without raw HTML."""

    PLAIN = "plain"
    MARKDOWN = "markdown"
    HTML = "html"


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """Words."""

    text: str
    markup: Markup = Markup.PLAIN
    type: Literal["text"] = "text"


class MediaKind(StrEnum):
    """How a file is meant to be shown."""

    IMAGE = "image"
    AUDIO = "audio"
    VOICE = "voice"
    VIDEO = "video"
    DOCUMENT = "document"
    STICKER = "sticker"

    @classmethod
    def of(cls, media_type: str) -> MediaKind:
        """Return how a file of a media type (`image/png`) is shown: what is no picture, sound or film is a document."""
        major = media_type.partition("/")[0].lower()
        return cls(major) if major in {cls.IMAGE, cls.AUDIO, cls.VIDEO} else cls.DOCUMENT


@dataclass(frozen=True, kw_only=True, slots=True)
class Media:
    """A file to be shown or heard, with an optional plain-text caption."""

    kind: MediaKind
    attachment: Attachment
    caption: str = ""
    type: Literal["media"] = "media"


@dataclass(frozen=True, kw_only=True, slots=True)
class Location:
    """A place on the map, in degrees."""

    latitude: float
    longitude: float
    title: str = ""
    type: Literal["location"] = "location"


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """A business card."""

    name: str = ""
    phone: str = ""
    email: str = ""
    type: Literal["contact"] = "contact"


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    """Something to press: opens `url`, or says `value` (default: its text) to the bot."""

    text: str
    value: str = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Buttons:
    """A row of choices below the words before it."""

    buttons: tuple[Button, ...]
    type: Literal["buttons"] = "buttons"


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """One page of a carousel."""

    title: str
    description: str = ""
    image: Attachment | None = None
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Carousel:
    """Cards to leaf through."""

    cards: tuple[Card, ...]
    type: Literal["carousel"] = "carousel"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pressed:
    """The client pressed a button: its `value`, and the `text` it showed."""

    value: str
    text: str = ""
    type: Literal["pressed"] = "pressed"


Content = Annotated[
    Text | Media | Location | Contact | Buttons | Carousel | Pressed,
    Discriminator("type"),
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One utterance: its contents in the order they are shown.

    `id` is the author's own id where the author has one (a widget's client-made id, a Telegram message id), else empty:
    the log number identifies a message inside the gateway.
    """

    contents: tuple[Content, ...]
    id: str = ""
    edits: int = 0
    """Log number of an earlier message of the same author that this one replaces; 0: none. The log keeps both.

    A channel that can (`SupportsEdits`) changes what it shows; elsewhere it is a message like any other.
    """

    @property
    def text(self) -> str:
        """All words in it, line by line: what a bot matches against."""
        return "\n".join(words for content in self.contents if (words := words_of(content)))


def words_of(content: Content) -> str:
    """What a content says in plain words; empty for pure media."""
    match content:
        case Text(text=text):
            return text
        case Pressed(value=value, text=text):
            return text or value
        case Media(caption=caption):
            return caption
        case _:
            return ""


def text_message(text: str, *, markup: Markup = Markup.PLAIN, id: str = "") -> Message:  # noqa: A002 - the field's name
    """Return a message of words only."""
    return Message(contents=(Text(text=text, markup=markup),), id=id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Transfer:
    """A bot's request for a human, with everything a bot may say about it.

    Fields left at their default follow the route's policy. Texts are shown to the client unless said otherwise.
    """

    destination: str = ""
    """Group or agent on the platform; empty: the platform's default."""
    history: int | None = None
    """How many of the last messages go along; None: as the route says; 0: none."""
    first_message: str = ""
    """First words the agent sees; empty: what the client said last."""
    message_before: str = ""
    """Said to the client before the transfer."""
    waiting_message: str = ""
    """Said to the client once the dialog stands in a queue; empty: the route's text."""
    last_message: str = ""
    """Sent when the client leaves the agent by phrase or button: to the client, and as the reason to the agent."""
    close_phrases: tuple[str, ...] = ()
    """Phrases by which the client leaves the agent, compared without case and outer punctuation."""
    close_button: bool = False
    """Offer the first close phrase as a button while the agent has the floor."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Shown to the agent."""
    hidden_attributes: Mapping[str, str] = field(default_factory=dict)
    """Handed to the platform, not shown."""
    custom_data: Any = None
    """Any JSON for the platform."""
    theme: str = ""
    """Subject, for statistics."""
    ignore_offline: bool | None = None
    """Go into the queue even when nobody is online; None: as the route says."""
    one_time_message: bool = False
    """Hand `first_message` over to the agents and stay with the bot."""
    reason: str = ""
    """Why the bot gives up, for the agent and statistics."""
    summary: str = ""
    """What happened so far in a few words, for the agent."""


class Outcome(StrEnum):
    """How an agent's turn, or the attempt to get one, ended. Told to the bot and kept in the log."""

    RETURNED = "returned"
    """The agent gave the dialog back to the bot."""
    CLOSED = "closed"
    """The agent closed the dialog on the platform."""
    CLIENT_LEFT = "client_left"
    """The client left the agent, or the queue, by button or phrase."""
    OFFLINE = "offline"
    """Nobody was online on any platform of the chain."""
    REFUSED = "refused"
    """No platform of the chain took the dialog."""
    WAIT_TIMEOUT = "wait_timeout"
    """Nobody took the dialog from the queue in time."""
    AGENT_TIMEOUT = "agent_timeout"
    """The agent was silent for too long."""
    PLATFORM_LOST = "platform_lost"
    """The platform could not be reached any more."""
