"""The format of a script: these models are its documentation, its check and its JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from typing_extensions import TypeAliasType

from gateway_script.fields import (
    Keywords,
    Link,
    Pattern,
    Patterns,
    Plain,
    Readable,
    Source,
    Step,
    Text,
    Value,
    Variable,
    Words,
    check_variables,
    check_writable,
    one_or_more,
    short,
)
from gateway_script.mistakes import did_you_mean, listed
from gateway_script.names import Names
from gateway_script.source import Table, Word, plain

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
            names.mistakes.add(data.places[key], cls.unknown(key, known))
        return {key: value for key, value in data.items() if key in known}

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """Return the keys as they are written."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())

    @classmethod
    def unknown(cls, key: str, known: tuple[str, ...]) -> str:
        """Say what is wrong with a key that does not belong here."""
        if key in VERBS or key in CONTENTS:
            return "this does not fit into the same item; begin a new one with `- ` in front of it"
        return f"unknown key{did_you_mean(key, known) or f'; here may stand {listed(known)}'}"


# --- what the bot says -------------------------------------------------------------------------------------------------


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


Button: TypeAlias = Annotated[
    ButtonPart, BeforeValidator(short("text"), json_schema_input_type=str | ButtonPart)
]
ButtonList: TypeAlias = Annotated[list[Button], Field(min_length=1, max_length=20)]


class ChoicePart(Part):
    """One of the answers accepted."""

    text: Text = Field(description="What stands on its button.")
    value: Plain = Field("", description="What is saved; default: the text.")

    @property
    def saved(self) -> str:
        """What is saved."""
        return self.value or self.text


Choice: TypeAlias = Annotated[ChoicePart, BeforeValidator(short("text"), json_schema_input_type=str | ChoicePart)]


class CardPart(Part):
    """One page of a carousel."""

    title: Text = Field(description="Headline.")
    description: Value = Field("", description="Words below it.")
    image: Source | None = Field(None, description="A file beside the script, or an https:// address.")
    buttons: list[Button] = Field([], max_length=10, description="Buttons below it.")


Media: TypeAlias = Annotated[
    MediaPart, BeforeValidator(short("source"), json_schema_input_type=str | MediaPart)
]


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
        if not any(getattr(self, key) for key in CONTENTS):
            raise ValueError(f"nothing is said; add {listed(CONTENTS)}")
        if self.say is not None and self.markdown is not None:
            raise ValueError("`say` and `markdown` in one message; join them or begin a new item with `- `")
        return self


Message: TypeAlias = Annotated[
    MessagePart, BeforeValidator(short("say"), json_schema_input_type=str | MessagePart)
]

# --- conditions ----------------------------------------------------------------------------------------------------------


class Compare(Part):
    """Looks at a variable or at `attributes.something`. Texts are compared without regard to case."""

    variable: Readable = Field(description="Its name, as between `${` and `}`.")
    is_: Value | None = Field(None, alias="is", description="It is exactly this.")
    is_not: Value | None = Field(None, description="It is anything but this.")
    one_of: Words | None = Field(None, description="It is one of these.")
    contains: Text | None = Field(None, description="This is part of it.")
    matches: Pattern | None = Field(None, description="This regular expression is found in it.")
    at_least: float | None = Field(None, description="It is a number not below this.")
    at_most: float | None = Field(None, description="It is a number not above this.")
    known: bool | None = Field(None, description="true: it has a value; false: it has none.")

    @model_validator(mode="after")
    def _compares(self) -> Self:
        if len(self.model_fields_set) < 2:  # noqa: PLR2004 - the variable and something about it
            raise ValueError(f"says nothing about the variable; add {listed(self.keys()[1:])}")
        return self


class AgentsOnline(Part):
    """Whether a transfer would find somebody. If the platform cannot tell, neither true nor false holds."""

    agents_online: bool


class AllOf(Part):
    """All of these hold."""

    all: list[Condition] = Field(min_length=1)


class AnyOf(Part):
    """At least one of these holds."""

    any: list[Condition] = Field(min_length=1)


class Not(Part):
    """This does not hold."""

    not_: Condition = Field(alias="not")


CONDITIONS = {"variable": Compare, "agents_online": AgentsOnline, "all": AllOf, "any": AnyOf, "not": Not}


def _condition_kind(data: Any) -> str | None:
    if isinstance(data, Part):
        return next(f"<{key}>" for key, model in CONDITIONS.items() if isinstance(data, model))
    if isinstance(data, dict):
        return next((f"<{key}>" for key in CONDITIONS if key in data), None)
    return None


Condition = TypeAliasType(
    "Condition",
    Annotated[
        Annotated[Compare, Tag("<variable>")]
        | Annotated[AgentsOnline, Tag("<agents_online>")]
        | Annotated[AllOf, Tag("<all>")]
        | Annotated[AnyOf, Tag("<any>")]
        | Annotated[Not, Tag("<not>")],
        Discriminator(
            _condition_kind,
            custom_error_type="no_condition",
            custom_error_message=f"this is no condition; begin with {listed(CONDITIONS)}",
        ),
    ],
)

# --- what the bot does ---------------------------------------------------------------------------------------------------


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


ACTIONS = {"ask": Ask, "one_of": OneOf, "if": If, "set": Set, "transfer": Transfer, "goto": Goto, "close": Close}


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
    Discriminator(
        _action_kind, custom_error_type="no_action", custom_error_message="this does nothing"
    ),
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

# --- when it does it -----------------------------------------------------------------------------------------------------

Kinds: TypeAlias = Annotated[
    list[Literal["anything", "image", "file", "audio", "voice", "video", "sticker", "location", "contact"]],
    Field(min_length=1),
    BeforeValidator(one_or_more),
]


class When(Part):
    """What the client must say or do. If several keys stand here, one of them is enough."""

    any: Keywords | None = Field(
        None, description="One of these words or phrases occurs; `deliver*` also finds deliveries."
    )
    exact: Words | None = Field(None, description="This is all that is said (case and outer punctuation aside).")
    regex: Patterns | None = Field(
        None, description="This regular expression is found. Named groups `(?P<name>…)` become variables."
    )
    button: Words | None = Field(None, description="A button with this value is pressed.")
    sends: Kinds | None = Field(None, description="Something of this kind is sent.")
    start: Words | None = Field(None, description="The chat is opened by a deep link that carries this.")

    @model_validator(mode="after")
    def _is_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(f"without a condition nothing is ever matched; add {listed(self.keys())}")
        return self


def _when(value: Any) -> Any:
    return {"any": value} if isinstance(value, str | list) else value


class Rule(Part):
    """An answer. The first rule that fits is used."""

    when: Annotated[When, BeforeValidator(_when, json_schema_input_type=str | list[str] | When)] = Field(
        description="What the client must say; a word or a list of words means `any`."
    )
    if_: Condition | None = Field(None, alias="if", description="What must hold besides.")
    always: bool = Field(False, description="Also heard while the bot waits for an answer that this could be.")
    do: Block = Field(description="What the bot then says and does.")


class OnReturn(Part):
    """What the bot does when the dialog comes back to it, by how the transfer ended."""

    returned: Block | None = Field(None, description="The agent gave it back; `${agent.note}` is their note.")
    closed: Block | None = Field(None, description="The agent closed the dialog.")
    client_left: Block | None = Field(None, description="The client left the agent or the queue.")
    offline: Block | None = Field(None, description="Nobody was online.")
    refused: Block | None = Field(None, description="No platform took the dialog.")
    wait_timeout: Block | None = Field(None, description="Nobody took it from the queue in time.")
    agent_timeout: Block | None = Field(None, description="The agent was silent for too long.")
    platform_lost: Block | None = Field(None, description="The platform could not be reached any more.")
    otherwise: Block | None = Field(None, description="Whatever has no entry of its own.")


class Texts(Part):
    """What the bot says by itself where the script says nothing."""

    greeting: Text = Field("Hello! How can I help?", description="Without `start`.")
    fallback: Text = Field("Sorry, I did not understand that. Could you put it differently?")
    retry: Text = Field("Sorry, that does not look right. Please try once more.", description="An answer does not fit.")
    give_up: Text = Field("Let us leave that for now. What else can I do for you?", description="After the last try.")
    lost: Text = Field("Sorry, I lost the thread. Let us start again.", description="The script changed meanwhile.")
    trouble: Text = Field("Sorry, something went wrong on my side. Please try again.", description="An error happened.")
    returned: Text = Field("I am back with you. What else can I do for you?", description="Back from an agent.")
    offline: Text = Field("Nobody is available right now. Can I help you with something else?")
    timeout: Text = Field("Unfortunately nobody had time for you. Can I help you with something else?")


class Script(Part):
    """A conversation, described."""

    version: Annotated[Literal["1"], WithJsonSchema({"const": 1})] = Field("1", description="Version of this format.")
    variables: Annotated[dict[str, str | None], BeforeValidator(check_variables)] = Field(
        {}, description="Variables with the value they begin with; leave it empty for none."
    )
    start: Block | None = Field(None, description="What the bot says and does when the chat is opened.")
    rules: list[Rule] = Field([], description="What the bot answers; the first rule that fits is used.")
    fallback: Block | None = Field(None, description="What the bot does when no rule fits.")
    steps: dict[str, Block] = Field({}, description="Named pieces of the conversation, for `goto` and buttons.")
    on_return: OnReturn = Field(OnReturn(), description="What the bot does when it gets the dialog back.")
    texts: Texts = Field(Texts(), description="What the bot says by itself.")


def json_schema() -> Mapping[str, Any]:
    """Return the JSON Schema of the format, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Script.model_json_schema(by_alias=True, mode="validation"),
    }


