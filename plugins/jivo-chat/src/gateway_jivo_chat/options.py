"""The options: which channel of Jivo, and what its agents get to see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from gateway import AddressKey, HistoryLabels, Options, check_address

SenderField = Literal["email", "phone", "url", "title", "crm_link", "invite"]
FIELDS: Mapping[SenderField, str] = {
    "email": "email",
    "phone": "phone",
    "url": "page_url",
    "title": "page_title",
    "crm_link": "crm_link",
    "invite": "invite",
}


def _address(url: SecretStr) -> SecretStr:
    check_address(url.get_secret_value(), "this is no address; copy it from the channel's settings in Jivo")
    return url


Address = Annotated[SecretStr, AfterValidator(_address)]


class Rating(Options):
    """The words around a rating Jivo asks for, in the language of your clients."""

    question: str = Field(default="How did we do?", min_length=1, description="Asked where Jivo sends no words along.")
    good: str = Field(default="👍", min_length=1, description="Button of a good rating, sent to Jivo as 1.")
    bad: str = Field(default="👎", min_length=1, description="Button of a bad rating, sent to Jivo as -1.")
    decline: str = Field(
        default="", description="Button of a client who does not want to rate, sent as 0; empty: none."
    )


class JivoChatOptions(Options):
    """Which channel of Jivo, and what its agents get to see."""

    url: Address = Field(
        description="URL of the Chat API channel, as Jivo shows it. Keep it out of the file: whoever knows it can "
        "write to your agents."
    )
    key: AddressKey = Field(
        description="A secret you invent, 16 characters or more of letters, digits, `-` and `_`. The address Jivo "
        "posts the agents' messages to is `<server.public_url>/hooks/<instance>/<key>`."
    )
    webhooks_key: AddressKey | None = Field(
        default=None,
        description="Another such secret. With it, Jivo's webhooks are taken at "
        "`<server.public_url>/hooks/<instance>/<webhooks_key>`; they tell who took a chat and when it is finished.",
    )
    ask_online: bool = Field(
        default=True,
        description="Ask Jivo by `GET <url>/status` whether an agent is online. `false`: somebody always is.",
    )
    online_seconds: float = Field(
        default=10.0, ge=0, le=600, description="How long the answer to that question is used, in seconds."
    )
    history: Literal["lines", "block"] = Field(
        default="lines",
        description="How the history is handed over: `lines`: one message per line of the dialog; `block`: one "
        "message with all of it.",
    )
    labels: HistoryLabels = Field(default_factory=HistoryLabels, description="Words before the lines of the history.")
    no_words: str = Field(
        default="The client asks for an agent.",
        min_length=1,
        description="First message where neither client nor bot has said anything: without one Jivo opens no dialog.",
    )
    group: str = Field(default="", description="Group of agents for transfers that name no destination.")
    fields: Mapping[SenderField, str] = Field(
        default_factory=lambda: dict(FIELDS),
        description="Fields Jivo has for a client -> the attribute of the conversation each is taken from. Attributes "
        "that are in none of them go into `custom_data`.",
    )
    custom_data: Literal["text", "list", "none"] = Field(
        default="text",
        description="How other attributes are shown to agents: `text`: a line each; `list`: objects with `title` and "
        "`content`, as in Jivo's other APIs; `none`: not with messages, only in answers to webhooks.",
    )
    rating: Rating = Field(default_factory=Rating, description="Words around a rating Jivo asks for.")
    seen: bool = Field(
        default=True, description="Tell Jivo that a message of an agent was read, once the client has written after it."
    )

    @model_validator(mode="after")
    def _two_secrets(self) -> Self:
        if self.webhooks_key and self.webhooks_key.get_secret_value() == self.key.get_secret_value():
            raise ValueError("webhooks_key: must differ from key")
        return self
