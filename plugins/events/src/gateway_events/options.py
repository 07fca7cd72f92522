"""The options of `type: events`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from pydantic import Field, SecretStr, field_validator

from gateway import Options, check_address, check_headers
from gateway_events.signing import key_of

SIGNATURE = frozenset({"webhook-id", "webhook-signature", "webhook-timestamp"})

EntryType: TypeAlias = Literal[
    "said",
    "started",
    "transferred",
    "declined",
    "queued",
    "joined",
    "moved",
    "left",
    "noted",
    "delivery",
    "changed",
    "bot_failed",
    "waited",
    "closed",
]


class EventsOptions(Options):
    """Who is told, and of what."""

    url: str = Field(description="Address of the receiver: each entry is one POST to it.")
    secret: SecretStr = Field(
        description="Signs each request, by Standard Webhooks: `whsec_` and 24 to 64 bytes in base64. "
        "`gateway events secret` makes one."
    )
    old_secret: SecretStr | None = Field(
        default=None, description="The secret before this one: signs as well, until the receiver knows the new one."
    )
    entries: frozenset[EntryType] = Field(
        default=frozenset(), description="The only types of entries that are told; empty: all."
    )
    channels: frozenset[str] = Field(
        default=frozenset(), description="The only channels, by their names in the config; empty: all."
    )
    routes: frozenset[str] = Field(
        default=frozenset(), description="The only routes, by their names in the config; empty: all."
    )
    headers: Mapping[str, SecretStr] = Field(
        default_factory=dict, description="More headers for each request, such as `Authorization`."
    )

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        wrong = "this is not the address of a receiver; write it like https://crm.example.com/chat-events"
        check_address(url, wrong, login="put them into `headers`")
        return url

    @field_validator("secret", "old_secret")
    @classmethod
    def _is_a_key(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            key_of(secret.get_secret_value())
        return secret

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, headers: Mapping[str, SecretStr]) -> Mapping[str, SecretStr]:
        return check_headers(headers, ours=SIGNATURE)
