"""The options: what an operator may write below an instance of `type: telegram`."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from gateway import Options, check_address

TOKEN = re.compile(r"[0-9]{3,20}:[A-Za-z0-9_-]{20,64}")


class TelegramOptions(Options):
    """Which bot, how its messages are fetched, and how ours are shown."""

    token: SecretStr = Field(description="The bot's token, as @BotFather gave it. Keep it out of the file.")
    mode: Literal["polling", "webhook"] = Field(
        default="polling",
        description="`polling`: the gateway asks Telegram, no public address needed. `webhook`: Telegram calls "
        "`<server.public_url>/hooks/<instance>`; that must be an https address.",
    )
    api_url: str = Field(
        default="https://api.telegram.org",
        description="Address of the Bot API: change it for a Bot API server of your own.",
    )
    poll_seconds: int = Field(
        default=25,
        ge=1,
        le=50,
        description="With `polling`: how long Telegram holds a question that has no answer yet.",
    )
    remove_webhook: bool = Field(
        default=False,
        description="With `webhook`: remove it from Telegram when the gateway stops. Normally it stays, and Telegram "
        "keeps what clients write meanwhile.",
    )
    allowed_chats: tuple[int, ...] = Field(
        default=(), description="Ids of the only chats that are taken, for trying things out; empty: everybody."
    )
    edits: Literal["mark", "plain", "ignore"] = Field(
        default="mark",
        description="What becomes of a message the client edits: it is said again with a pencil before it (`mark`), "
        "said again as if new (`plain`), or not shown (`ignore`).",
    )
    keyboard: Literal["inline", "reply"] = Field(
        default="inline",
        description="Where buttons stand: below the message (`inline`), or instead of the client's keyboard (`reply`).",
    )
    link_previews: bool = Field(default=True, description="Let Telegram show a preview of the first link in a text.")

    @field_validator("token")
    @classmethod
    def _looks_like_a_token(cls, token: SecretStr) -> SecretStr:
        if not TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError("this is not a bot token; it looks like 123456789:AA…, and @BotFather shows it")
        return token

    @field_validator("api_url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        wrong = "this is not the address of a Bot API server; write it like https://api.telegram.org"
        check_address(url, wrong, query=False)
        return url.rstrip("/")

    @property
    def bot_id(self) -> str:
        """The bot's id: the public half of the token."""
        return self.token.get_secret_value().partition(":")[0]
