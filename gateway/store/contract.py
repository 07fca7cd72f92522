"""What the engine needs from a store. SQLite and memory implement it and pass one test suite.

One decision is one `Step`, and one step is one transaction: the new state, the log entries, the effects, the timers,
the dedup key and the done-marks are all there or none. `commit` returns when the step is on disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from gateway.conversation import Conversation
from gateway.entries import Entry
from gateway.events import Effect, Timer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def nothing() -> None:
    """What is done after a commit by default."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DedupKey:
    """An event's id on the other side: happens once per instance."""

    instance: str
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """How an effect ended: `done`, `stale` (fenced off), `refused`, `failed` (now a dead letter) or `dropped`."""

    effect: Effect
    state: str
    at: float
    error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancelled:
    """The pending effects of this conversation's lane to `target` with `since <= number < before` are dropped."""

    target: str
    before: int
    since: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """Everything one decision changes. `conversation.version` is the new version; the stored one must be one less."""

    conversation: Conversation
    entries: tuple[Entry, ...] = ()
    effects: tuple[Effect, ...] = ()
    timers: tuple[Timer, ...] = ()
    """Set (or replace) these."""
    cancelled_timers: tuple[str, ...] = ()
    cancelled: tuple[Cancelled, ...] = ()
    finished: tuple[Finished, ...] = ()
    dedup: DedupKey | None = None
    at: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectRecord:
    """An effect and what became of it: for `trace` and the dead letters."""

    effect: Effect
    state: str
    """`pending`, or a `Finished.state`."""
    ended_at: float | None = None
    failures: tuple[tuple[float, str], ...] = ()
    """(unix seconds, reason) of each failed attempt."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingLane:
    """That effects of a conversation towards a target are pending: all that a start has to know of them."""

    conversation: str
    target: str
    due_at: float
    """Of the first, in unix seconds."""
    numbers: tuple[int, ...]
    """Of all, in order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """Entries of one conversation that were committed together: those with `first <= number <= last`."""

    position: int
    """Grows in the order of commits, over all conversations."""
    conversation: str
    first: int
    last: int


class Store(Protocol):
    """The only shared truth. All methods may be called concurrently from one event loop."""

    async def open(self) -> None:
        """Open or create; take the lock that keeps a second gateway out (raises `UserMistake`)."""

    async def close(self) -> None:
        """Finish what was handed in, then close."""

    @property
    def healthy(self) -> str:
        """Empty, or why nothing can be committed (disk full, I/O error) since the last try."""

    @property
    def delay_seconds(self) -> float:
        """How long the oldest write has waited for the store to begin with it."""

    async def commit(self, step: Step, *, done: Callable[[], None] = nothing) -> bool:
        """Make the step durable. False: its dedup key was seen before and nothing was changed.

        `done` is called once, as soon as the step is on disk, and before anybody who waits goes on: that is when what
        follows from it begins. Who is cancelled while waiting waits until it is over, and is cancelled then.

        Raises `Conflict` if the stored version is not `conversation.version - 1`, `Unavailable` if it cannot be
        written: then nobody may be told that it was. Steps handed in together share one transaction and one fsync; a
        Conflict or duplicate touches only its own step.
        """

    def reschedule(self, effect: Effect, *, at: float) -> None:
        """Note a failed attempt: `effect` carries the new attempts, due_at, error and action. Rides a later batch."""

    def finish(self, finished: Finished) -> None:
        """Note what became of an effect when nothing else came of it. Written at once, but nobody waits for it.

        If that is lost with a power cut, the effect is carried out again: at least once is all that is promised.
        """

    async def load(self, conversation_id: str) -> Conversation | None:
        """Return a conversation's state."""

    async def newest(self, channel: str, client_id: str) -> Conversation | None:
        """Return the newest conversation of a client in a channel."""

    async def by_session(self, platform: str, session: str) -> Conversation | None:
        """Return the conversation whose *current* handoff on `platform` has this `session` or `remote` id."""

    async def had_session(self, platform: str, conversation_id: str) -> bool:
        """Tell whether the conversation is or ever was handed to `platform`."""

    async def sessions(self, platform: str) -> Sequence[Conversation]:
        """Return the conversations whose current handoff is on `platform`, oldest `handoff.since` first."""

    async def conversations(
        self, *, channel: str = "", floor: str = "", client: str = "", limit: int = 50
    ) -> Sequence[Conversation]:
        """Return conversations, most recently active first; empty filters match all."""

    async def entries(
        self, conversation_id: str, *, after: int = 0, before: int | None = None, limit: int = 200
    ) -> Sequence[Entry]:
        """Return entries with `after < number < before` in order: with `before` the newest `limit`, else the oldest."""

    async def said(self, conversation_id: str, *, upto: int, limit: int) -> Sequence[Entry]:
        """Return the last `limit` `Said` entries with `number <= upto`, in order (the history of a handoff)."""

    async def journal(self, *, after: int, limit: int = 500) -> Sequence[Stretch]:
        """Return what was committed after position `after` (0: all there is), in order.

        Who has read up to a position will never find anything new at or below it.
        """

    async def journal_end(self) -> int:
        """Return the newest position; 0: nothing was ever committed."""

    async def find_message(self, message_id: str) -> Sequence[tuple[str, int]]:
        """Return (conversation, number) of `Said` entries whose message has this id."""

    async def pending_lanes(self) -> Sequence[PendingLane]:
        """Return all lanes with pending effects, ordered by (conversation, target): read once at start."""

    async def pending_effects(self, conversation_id: str, numbers: Sequence[int]) -> Sequence[Effect]:
        """Return those of a conversation's effects with these numbers that are pending, in order."""

    async def timers(self) -> Sequence[Timer]:
        """Return all timers: read once at start."""

    async def effects(self, conversation_id: str) -> Sequence[EffectRecord]:
        """Return all effects of a conversation with their fate, in order."""

    async def dead_letters(
        self, *, conversation: str = "", target: str = "", limit: int = 100
    ) -> Sequence[EffectRecord]:
        """Return effects given up, oldest first."""

    async def replay(self, conversation_id: str, number: int, *, at: float) -> Effect | None:
        """Make a dead letter pending again, as if made at `at`, with no attempts; None if it is not one."""

    async def drop(self, conversation_id: str, number: int, *, at: float) -> bool:
        """Forget a dead letter (state `dropped`)."""

    async def kv_get(self, instance: str, key: str) -> Any | None:
        """Return an instance's JSON value."""

    async def kv_put(self, instance: str, key: str, value: Any) -> None:
        """Store (None: delete) an instance's JSON value; durable when this returns."""

    async def kv_items(self, instance: str, prefix: str) -> Mapping[str, Any]:
        """Return an instance's pairs by key prefix, sorted."""
