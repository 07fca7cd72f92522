"""The options of `type: tovie`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from gateway import AddressKey, Options, Outcome, check_address

TOKEN = re.compile(r"[A-Za-z0-9:._~-]{8,300}")


class TovieOptions(Options):
    """Which bot, how its answers come, and what its script is told."""

    url: str = Field(
        description="Address of the Chat API; `/chatapi/{token}` is added to it. The channel's settings show the whole."
    )
    token: SecretStr = Field(
        description="Access token of the Chat API channel, colon included. Whoever has it can talk to the bot."
    )
    asynchronous: bool = Field(
        default=False,
        description="Ask by `/async`: the answer comes by webhook or polling. For scripts that take long.",
    )
    webhook_key: AddressKey | None = Field(
        default=None,
        description="A secret you invent, 16 or more letters, digits, `-`, `_`. The webhook address to enter in the "
        "channel ends with it: `https://gw.example.com/hooks/{instance}/{webhook_key}`.",
    )
    poll_seconds: float = Field(
        default=0.0, ge=0, le=3600, description="Ask `/events` this often, where no webhook can reach you; 0: never."
    )
    poll_by: Literal["client", "channel"] = Field(
        default="client",
        description="`client`: ask for each open conversation, with its `clientId`. `channel`: ask once for all.",
    )
    connection_id: str = Field(
        default="", max_length=200, description="Sent as `cid` with every request, and as the filter of `/events`."
    )
    agents: bool = Field(
        default=False,
        description="Tovie has an agent channel of its own (Tovie Agent) and hands clients over by itself. The route "
        "names this bot first in its `handoff`, too.",
    )
    timeouts: Literal["tovie", "gateway"] | None = Field(
        default=None,
        description="Who waits at a `timeout` reply. `tovie`: the answer comes by webhook. `gateway`: the gateway "
        "waits, then sends an event with the name of the reply's `targetState`. Default: `tovie` with a webhook or "
        "`asynchronous`, otherwise `gateway`.",
    )
    start: str = Field(default="/start", description="What the script is asked when a client opens the chat.")
    start_by: Literal["query", "event", "nothing"] = Field(
        default="query", description="Whether `start` is a text, an event, or the script is not asked at all."
    )
    location_event: str = Field(
        default="", description="Event for a place a client sends; empty: its coordinates as text. Both have the data."
    )
    contact_event: str = Field(
        default="", description="Event for a contact a client sends; empty: its words as text. Both have the data."
    )
    file_data: Literal["list", "object"] = Field(
        default="list",
        description="`data` of `fileEvent`: the bare list of files, or the usual object with the list as `files`.",
    )
    file_limit_mb: float = Field(
        default=50.0, gt=0, description="A larger file is told by `fileTooBigEvent` instead of `fileEvent`."
    )
    outcome_events: Mapping[Outcome, str] = Field(
        default_factory=dict,
        description="How a handoff ended -> name of another event than `livechatFinished` (somebody was there) and "
        "`noLivechatOperatorsOnline` (nobody was).",
    )
    close_on_hangup: bool = Field(default=True, description="A `hangup` reply closes the conversation.")
    close_on_end_session: bool = Field(
        default=False, description="An answer with `endSession` closes the conversation."
    )

    @property
    def hears(self) -> bool:
        """Whether anything can come from Tovie but answers."""
        return self.webhook_key is not None or self.poll_seconds > 0

    @property
    def waits_itself(self) -> bool:
        """Whether the gateway waits at a `timeout` reply."""
        if self.timeouts is None:
            return self.webhook_key is None and not self.asynchronous
        return self.timeouts == "gateway"

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        wrong = "this is no address; write it like https://bot.example.com/chatadapter"
        check_address(url, wrong, query=False, login="Tovie needs none")
        return url.rstrip("/").removesuffix("/chatapi")

    @field_validator("token")
    @classmethod
    def _is_a_token(cls, token: SecretStr) -> SecretStr:
        if not TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError("this is no token: it has letters, digits and a colon, and neither spaces nor slashes")
        return token

    @model_validator(mode="after")
    def _can_be_answered(self) -> Self:
        if self.asynchronous and not self.hears:
            raise ValueError("with `asynchronous` answers come by webhook or polling; set webhook_key or poll_seconds")
        if self.agents and not self.hears:
            raise ValueError("with `agents` their words come by webhook or polling; set webhook_key or poll_seconds")
        if self.timeouts == "tovie" and self.webhook_key is None and not self.asynchronous:
            raise ValueError("with `timeouts: tovie` the answers come by webhook; set webhook_key")
        return self
