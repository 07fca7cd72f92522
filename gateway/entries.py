"""The log: what a conversation's numbered entries are, and what the client may see of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Discriminator

from gateway.conversation import Floor
from gateway.model import Message, Outcome, Peer, Role, Transfer


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """Somebody said something. `source` is the instance it came from."""

    role: Role
    author: Peer
    message: Message
    source: str = ""
    answers: int = 0
    """Log number of the entry the bot answers with it; 0: said unasked, later (`BotSpoke`), or not by the bot."""
    type: Literal["said"] = "said"


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """The client opened the chat, or came by a deep link (`payload`), before saying anything."""

    payload: str = ""
    type: Literal["started"] = "started"


@dataclass(frozen=True, kw_only=True, slots=True)
class Transferred:
    """A human was asked for. Followed by `Declined` per platform that refused and by `Queued`, `Joined` or `Left`."""

    transfer: Transfer
    by: Role = Role.BOT
    type: Literal["transferred"] = "transferred"


@dataclass(frozen=True, kw_only=True, slots=True)
class Declined:
    """A platform of the chain did not take the dialog."""

    platform: str
    outcome: Outcome
    reason: str = ""
    type: Literal["declined"] = "declined"


@dataclass(frozen=True, kw_only=True, slots=True)
class Queued:
    """The dialog stands in a platform's queue. `position` counts from 1 where the platform tells it."""

    platform: str
    position: int | None = None
    wait_seconds: float | None = None
    destination_name: str = ""
    type: Literal["queued"] = "queued"


@dataclass(frozen=True, kw_only=True, slots=True)
class Joined:
    """An agent took the floor. `takeover`: they spoke, or came, without having been asked."""

    platform: str
    agent: Peer
    takeover: bool = False
    close_button: str = ""
    """Text of the button that takes the client back to the bot; empty: none."""
    type: Literal["joined"] = "joined"


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """The agent forwarded the dialog to another group or colleague; it waits again."""

    platform: str
    by: Peer | None = None
    destination: str = ""
    destination_name: str = ""
    type: Literal["moved"] = "moved"


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """The handoff is over and the bot has the floor again.

    `note` is for the bot and the agents, not the client: the agent's word on the return, or the close phrase.
    """

    platform: str
    outcome: Outcome
    agent: Peer | None = None
    note: str = ""
    since: int = 0
    """Log number of the `Transferred` or `Joined` entry this handoff began with."""
    type: Literal["left"] = "left"


@dataclass(frozen=True, kw_only=True, slots=True)
class Noted:
    """An agent's note to colleagues."""

    agent: Peer
    text: str
    type: Literal["noted"] = "noted"


class DeliveryState(StrEnum):
    """What became of a message that did not simply arrive."""

    DELAYED = "delayed"
    """Still being tried after the time the route allows without notice."""
    ARRIVED = "arrived"
    """Arrived after it had been reported as delayed."""
    FAILED = "failed"
    """Given up; kept as a dead letter."""
    SUPERSEDED = "superseded"
    """Never sent: by the time it could be, somebody else had the floor."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """The fate of the message in entry `number` on its way to `to` (an instance)."""

    number: int
    to: str
    state: DeliveryState
    reason: str = ""
    type: Literal["delivery"] = "delivery"


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """Facts about the client changed: the new values, not all of them."""

    attributes: Mapping[str, str] = field(default_factory=dict)
    client: Peer | None = None
    type: Literal["changed"] = "changed"


@dataclass(frozen=True, kw_only=True, slots=True)
class BotFailed:
    """The bot could not answer the client's entry `number`."""

    number: int
    reason: str
    type: Literal["bot_failed"] = "bot_failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Waited:
    """The time the bot wanted to wait is over (`BotReply.again_after_seconds`), and the client has said nothing."""

    type: Literal["waited"] = "waited"


@dataclass(frozen=True, kw_only=True, slots=True)
class Closed:
    """The conversation is over; the client's next word starts a new one."""

    by: Role
    reason: str = ""
    type: Literal["closed"] = "closed"


Body = Annotated[
    Said
    | Started
    | Transferred
    | Declined
    | Queued
    | Joined
    | Moved
    | Left
    | Noted
    | Delivery
    | Changed
    | BotFailed
    | Waited
    | Closed,
    Discriminator("type"),
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line of the log."""

    number: int
    """From 1 in each conversation, without gaps."""
    at: float
    """Unix seconds when it was committed."""
    floor: Floor
    """Who may speak after this entry."""
    epoch: int
    body: Body


def for_client(entry: Entry) -> Entry:
    """Return the entry as the client may see it. The number always stays, so that a reader sees no gap.

    What is not the client's business becomes an empty `Changed`; notes and hidden attributes never leave.
    """
    body = _for_client(entry.body)
    return entry if body is entry.body else replace(entry, body=body)


def _for_client(body: Body) -> Body:
    match body:
        case Transferred():
            return Transferred(transfer=Transfer(), by=body.by)
        case Left() | Moved():
            return replace(body, note="") if isinstance(body, Left) else replace(body, destination="")
        case Closed(by=by):
            return Closed(by=by)
        case Delivery(number=number, state=state):
            return Delivery(number=number, to="", state=state)
        case Declined() | Noted() | Changed() | BotFailed() | Waited():
            return Changed()
        case _:
            return body
