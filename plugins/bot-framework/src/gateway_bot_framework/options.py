"""The options of `type: bot-framework`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr, field_validator

from gateway import Options, check_address


class BotFrameworkOptions(Options):
    """Where the bot is, and what it is told about us."""

    url: str = Field(description="The bot's messages endpoint: each activity is one POST to it.")
    answers: Literal["inline", "callback"] = Field(
        default="inline",
        description="How the bot answers. `inline`: in the HTTP response (`expectReplies`), so that a turn is whole. "
        "`callback`: by calls to the gateway, one by one, which `server.public_url` must let it reach.",
    )
    token: SecretStr | None = Field(
        default=None,
        description="Sent as `Authorization: Bearer …` to the bot, and nowhere else. Local bots need none.",
    )
    channel_id: str = Field(
        default="webchat",
        min_length=1,
        pattern=r"^[^\s:]+$",
        description="The channel the bot thinks it talks through; many bots show buttons to channels they know only.",
    )
    bot_id: str = Field(default="bot", min_length=1, description="The bot's id, as activities name it.")
    group_from: str = Field(
        default="Skill",
        description="Member of a handoff's context that names the group of agents; empty: none does.",
    )

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        wrong = "this is not the address of a bot; write it like http://127.0.0.1:3978/api/messages"
        check_address(url, wrong, login="put a token into `token`")
        return url

    @field_validator("token")
    @classmethod
    def _is_one_line(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not token.get_secret_value().strip().isprintable():
            raise ValueError("this is not a token: it has more than one line")
        return token
