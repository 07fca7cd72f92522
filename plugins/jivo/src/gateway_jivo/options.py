"""The options: what an operator may write below an instance of `type: jivo`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from gateway import Options, check_address

IN_ADDRESS = re.compile(r"[A-Za-z0-9._~-]+")
SHORTEST_TOKEN, LONGEST_TOKEN = 8, 200


def _token(token: SecretStr) -> SecretStr:
    text = token.get_secret_value()
    if not IN_ADDRESS.fullmatch(text) or not SHORTEST_TOKEN <= len(text) <= LONGEST_TOKEN:
        raise ValueError("must be 8 to 200 letters, digits, - . _ or ~; it stands in an address")
    return token


def _provider(provider_id: str) -> str:
    if not IN_ADDRESS.fullmatch(provider_id):
        raise ValueError("this is no provider id; Jivo names it in its answer to your e-mail")
    return provider_id


def _address(url: str) -> str:
    check_address(url, "this is no address; write it like https://bot.jivosite.com", query=False)
    return url.rstrip("/")


def _path(path: str) -> str:
    if not path.startswith("/"):
        raise ValueError("must begin with /")
    rest = path.replace("{provider_id}", "").replace("{token}", "")
    if "{" in rest or "}" in rest:
        raise ValueError("may have {provider_id} and {token} in it, and nothing else in braces")
    return path


class JivoOptions(Options):
    """Which bot of which provider, and how Jivo's silence on some points is read."""

    provider_id: Annotated[str, AfterValidator(_provider)] = Field(
        description="The provider id Jivo gave you by e-mail: the first part of the address messages are posted to.",
    )
    token: Annotated[SecretStr, AfterValidator(_token)] = Field(
        description="The bot's token: you invent it and name it to Jivo. It stands in both addresses.",
    )
    url: Annotated[str, AfterValidator(_address)] = Field(
        default="https://bot.jivosite.com", description="Address of Jivo's bot server."
    )
    path: Annotated[str, AfterValidator(_path)] = Field(
        default="/webhooks/{provider_id}/{token}",
        description="Path below `url` that messages are posted to. Jivo's page shows `/webhooks/{provider_id}`; "
        "everybody's code adds the token.",
    )
    client_message: Literal["returned", "overheard"] = Field(
        default="returned",
        description="What a client's message means while an agent has the dialog. `returned`: Jivo has given it back, "
        "so the bot goes on. `overheard`: Jivo only lets the bot listen; it stays silent until the chat is closed.",
    )
    late_seconds: float = Field(
        default=10.0,
        ge=0,
        le=600,
        description="A client's message that comes within this time after an agent joined may have been said before, "
        "since Jivo tries for 9 s: it does not mean that the dialog was given back.",
    )
    chat_closed: Literal["ended", "taken"] = Field(
        default="ended",
        description="What CHAT_CLOSED means while no agent is known to have the dialog. `ended`: the conversation is "
        "over. `taken`: an agent took it; the bot keeps its memory for when the dialog comes back.",
    )
    agents_online: bool = Field(
        default=True,
        description="Believe Jivo's `agents_online`: a transfer while nobody is online goes to the route's next "
        "platform, or back to the bot, without asking Jivo. `false`: always invite, and wait for Jivo's answer.",
    )
    client_info: Mapping[str, str] = Field(
        default={"name": "name", "email": "email", "phone": "phone"},
        description="Facts about the client that Jivo is told in CLIENT_INFO once the bot has learned them: attribute "
        "-> member of the event. `{}`: none.",
    )
    ask_rating: bool = Field(
        default=False,
        description="Have Jivo ask the client for a rating (INIT_RATE) when the bot ends the conversation.",
    )
    markdown: bool = Field(
        default=True, description="Send marked-up texts as MARKDOWN; `false`: as plain TEXT, marks taken out."
    )
    force_reply: bool = Field(
        default=False, description="`force_reply` of messages with buttons: the client has to press one of them."
    )
    buttons_title: str = Field(
        default="…", min_length=1, description="Title of buttons that come without words, below a picture for instance."
    )
    file_seconds: float = Field(
        default=1.5,
        ge=0,
        le=2.5,
        description="How long a client's file may take to be copied before its address is passed on instead. Jivo "
        "waits 3 s for the answer. 0: always the address.",
    )
