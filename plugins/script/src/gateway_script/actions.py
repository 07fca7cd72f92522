"""What a bot can do: the items of a block."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, Tag, ValidationInfo, model_validator
from typing_extensions import TypeAliasType

from gateway_script.clauses import Condition
from gateway_script.fields import Pattern, Step, Text, Value, Variable, Words, check_writable, one_or_more, short
from gateway_script.names import Names
from gateway_script.parts import CONTENTS, VERBS, Choice, Message, MessagePart, Part
from gateway_script.source import Word, plain


class Say(MessagePart):
    """Says one message."""


class OneOf(Part):
    """Does one of these: the next one at each turn, so that the bot does not repeat itself."""

    one_of: list[Block] = Field(min_length=2)


class Expect(Part):
    """What an answer must look like."""

    kind: Literal["text", "email", "phone", "number", "file", "pattern"] = Field(
        "text", description="`pattern` goes with `regex`; `file` is a picture or any other file."
    )
    regex: Pattern | None = Field(
        None, description="What must be found in the answer. Named groups `(?P<name>…)` become variables."
    )
    at_least: float | None = Field(None, description="Smallest number accepted.")
    at_most: float | None = Field(None, description="Largest number accepted.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.at_least is not None or self.at_most is not None) and self.kind != "number":
            raise ValueError("`at_least` and `at_most` go with `kind: number`")
        if self.kind == "pattern" and self.regex is None:
            raise ValueError("`kind: pattern` needs a `regex`")
        if self.regex is not None and self.kind not in {"text", "pattern"}:
            raise ValueError(f"`regex` does not go with `kind: {self.kind}`; remove one of the two")
        return self


class Ask(Part):
    """Asks, and waits for the answer. What follows happens once there is one that fits."""

    ask: Message = Field(description="The question.")
    save: Variable = Field(description="The variable that keeps the answer.")
    expect: Annotated[Expect, BeforeValidator(short("kind"), json_schema_input_type=str | Expect)] = Field(
        Expect(), description="What the answer must look like; default: any text."
    )
    choices: list[Choice] | None = Field(
        None, min_length=1, max_length=20, description="The only answers accepted, offered as buttons."
    )
    retry: Message | None = Field(None, description="Said when the answer does not fit; default: `texts.retry`.")
    tries: int = Field(3, ge=1, le=10, description="How many answers may fail before the bot gives up.")
    otherwise: Block | None = Field(None, description="Done instead after the last try; default: `texts.give_up`.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.choices and "expect" in self.model_fields_set:
            raise ValueError("`choices` already say what is expected; remove `expect`")
        if self.choices and self.ask.buttons:
            raise ValueError("`choices` are the buttons; remove `buttons` from the question")
        return self


class If(Part):
    """Does one thing or another."""

    if_: Condition = Field(alias="if", description="What is to be found out.")
    then: Block = Field(description="Done if it holds.")
    else_: Block | None = Field(None, alias="else", description="Done if it does not.")


class Set(Part):
    """Gives variables a value; `attributes.name` tells a fact about the client to agents and listeners."""

    set: Annotated[dict[str, Value], BeforeValidator(check_writable), Field(min_length=1)]


class Goto(Part):
    """Goes on with another step, for good."""

    goto: Step


class Close(Part):
    """Ends the conversation, with a last word if there is one."""

    close: Text | None


class TransferPart(Part):
    """Asks for a human. Whatever is left out is up to the route."""

    destination: Value = Field("", description="Group or agent on the platform.")
    history: int | None = Field(None, ge=0, le=1000, description="How many of the last messages go along; 0: none.")
    first_message: Value = Field("", description="First words the agent sees; default: what the client said last.")
    message_before: Value = Field("", description="Said to the client before the transfer.")
    waiting_message: Value = Field("", description="Said to the client in the queue; default: the route's text.")
    last_message: Value = Field("", description="Sent when the client leaves the agent by phrase or button.")
    close_phrases: Words = Field([], min_length=0, description="Words by which the client leaves the agent.")
    close_button: bool = Field(False, description="Offer the first close phrase as a button.")
    attributes: dict[str, Value] = Field({}, description="Facts shown to the agent.")
    hidden_attributes: dict[str, Value] = Field({}, description="Facts for the platform, not shown.")
    custom_data: Annotated[Any, BeforeValidator(plain)] = Field(None, description="Anything for the platform.")
    theme: Value = Field("", description="Subject, for statistics.")
    ignore_offline: bool | None = Field(None, description="true: wait in the queue even if nobody is online.")
    one_time_message: bool = Field(False, description="Hand `first_message` over and stay with the bot.")
    reason: Value = Field("", description="Why the bot gives up, for the agent and statistics.")
    summary: Value = Field("", description="What happened so far, for the agent.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.close_button and not self.close_phrases:
            raise ValueError("`close_button` shows the first of `close_phrases`; add at least one")
        if self.one_time_message and not self.first_message:
            raise ValueError("`one_time_message` hands `first_message` over; write one")
        return self


def _transfer(value: Any) -> Any:
    return {} if value is None else {"destination": value} if isinstance(value, str) else value


class Transfer(Part):
    """Asks for a human."""

    transfer: Annotated[TransferPart, BeforeValidator(_transfer, json_schema_input_type=str | TransferPart | None)]


ACTIONS: dict[str, type[Part]] = {
    "ask": Ask,
    "one_of": OneOf,
    "if": If,
    "set": Set,
    "transfer": Transfer,
    "goto": Goto,
    "close": Close,
}


def _action_kind(data: Any) -> str | None:
    if isinstance(data, Part):
        return next((f"<{key}>" for key, model in ACTIONS.items() if isinstance(data, model)), "<say>")
    if not isinstance(data, dict):
        return None
    verb = next((key for key in VERBS if key in data), None)
    if verb is None and any(key in CONTENTS for key in data):
        verb = "say"
    return f"<{verb}>" if verb else None


Action: TypeAlias = Annotated[
    Annotated[Say, Tag("<say>")]
    | Annotated[Ask, Tag("<ask>")]
    | Annotated[OneOf, Tag("<one_of>")]
    | Annotated[If, Tag("<if>")]
    | Annotated[Set, Tag("<set>")]
    | Annotated[Transfer, Tag("<transfer>")]
    | Annotated[Goto, Tag("<goto>")]
    | Annotated[Close, Tag("<close>")],
    Discriminator(_action_kind, custom_error_type="no_action", custom_error_message="this does nothing"),
]


def _block(value: Any, info: ValidationInfo) -> Any:
    """Let a single line or item stand for a list, and a line for `say`."""
    items = one_or_more(value)
    if not isinstance(items, list):
        return items
    names = info.context if isinstance(info.context, Names) else None
    return [_item(item, names) for item in items]


def _item(item: Any, names: Names | None) -> Any:
    if not isinstance(item, str):
        return item
    if names is not None and isinstance(item, Word) and item in (*VERBS, *CONTENTS):
        names.mistakes.add(item.place, f"as it stands, the bot says the word {str(item)!r}; did you mean `{item}:`?")
    return {"say": item}


Block = TypeAliasType(
    "Block",
    Annotated[
        list[Action],
        Field(min_length=1),
        BeforeValidator(_block, json_schema_input_type=str | Action | list[str | Action]),
    ],
)
