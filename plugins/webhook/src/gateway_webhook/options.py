"""The options of `type: webhook`."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, SecretStr, field_validator

from gateway import Options, check_address, check_headers
from gateway_webhook.signing import key_of

SIGNATURE = frozenset({"webhook-id", "webhook-signature", "webhook-timestamp"})


class WebhookOptions(Options):
    """Where the bot is, and how both sides know each other."""

    url: str = Field(description="Address of the bot: each turn is one POST to it.")
    secret: SecretStr = Field(
        description="Signs both ways, by Standard Webhooks: `whsec_` and 24 to 64 bytes in base64. "
        "`gateway webhook secret` makes one."
    )
    old_secret: SecretStr | None = Field(
        default=None, description="The secret before this one: still valid, until the bot knows the new one."
    )
    headers: Mapping[str, SecretStr] = Field(
        default_factory=dict, description="More headers for each request, such as `Authorization`."
    )

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        wrong = "this is not the address of a bot; write it like https://bot.example.com/turn"
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
