"""Activities on the wire: what is read of those a bot sends, and everything assumed about them.

The activity schema and the connector's REST interface are documented at
https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference, the handoff at
https://learn.microsoft.com/azure/bot-service/bot-service-design-pattern-handoff-human. What they leave open is decided
here; each such place says ASSUMED, and the README lists them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

CARD = "application/vnd.microsoft.card."
HANDOFF, STATUS = "handoff.initiate", "handoff.status"
AGENT_MESSAGE = "va_AgentMessage"
"""Member of a handoff's context in which Copilot Studio puts the bot author's words to the agent."""


def _words(value: Any) -> Any:
    return "" if value is None else value


def _list(value: Any) -> Any:
    return () if value is None else value


def as_text(value: Any) -> str:
    """Return any JSON as a string; strings as they are."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


LONGEST_NUMBER = 18
_TURN = re.compile(r"-([0-9]{1,18})-([0-9]{1,18})$", re.ASCII)

Words = Annotated[str, BeforeValidator(_words)]


class Wire(BaseModel):
    """Unknown members are ignored; null stands for what is left out."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)


class Action(Wire):
    """Something to press."""

    type: Words = ""
    title: Words = ""
    text: Words = ""
    value: Any = None


class Image(Wire):
    """A picture on a card."""

    url: Words = ""


class Card(Wire):
    """A hero, thumbnail, sign-in, audio, video or animation card: they share their members. Others have some of them.

    ASSUMED: of an adaptive card only `fallbackText` can be shown.
    """

    title: Words = ""
    subtitle: Words = ""
    text: Words = Field("", validation_alias=AliasChoices("text", "fallbackText"))
    images: Annotated[tuple[Image, ...], BeforeValidator(_list)] = ()
    media: Annotated[tuple[Image, ...], BeforeValidator(_list)] = ()
    buttons: Annotated[tuple[Action, ...], BeforeValidator(_list)] = ()


class Attachment(Wire):
    """A file or a card."""

    content_type: Words = Field("", alias="contentType")
    content_url: Words = Field("", alias="contentUrl")
    content: Any = None
    name: Words = ""

    @property
    def card(self) -> Card | None:
        """The card in it; None: it is a file, or nothing that can be shown."""
        if not self.content_type.startswith(CARD) or not isinstance(self.content, Mapping):
            return None
        return Card.model_validate(self.content)


class SuggestedActions(Wire):
    """Buttons below a message."""

    actions: Annotated[tuple[Action, ...], BeforeValidator(_list)] = ()


class Activity(Wire):
    """Anything a bot says or does. `type` tells which of the other members count."""

    type: str = Field(min_length=1, max_length=256)
    id: Words = ""
    reply_to_id: Words = Field("", alias="replyToId")
    text: Words = ""
    text_format: Words = Field("", alias="textFormat")
    attachment_layout: Words = Field("", alias="attachmentLayout")
    attachments: Annotated[tuple[Attachment, ...], BeforeValidator(_list)] = ()
    suggested_actions: SuggestedActions | None = Field(None, alias="suggestedActions")
    name: Words = ""
    value: Any = None


class ExpectedReplies(Wire):
    """The answer to an activity sent with `expectReplies`."""

    activities: Annotated[tuple[Activity, ...], BeforeValidator(_list)] = ()


_REPLIES: TypeAdapter[ExpectedReplies] = TypeAdapter(ExpectedReplies)


def replies_of(data: Any) -> tuple[Activity, ...]:
    """Return the activities in a bot's response. Raises pydantic's `ValidationError`.

    ASSUMED: a bare list means the same, and anything without activities means that the bot answers by callback.
    """
    if isinstance(data, list):
        data = {"activities": data}
    return _REPLIES.validate_python(data if isinstance(data, Mapping) else {}).activities


def activity_id(turn_id: str, epoch: int, number: int) -> str:
    """Return the id of the activity that asks for a turn; a reply names it, and with it what it answers."""
    return f"{turn_id}-{epoch}-{number}"


def said_id(conversation: str, number: int) -> str:
    """Return the id a bot is told for what it said, by which it may change it."""
    return f"{conversation}.{number}"


def number_in(said: str) -> int:
    """Return the log number in such an id; 0: it is none of ours, or nothing was said."""
    number = said.rpartition(".")[2]
    return int(number) if number.isascii() and number.isdigit() and len(number) < LONGEST_NUMBER else 0


def answered(replied_to: str) -> tuple[int | None, int | None]:
    """Return epoch and log number in an activity's id; None: it is none of ours, so the bot speaks unasked."""
    found = _TURN.search(replied_to)
    return (int(found[1]), int(found[2])) if found else (None, None)
