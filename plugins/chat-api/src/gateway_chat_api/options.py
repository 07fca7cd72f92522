"""The options of the channel."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from gateway import Headers, Options, check_address

TOKEN = re.compile(r"[A-Za-z0-9:._~-]{16,200}")


def _token(token: SecretStr) -> SecretStr:
    if not TOKEN.fullmatch(token.get_secret_value()):
        raise ValueError("must be 16 to 200 letters, digits or : . _ ~ -; it stands in an address")
    return token


def _address(url: SecretStr) -> SecretStr:
    check_address(url.get_secret_value(), "this is no address; write it like https://shop.example.com/chat")
    return url


Token = Annotated[SecretStr, AfterValidator(_token)]
Address = Annotated[SecretStr, AfterValidator(_address)]


class ChatApiOptions(Options):
    """Who may call, how long they wait, and where what comes later is posted."""

    token: Token = Field(
        description="The access token, part of every address: 16 to 200 letters, digits or `: . _ ~ -`. Invent one, or "
        "keep the one of the Tovie or JAICP channel this replaces. Whoever knows it can write as any client."
    )
    webhook: Address | None = Field(
        default=None,
        description="Address to which what did not fit into an answer is posted: agents' words, answers to `/async`, "
        "late answers. Without it they wait in `/events`.",
    )
    webhook_headers: Headers = Field(
        default_factory=dict, description="Headers sent along to the webhook, such as `Authorization`."
    )
    webhook_status: bool = Field(
        default=True,
        description="Also post what becomes of a dialog (`queued`, `joined`, `closed` …) to the webhook, as items "
        "without replies. `/events` has them in any case.",
    )
    wait_seconds: float = Field(
        default=20.0,
        ge=0.0,
        le=300.0,
        description="How long a synchronous call waits for the bot, in seconds. What comes later goes the way of "
        "asynchronous answers.",
    )
    text_length: int = Field(
        default=10_000, ge=1, le=1_000_000, description="Longest `query` taken, in characters; longer ones get 413."
    )
