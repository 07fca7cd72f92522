"""The options of `type: openai`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, field_validator, model_validator

from gateway import Headers, Options
from gateway_openai.addresses import address_of, is_ours
from gateway_openai.references import lost_references

OPENAI = "https://api.openai.com/v1"
COMPLETIONS = "/chat/completions"
BUILT_IN = ("transfer_to_agent", "close_conversation", "remember")
TOOL_NAME = r"^[a-zA-Z0-9_-]{1,64}$"
NOT_EXTRA = frozenset({"messages", "model", "n", "stream", "stream_options", "tool_choice", "tools"})
NO_KEY = (
    "this endpoint is not on a machine of yours, so it wants a key: put it into an environment variable and write "
    "`key: { $env: OPENAI_API_KEY }`"
)
NOT_ENCRYPTED = "a key would go over the internet unencrypted; write the address with https://"


def _is_address(url: str) -> str:
    address_of(url)
    return url.rstrip("/")


Address = Annotated[str, AfterValidator(_is_address)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class History(Options):
    """How much of the conversation the model reads with each turn, the newest first."""

    messages: int = Field(default=30, ge=1, le=500, description="At most so many messages.")
    characters: int = Field(default=24_000, ge=200, description="At most so many characters, the prompt not counted.")


class Texts(Options):
    """What the bot says where the model said nothing."""

    transferring: str = Field(
        default="", description="With a transfer. Empty: nothing, the route has words of its own."
    )
    goodbye: str = Field(default="", description="When the model ends the conversation.")


class Prices(Options):
    """What a million tokens cost, in any currency: counted at `/metrics`."""

    input: float = Field(ge=0, description="Tokens the model reads.")
    output: float = Field(ge=0, description="Tokens the model writes.")
    cached: float | None = Field(
        default=None, ge=0, description="Tokens it reads that the endpoint had in its cache. Default: as `input`."
    )


class HttpTool(Options):
    """Something the model may ask for: the gateway calls an address of yours and gives the model what it answers."""

    name: str = Field(pattern=TOOL_NAME, description="As the model calls it, such as `order_status`.")
    description: str = Field(min_length=1, description="What it does and when to use it: the model reads this.")
    parameters: Mapping[str, Any] = Field(
        default_factory=lambda: {"type": "object", "properties": {}},
        description="JSON Schema of its arguments, an object. What the model asks for is checked against it.",
    )
    url: Address = Field(description="Where it is. It may be private: it is yours.")
    method: Literal["POST", "GET"] = Field(
        default="POST", description="`POST`: the arguments are the JSON body; `GET`: they are the query."
    )
    headers: Headers = Field(default_factory=dict, description="Headers of each call, such as `Authorization`.")
    seconds: float = Field(default=10.0, gt=0, le=120, description="How long a call may take.")
    characters: int = Field(default=8_000, ge=100, description="So much of the answer is given to the model.")

    @field_validator("parameters")
    @classmethod
    def _is_a_schema(cls, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        from jsonschema import Draft202012Validator  # noqa: PLC0415 - large, and only some bots have tools of their own
        from jsonschema.exceptions import SchemaError  # noqa: PLC0415 - as above

        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            raise ValueError(f"this is no JSON Schema: {error.message}") from None
        if schema.get("type") != "object":
            raise ValueError("arguments are an object: write `type: object` and name them in `properties`")
        if lost := next(lost_references(schema, schema), None):
            raise ValueError(f"there is nothing at {lost!r} in this JSON Schema; it may only refer to itself")
        return schema

    @field_validator("name")
    @classmethod
    def _is_free(cls, name: str) -> str:
        if name in BUILT_IN:
            raise ValueError(f"{name!r} is a tool of the bot's own; choose another name")
        return name


class OpenAIOptions(Options):
    """Which model answers, what it is told, and what it may do."""

    url: Address = Field(default=OPENAI, description="The endpoint's base: `/chat/completions` is added.")
    key: SecretStr | None = Field(
        default=None, description="API key. Only an endpoint on a machine of yours may go without."
    )
    headers: Headers = Field(
        default_factory=dict, description="More headers for each request, such as `api-key` or `OpenAI-Organization`."
    )
    model: str = Field(min_length=1, description="Name of the model, as the endpoint knows it.")
    prompt: str = Field(
        default="", description="What the model is told first: who it is, what it knows, how it speaks."
    )
    prompt_file: str = Field(default="", description="The same in a text file; relative to the config file.")
    greeting: str = Field(default="", description="Said when a client opens the chat. Empty: the client speaks first.")
    texts: Texts = Field(default_factory=Texts, description="What the bot says where the model said nothing.")
    markdown: bool = Field(
        default=True, description="The model writes Markdown. `false`: its words are shown as they are."
    )

    temperature: float | None = Field(
        default=None, ge=0, le=2, description="How much chance there is in an answer. Default: the endpoint's."
    )
    max_tokens: int | None = Field(default=None, ge=1, description="Longest answer in tokens. Default: the endpoint's.")
    max_tokens_name: Literal["max_completion_tokens", "max_tokens"] = Field(
        default="max_completion_tokens", description="What the endpoint calls it; servers of your own: `max_tokens`."
    )
    extra: Mapping[str, Any] = Field(
        default_factory=dict, description="More members of the request, such as `reasoning_effort: low`."
    )
    stream: bool = Field(default=True, description="Let the answer be seen while it is written, where a channel can.")
    request_seconds: float = Field(
        default=25.0,
        gt=0,
        le=600,
        description="How long one request to the model may take; see also `timeout_seconds`.",
    )

    history: History = Field(default_factory=History, description="How much of the conversation the model reads.")
    attributes: tuple[Name, ...] = Field(
        default=(), description="Facts about the client that the model is told, by name. Default: none."
    )
    vision: bool = Field(default=False, description="Show the model the client's pictures. It must be able to see.")
    most_images: int = Field(default=4, ge=1, le=20, description="So many pictures at most, the newest.")
    image_bytes: int = Field(default=4_000_000, ge=1, description="Larger pictures are only mentioned.")

    transfer: bool = Field(default=True, description="The model may call a human.")
    destinations: Mapping[Name, str] = Field(
        default_factory=dict,
        description="Groups of agents it may choose from, each with what they are for. Default: the platform's choice.",
    )
    close: bool = Field(default=False, description="The model may end the conversation.")
    remember: Mapping[Name, str] = Field(
        default_factory=dict,
        description="Facts about the client it may note as attributes, by name, each with what is meant.",
    )
    tools: tuple[HttpTool, ...] = Field(default=(), description="What else it may ask for, by HTTP.")
    tool_rounds: int = Field(
        default=4, ge=1, le=20, description="How often in a turn it may ask for tools before it has to answer."
    )
    prices: Prices | None = Field(default=None, description="What tokens cost. Default: cost is not counted.")

    @field_validator("url")
    @classmethod
    def _is_a_base(cls, url: str) -> str:
        if address_of(url).query:
            raise ValueError("the base has no query; with Azure it is https://NAME.openai.azure.com/openai/v1")
        if url.endswith(COMPLETIONS):
            raise ValueError(f"leave {COMPLETIONS} out: it is added to the base")
        return url

    @field_validator("extra")
    @classmethod
    def _is_not_ours(cls, extra: Mapping[str, Any]) -> Mapping[str, Any]:
        if taken := sorted(NOT_EXTRA & set(extra)):
            raise ValueError(f"{taken[0]!r} is not for `extra`: the bot sets it itself")
        return extra

    @field_validator("tools")
    @classmethod
    def _have_own_names(cls, tools: tuple[HttpTool, ...]) -> tuple[HttpTool, ...]:
        names = [tool.name for tool in tools]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"there are two tools named {twice[0]!r}")
        return tools

    @model_validator(mode="after")
    def _has_one_prompt(self) -> Self:
        if bool(self.prompt) == bool(self.prompt_file):
            raise ValueError("say what the bot is for: either in `prompt`, or in the file `prompt_file` names")
        return self

    @model_validator(mode="after")
    def _may_be_called(self) -> Self:
        ours = is_ours(self.url)
        proves_itself = self.key is not None or bool({"authorization", "api-key"} & {h.lower() for h in self.headers})
        if not ours and not proves_itself:
            raise ValueError(NO_KEY)
        if not ours and self.url.startswith("http:"):
            raise ValueError(NOT_ENCRYPTED)
        return self

    @field_validator("key")
    @classmethod
    def _is_a_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not (key.get_secret_value().strip() and key.get_secret_value().isprintable()):
            raise ValueError("this is no key: it is empty or not one line of text")
        return key
