"""Who may speak: a conversation's state, small enough to live in one row.

A conversation is one client in one channel instance from the first word to the close. Its state changes only inside
`decide`; what was said is in the log (`entries`), not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gateway.model import JsonObject, Outcome, Peer, Transfer


class Floor(StrEnum):
    """Who may speak to the client."""

    BOT = "bot"
    WAITING = "waiting"
    AGENT = "agent"
    CLOSED = "closed"


class Stage(StrEnum):
    """How far a handoff has come on the platform it is tried on."""

    OPENING = "opening"
    """The platform was asked; it has not answered yet."""
    QUEUED = "queued"
    """The platform accepted; nobody took the dialog yet."""
    JOINED = "joined"
    """An agent has the dialog."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Handoff:
    """A transfer being carried out along the chain of platforms."""

    transfer: Transfer
    chain: tuple[str, ...]
    """Platform instances still to be tried after `platform`."""
    platform: str
    """The instance that has, or is asked for, the session."""
    session: str
    """The gateway's id of the session: unique for ever, given to the platform; not a secret."""
    remote: str = ""
    """The platform's own id of the session, if it has one."""
    stage: Stage = Stage.OPENING
    number: int = 0
    """Log number of the entry it began with."""
    upto: int = 0
    """The history handed over ends at this log number; client entries in `live` follow one by one."""
    live: tuple[int, ...] = ()
    """Client entries that follow the opening; if the platform lets go before an agent joins, the next gets them too."""
    unconfirmed: tuple[int, ...] = ()
    """Those of `live`, and later ones, that no platform has confirmed: if none does, the bot gets them."""
    agent: Peer | None = None
    destination: str = ""
    destination_name: str = ""
    queue_position: int | None = None
    since: float = 0.0
    """Unix seconds when the transfer was asked for."""
    joined_at: float | None = None
    unanswered_since: float | None = None
    """When the agent began to owe the client an answer; None: the agent spoke last."""
    refusals: tuple[Outcome, ...] = ()
    """How the platforms tried before ended."""


@dataclass(frozen=True, kw_only=True)  # without slots: a draft of it is one copy of a dict, for every step
class Conversation:
    """The whole state of one conversation."""

    id: str
    channel: str
    route: str
    client: Peer
    floor: Floor = Floor.BOT
    epoch: int = 1
    """Grows each time the floor changes; every output carries the epoch it was made in."""
    human_epoch: int = 0
    """The epoch in which a human last took the floor: what the bot said before and nobody heard yet stays unsaid."""
    version: int = 0
    """Number of steps committed."""
    head: int = 0
    """Number of the newest log entry."""
    effects: int = 0
    """Number of effects made so far."""
    started_at: float = 0.0
    active_at: float = 0.0
    """Unix seconds of the last word from anybody."""
    language: str = ""
    """BCP 47 tag as far as the channel knows it."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Facts about the client (page, e-mail, order …) from the channel, the bot and the page API."""
    verified: bool = False
    """The channel proved who the client is."""
    bot_state: JsonObject | None = None
    """The bot engine's own memory of this dialog; only the engine reads it."""
    turns: tuple[int, ...] = ()
    """Log numbers of client entries whose bot turn has not come back."""
    cues: tuple[int, ...] = ()
    """Log numbers of other entries the bot was asked about (a start, a return) and has not reacted to yet."""
    again_at: float | None = None
    """Unix seconds when the bot wants a turn if the client has said nothing by then; None: it does not."""
    handoff: Handoff | None = None
    platforms: tuple[str, ...] = ()
    """Every platform that was ever asked to take this conversation, in order of first asking."""
    bot_failures: int = 0
    """Bot turns failed in a row; enough of them call a human."""
    handoff_failures: int = 0
    """Handoffs that ended, other than by the client, since the client last spoke: the guard against bot and platforms
    passing a client in circles."""
    blocked: bool = False
    """The client was blocked by an agent; nothing more is accepted."""


def changed(conversation: Conversation, **changes: Any) -> Conversation:
    """Return the conversation with other values in some fields, much quicker than the standard library does."""
    twin = object.__new__(Conversation)
    twin.__dict__.update(conversation.__dict__, **changes)
    return twin


def conversation_of(effect_or_session: str) -> str:
    """Return the conversation's id that an effect's or session's id begins with."""
    return effect_or_session.partition(".")[0]


def number_of(effect_or_session: str) -> int:
    """Return the number of the effect an id names; of a session that is the effect that opened it."""
    return int(effect_or_session.rpartition(".")[2])


def effect_id(conversation_id: str, number: int) -> str:
    """Return the id of an effect, which is also its idempotency key towards other systems."""
    return f"{conversation_id}.{number}"
