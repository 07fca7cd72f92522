"""Writes that share a transaction: gathered per table, executed together, each with an outcome of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from gateway.errors import Conflict
from gateway.store import statements as sql
from gateway.store.contract import Step
from gateway.store.statements import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.events import Timer

Outcome = Any
"""What a write returns, or the exception its author gets."""


class Write(Protocol):
    """One thing to be written. `apply` raises before it has changed anything, or not at all."""

    def apply(self, batch: Batch) -> Outcome:
        """Add to the batch; the result counts only once the batch is committed."""


class Batch:
    """One transaction's rows. Made and used on the writer's thread."""

    def __init__(self, connection: sqlite3.Connection, writes: Iterable[Write]) -> None:
        steps = [write for write in writes if isinstance(write, CommitStep)]
        self.connection = connection
        self.versions: dict[str, int] = _versions(connection, {step.row[0] for step in steps})
        self.seen: set[tuple[str, str]] = _seen(connection, [step.dedup[:2] for step in steps if step.dedup])
        self.conversations: dict[str, Row] = {}
        self.entries: list[Row] = []
        self.stretches: list[Row] = []
        self.effects: list[Row] = []
        self.changes: list[Row] = []
        self.timers: dict[tuple[str, str], Row | None] = {}
        self.dedup: list[Row] = []
        self.sessions: set[Row] = set()

    def flush(self) -> None:
        """Execute what was gathered, one statement per table, and begin anew."""
        self._execute(sql.PUT_CONVERSATION, self.conversations.values())
        self._execute(sql.ADD_ENTRY, self.entries)
        self._execute(sql.ADD_STRETCH, self.stretches)
        self._execute(sql.ADD_SESSION, self.sessions)
        self._execute(sql.DROP_TIMER, [key for key, row in self.timers.items() if row is None])
        self._execute(sql.PUT_TIMER, [row for row in self.timers.values() if row is not None])
        self._execute(sql.ADD_DEDUP, self.dedup)
        for gathered in (self.conversations, self.entries, self.stretches, self.sessions, self.timers, self.dedup):
            gathered.clear()
        self.flush_effects()

    def flush_effects(self) -> None:
        """Execute what was gathered about effects: new ones first, then what became of them, in order."""
        self._execute(sql.ADD_EFFECT, self.effects)
        self._execute(sql.CHANGE_EFFECT, self.changes)
        self.effects.clear()
        self.changes.clear()

    def _execute(self, statement: str, rows: Iterable[Row]) -> None:
        if rows:
            self.connection.executemany(statement, rows)


@dataclass(frozen=True, slots=True, eq=False)
class CommitStep:
    """A step, turned into rows by its author's thread, so that a value that is no JSON hurts nobody else."""

    step: Step
    row: Row = field(init=False)
    entries: list[Row] = field(init=False)
    effects: list[Row] = field(init=False)
    dedup: Row | None = field(init=False)

    def __post_init__(self) -> None:
        step, conversation = self.step, self.step.conversation
        dedup = (step.dedup.instance, step.dedup.key, step.at) if step.dedup is not None else None
        object.__setattr__(self, "row", sql.conversation_row(conversation))
        object.__setattr__(self, "entries", [sql.entry_row(conversation.id, entry) for entry in step.entries])
        object.__setattr__(self, "effects", [sql.effect_row(effect) for effect in step.effects])
        object.__setattr__(self, "dedup", dedup)

    def apply(self, batch: Batch) -> bool:
        """Return False for a duplicate. Raises `Conflict` if the stored version is not the one before."""
        if self.dedup is not None and self.dedup[:2] in batch.seen:
            return False
        self._check_version(batch)
        self._gather(batch)
        self._gather_effects(batch)
        return True

    def _check_version(self, batch: Batch) -> None:
        key, version = self.row[:2]
        stored = batch.versions.get(key, 0)
        if stored != version - 1:
            raise Conflict(f"conversation {key}: version {version} was decided, but {stored} is stored")
        batch.versions[key] = version

    def _gather(self, batch: Batch) -> None:
        step, key = self.step, self.row[0]
        batch.conversations[key] = self.row
        batch.entries += self.entries
        if step.entries:
            batch.stretches.append((key, step.entries[0].number, step.entries[-1].number))
        batch.sessions |= _session_rows(step)
        batch.timers |= dict.fromkeys([(key, name) for name in step.cancelled_timers])
        batch.timers |= {(each.conversation, each.name): _timer_row(each) for each in step.timers}
        if self.dedup is not None:
            batch.dedup.append(self.dedup)
            batch.seen.add(self.dedup[:2])

    def _gather_effects(self, batch: Batch) -> None:
        batch.effects += self.effects
        if self.step.cancelled:
            batch.flush_effects()
            batch.connection.executemany(
                sql.CANCEL_LANE,
                [(self.step.at, self.row[0], each.target, each.since, each.before) for each in self.step.cancelled],
            )
        batch.changes += [sql.finished_row(finished) for finished in self.step.finished]


@dataclass(frozen=True, slots=True, eq=False)
class EffectChange:
    """What became of an effect, or of an attempt; a batch that is made anyway takes it along."""

    row: Row

    def apply(self, batch: Batch) -> None:
        """Change the effect."""
        batch.changes.append(self.row)


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """Something rare: runs by itself, in its place between the others."""

    run: Callable[[sqlite3.Connection], Outcome]

    def apply(self, batch: Batch) -> Outcome:
        """Run after everything handed in before."""
        batch.flush()
        return self.run(batch.connection)


class Trouble(Exception):
    """The file cannot be written now (full disk, I/O error, locked, corrupt), whoever writes what."""

    def __init__(self, problem: Exception) -> None:
        super().__init__(str(problem))
        self.name = getattr(problem, "sqlite_errorname", "")


def write_all(connection: sqlite3.Connection, writes: Sequence[Write]) -> list[Outcome]:
    """Commit all writes in one transaction and return an outcome for each.

    If the file cannot be written, that is a `Trouble` for all. A write that is wrong in itself makes them go one by
    one, so that only its author gets the error.
    """
    try:
        return _transact(connection, writes)
    except Exception as problem:  # noqa: BLE001 - every outcome goes to the author of the write
        if _is_trouble(problem):
            return [Trouble(problem)] * len(writes)
        if len(writes) == 1:
            return [_blamed(problem)]
    return [outcome for write in writes for outcome in write_all(connection, [write])]


def _transact(connection: sqlite3.Connection, writes: Sequence[Write]) -> list[Outcome]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        batch = Batch(connection, writes)
        outcomes = [_outcome(write, batch) for write in writes]
        batch.flush()
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return outcomes


def _outcome(write: Write, batch: Batch) -> Outcome:
    try:
        return write.apply(batch)
    except Conflict as conflict:
        return conflict


def _blamed(problem: Exception) -> Exception:
    if isinstance(problem, sqlite3.IntegrityError):
        return Conflict(f"an entry or effect of this step is stored already ({problem})")
    return problem


def _is_trouble(problem: Exception) -> bool:
    trouble = isinstance(problem, sqlite3.OperationalError | sqlite3.InternalError)
    return trouble or type(problem) is sqlite3.DatabaseError


def _versions(connection: sqlite3.Connection, ids: set[str]) -> dict[str, int]:
    return dict(connection.execute(sql.VERSIONS, (orjson.dumps(list(ids)),))) if ids else {}


def _seen(connection: sqlite3.Connection, keys: list[Row]) -> set[tuple[str, str]]:
    return set(connection.execute(sql.SEEN, (orjson.dumps(keys),))) if keys else set()


def _session_rows(step: Step) -> set[Row]:
    handoff = step.conversation.handoff
    if handoff is None:
        return set()
    return {(step.conversation.id, handoff.platform, key) for key in (handoff.session, handoff.remote) if key}


def _timer_row(timer: Timer) -> Row:
    return (timer.conversation, timer.name, timer.due_at, timer.epoch)
