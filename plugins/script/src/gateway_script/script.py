"""The format of a script: these models are its documentation, its check and its JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from gateway_script.actions import Block
from gateway_script.clauses import Condition
from gateway_script.fields import Keywords, Patterns, Text, Words, check_variables, one_or_more
from gateway_script.mistakes import listed
from gateway_script.parts import Part

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
    done: Text = Field(
        "All right. Is there anything else?",
        description="The client said something, and the script has no words for it.",
    )
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
