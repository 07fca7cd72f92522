"""What the world saw, written down by the world: it outlives every gateway."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

HONEST = frozenset({"keen", "smart", "alpha"})
"""Sides that honour our `Idempotency-Key`; their twins (`plain`, `simple`, `beta`) do not know such a thing."""


@dataclass(slots=True)
class Word:
    """Something a client or an agent said to the gateway."""

    id: str
    speaker: str
    """The client, or the session."""
    sent: float = field(default_factory=time.monotonic)
    acked: float = 0.0
    """0: nobody confirmed it (yet)."""
    refused: int = 0
    """The status of a refusal."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that reached a side, whatever became of its answer."""

    side: str
    what: str
    key: str
    conversation: str
    begun: float
    """When the plugin began it."""
    number: int = 0
    """Of the log entry it is about."""
    text: str = ""
    session: str = ""
    history: tuple[int, ...] = ()


@dataclass(slots=True)
class Ledger:
    """All books. Times are the system's monotonic clock's."""

    said: dict[str, Word] = field(default_factory=dict)
    """What clients said, by id."""
    told: dict[str, Word] = field(default_factory=dict)
    """What agents said, by id."""
    joins: dict[str, float] = field(default_factory=dict)
    """Agent (unique in each session) -> when it was confirmed that they came."""
    calls: list[Call] = field(default_factory=list)
    unanswered: defaultdict[tuple[str, str], set[tuple[str, float]]] = field(default_factory=lambda: defaultdict(set))
    """(side, conversation) -> (key, number or time of the request) of calls that were done, and whose answer was
    withheld or came late."""
    events: int = 0
    """Everything that was confirmed to a client or an agent."""
    acks: list[float] = field(default_factory=list)
    """How long a confirmed event took, from the first try, in seconds."""
    replies: list[tuple[float, float, str]] = field(default_factory=list)
    """(when, seconds from a client's word to its answer, channel) of each answer that came while it was awaited."""
    on_ack: Callable[[str], None] = lambda _id: None
    """Called with the id of each word that was confirmed."""
    crashes: int = 0
    broken: int = 0
    """Connections that were harmed on the way."""

    @property
    def messages(self) -> int:
        """Count what was carried: clients' and agents' words that were confirmed, and what reached clients."""
        words = sum(bool(word.acked) for word in [*self.said.values(), *self.told.values()])
        return words + sum(call.what == "send_channel" for call in self.calls)
