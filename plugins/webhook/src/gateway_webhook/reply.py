"""What the bot answers: read strictly, so that a mistake is told with its place and never half done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeAlias

from pydantic import BeforeValidator, Field, StrictBool, TypeAdapter, ValidationError, model_validator
from pydantic_core import from_json

from gateway import BotReply
from gateway_webhook.parts import Message, Speech, Transfer
from gateway_webhook.request import FILES, mapped_urls

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from gateway import Context

MOST_MISTAKES = 3
PLAINLY = {
    "extra_forbidden": "unknown member",
    "dict_type": "an object is wanted here",
    "model_attributes_type": "an object is wanted here",
    "model_type": "an object is wanted here",
    "string_too_short": "must not be empty",
}
"""Where the words of pydantic are for Python programmers."""


def _number_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Fact: TypeAlias = Annotated[str, BeforeValidator(_number_as_text, json_schema_input_type=str | float)]


class Reply(Speech):
    """The bot's answer: words, memory, and perhaps a transfer or the end. All of it takes effect in one step.

    A string, a list of messages, and an object with the members of one message are good, too.
    """

    messages: tuple[Message, ...] = Field((), description="What is said, one message after another.")
    state: Mapping[str, Any] | None = Field(None, description="New memory, in place of the old; null keeps the old.")
    transfer: Transfer = Field(None, description="Ask for a human: true, a destination, or an object.")
    close: StrictBool = Field(default=False, description="End the conversation.")
    attributes: Mapping[str, Fact] = Field(default_factory=dict, description="Facts found out about the client.")
    again_after_seconds: float = Field(
        default=0.0, ge=0, description="Ask again after that time if the client says nothing (`waited`); 0: no."
    )

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        if self.messages and (self.contents or self.is_short):
            raise ValueError("either `messages`, or one message's own members such as `text`")
        return self

    def full(self) -> dict[str, Any]:
        """Return it in the members of `gateway.BotReply`."""
        messages = [message.full() for message in self.messages]
        if contents := self.all_contents():
            messages.append({"contents": contents})
        return {
            "messages": messages,
            "state": self.state,
            "transfer": self.transfer.model_dump(mode="json") if self.transfer else None,
            "close": self.close,
            "attributes": self.attributes,
            "again_after_seconds": self.again_after_seconds,
        }


def _as_object(value: Any) -> Any:
    if isinstance(value, str):
        return {"text": value}
    return {"messages": value} if isinstance(value, list) else value


AnyReply: TypeAlias = Annotated[Reply, BeforeValidator(_as_object, json_schema_input_type=str | list[Message] | Reply)]

READER: TypeAdapter[Reply] = TypeAdapter(AnyReply)
_VALUES: TypeAdapter[BotReply] = TypeAdapter(BotReply)


class Mistake(Exception):
    """A reply that is not one; the text says where and what, and repeats nothing of it."""


class Replies:
    """Reads the replies of one instance's bot."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def read(self, body: bytes) -> BotReply:
        """Return the reply. Raises `Mistake`."""
        data = _json(body)
        try:
            reply = READER.validate_python(data)
        except ValidationError as error:
            raise Mistake(_in_words(error, data)) from None
        full = reply.full()
        return _VALUES.validate_python({**full, "messages": mapped_urls(full["messages"], self._relative)})

    def _relative(self, url: str) -> str:
        """Know our own files again: the channel may be able to send them where the address is out of reach."""
        own = self._context.url(FILES)
        return FILES + url.removeprefix(own) if url.startswith(own) else url


def _json(body: bytes) -> Any:
    if not body.strip():
        raise Mistake("it is empty; answer with status 204 to say nothing, or 202 to answer later")
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Mistake(f"it is not JSON: {error}") from None


def _in_words(error: ValidationError, data: Any) -> str:
    found = error.errors(include_url=False, include_input=False)
    shown = [f"{path(each['loc'], data)}: {_what(each)}" for each in found[:MOST_MISTAKES]]
    if len(found) > MOST_MISTAKES:
        shown.append(f"and {len(found) - MOST_MISTAKES} more")
    return "; ".join(shown)


def _what(mistake: ErrorDetails) -> str:
    words = PLAINLY.get(mistake["type"], mistake["msg"]).removeprefix("Value error, ")
    return words[:1].lower() + words[1:]


def path(location: tuple[int | str, ...], data: Any) -> str:
    """Return a JSON path such as `$.messages[1].text`, as it is in what the bot sent."""
    if isinstance(data, list):
        location = location[1:]  # The list stands for its member `messages`.
    text = "$"
    for before, step in zip((None, None, *location), location, strict=False):
        if before == "contents" and isinstance(step, str):
            continue  # The content's type, which is no step in the data.
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text
