"""The options of both halves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from gateway import AddressKey, HistoryLabels, Options, check_address


def _address(url: SecretStr) -> SecretStr:
    check_address(url.get_secret_value(), "this is no address; write it like https://desk.example.com/api")
    return url


Address = Annotated[SecretStr, AfterValidator(_address)]


class PlatformOptions(Options):
    """Which desk, and how it wants to hear of a dialog."""

    url: Address = Field(
        description="API URL of the desk, with a query if it needs one: `/setWebhook`, `/sendText` and so on are added "
        "to its path. Keep it out of the file: whoever knows it can write to your agents."
    )
    headers: Mapping[str, SecretStr] = Field(
        default_factory=dict,
        description="Headers sent with every call, such as `Authorization`, where a desk wants it.",
    )
    destination: str = Field(
        default="",
        description="Id or name of the group for transfers that name none. Empty: the first group with somebody "
        "online, otherwise the first one.",
    )
    ask_online: bool = Field(
        default=True,
        description="Ask the desk by `getDestinations` who is online. `false`: somebody always is.",
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
    json_strings: bool = Field(
        default=False,
        description="Send attributes and custom data as strings of JSON instead of objects, for desks that follow the "
        "tables of the documentation and not its examples.",
    )


class ChannelOptions(Options):
    """How Tovie reaches the gateway, and what it gets to see."""

    key: AddressKey = Field(
        description="A secret you invent, 16 characters or more of letters, digits, `-` and `_`. The API URL to enter "
        "in Tovie is `<server.public_url>/hooks/<instance>/<key>`."
    )
    destinations: Mapping[str, str] = Field(
        default_factory=dict,
        description="Groups Tovie may transfer to: the id the agent platform knows -> a name. Empty: one group, "
        "`default`, which means whoever the platform finds.",
    )
    name: str = Field(
        default="Support",
        min_length=1,
        description="Who speaks where no agent does; also the name of the group `default`.",
    )
    announcements: bool = Field(
        default=False,
        description="Also pass on what the gateway tells clients by itself (that they stand in a queue, who has come). "
        "To Tovie that looks like the word of an agent.",
    )
    webhook: Address | None = Field(
        default=None,
        description="Address events are posted to, if it shall not be the one Tovie named by `setWebhook`.",
    )
