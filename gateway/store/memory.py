"""The store of tests and demos: plain dicts with the semantics of the real one. Gone when the process ends.

What it keeps went through JSON, so a value that could not be stored on disk fails here too.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson

from gateway.conversation import Conversation
from gateway.entries import Entry, Said
from gateway.errors import Conflict, Unavailable
from gateway.events import Effect, Timer
from gateway.store.contract import DedupKey, EffectRecord, PendingLane, Stretch, nothing
from gateway.wire import from_bytes, to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gateway.store.contract import Cancelled, Finished, Step

EffectKey = tuple[str, int]


@dataclass(slots=True)
class _Tables:
    """All there is, keyed as the SQLite tables are."""

    conversations: dict[str, Conversation] = field(default_factory=dict)
    entries: dict[str, dict[int, Entry]] = field(default_factory=dict)
    journal: list[Stretch] = field(default_factory=list)
    effects: dict[EffectKey, EffectRecord] = field(default_factory=dict)
    timers: dict[tuple[str, str], Timer] = field(default_factory=dict)
    dedup: set[DedupKey] = field(default_factory=set)
    sessions: set[tuple[str, str]] = field(default_factory=set)
    """(platform, conversation) of every handoff there ever was."""
    kv: dict[str, dict[str, bytes]] = field(default_factory=dict)


class MemoryStore:
    """Implements `Store`. `fail_next(reason)` makes the next write fail as a full disk would."""

    def __init__(self) -> None:
        self._tables = _Tables()
        self._open = False
        self._failure = ""
        self._healthy = ""

    def fail_next(self, reason: str) -> None:
        """Let the next commit, replay, drop or kv_put raise `Unavailable`; the one after it works again."""
        self._failure = reason

    async def open(self) -> None:
        """Begin, or go on with what was there when it was closed."""
        self._open = True

    async def close(self) -> None:
        """Take nothing more until it is opened again."""
        self._open = False

    @property
    def healthy(self) -> str:
        """Empty, or why the last write failed."""
        return self._healthy

    @property
    def delay_seconds(self) -> float:
        """See `Store.delay_seconds`."""
        return 0.0

    async def commit(self, step: Step, *, done: Callable[[], None] = nothing) -> bool:
        """See `Store.commit`."""
        conversation = _stored(step.conversation)
        entries = {entry.number: _stored(entry) for entry in step.entries}
        self._write()
        applied = self._is_new(step.dedup)
        if applied:
            self._check(step)
            self._tables.conversations[conversation.id] = conversation
            self._tables.entries.setdefault(conversation.id, {}).update(entries)
            self._apply(step)
            done()
        await asyncio.sleep(0)
        return applied

    def reschedule(self, effect: Effect, *, at: float) -> None:
        """See `Store.reschedule`."""
        key = (effect.conversation, effect.number)
        record = self._tables.effects.get(key)
        if record is not None and record.state == "pending":
            failures = (*record.failures, (at, effect.error))
            tried = replace(_tried(record.effect, effect), action=effect.action)
            self._tables.effects[key] = replace(record, effect=tried, failures=failures)

    def finish(self, finished: Finished) -> None:
        """See `Store.finish`."""
        self._finish(finished)

    async def load(self, conversation_id: str) -> Conversation | None:
        """See `Store.load`."""
        return self._tables.conversations.get(conversation_id)

    async def newest(self, channel: str, client_id: str) -> Conversation | None:
        """See `Store.newest`."""
        return _last(each for each in self._all() if each.channel == channel and each.client.id == client_id)

    async def by_session(self, platform: str, session: str) -> Conversation | None:
        """See `Store.by_session`."""
        return _last(each for each in self._on(platform) if session in _session_ids(each))

    async def had_session(self, platform: str, conversation_id: str) -> bool:
        """See `Store.had_session`."""
        return (platform, conversation_id) in self._tables.sessions

    async def sessions(self, platform: str) -> Sequence[Conversation]:
        """See `Store.sessions`."""
        return sorted(self._on(platform), key=_since)

    async def conversations(
        self, *, channel: str = "", floor: str = "", client: str = "", limit: int = 50
    ) -> Sequence[Conversation]:
        """See `Store.conversations`."""
        found = [
            each
            for each in reversed(list(self._all()))
            if channel in {"", each.channel} and floor in {"", each.floor} and client in {"", each.client.id}
        ]
        found.sort(key=lambda each: -each.active_at)
        return found[: max(limit, 0)]

    async def entries(
        self, conversation_id: str, *, after: int = 0, before: int | None = None, limit: int = 200
    ) -> Sequence[Entry]:
        """See `Store.entries`."""
        below = float("inf") if before is None else before
        found = [entry for entry in self._log(conversation_id) if after < entry.number < below]
        return found[:limit] if before is None else _tail(found, limit)

    async def said(self, conversation_id: str, *, upto: int, limit: int) -> Sequence[Entry]:
        """See `Store.said`."""
        found = [entry for entry in self._log(conversation_id) if isinstance(entry.body, Said) and entry.number <= upto]
        return _tail(found, limit)

    async def journal(self, *, after: int, limit: int = 500) -> Sequence[Stretch]:
        """See `Store.journal`."""
        return self._tables.journal[after:][: max(limit, 0)]

    async def journal_end(self) -> int:
        """See `Store.journal_end`."""
        return len(self._tables.journal)

    async def find_message(self, message_id: str) -> Sequence[tuple[str, int]]:
        """See `Store.find_message`."""
        return [
            (conversation, entry.number)
            for conversation in sorted(self._tables.entries)
            for entry in self._log(conversation)
            if message_id and isinstance(entry.body, Said) and entry.body.message.id == message_id
        ]

    async def pending_lanes(self) -> Sequence[PendingLane]:
        """See `Store.pending_lanes`."""
        lanes: dict[tuple[str, str], list[Effect]] = {}
        for _, record in sorted(self._tables.effects.items()):
            if record.state == "pending":
                lanes.setdefault((record.effect.conversation, record.effect.target), []).append(record.effect)
        return [_pending_lane(*key, effects) for key, effects in sorted(lanes.items())]

    async def pending_effects(self, conversation_id: str, numbers: Sequence[int]) -> Sequence[Effect]:
        """See `Store.pending_effects`."""
        found = [self._tables.effects.get((conversation_id, number)) for number in sorted(set(numbers))]
        return [record.effect for record in found if record is not None and record.state == "pending"]

    async def timers(self) -> Sequence[Timer]:
        """See `Store.timers`."""
        return [self._tables.timers[key] for key in sorted(self._tables.timers)]

    async def effects(self, conversation_id: str) -> Sequence[EffectRecord]:
        """See `Store.effects`."""
        records = self._tables.effects
        return [records[key] for key in sorted(records) if key[0] == conversation_id]

    async def dead_letters(
        self, *, conversation: str = "", target: str = "", limit: int = 100
    ) -> Sequence[EffectRecord]:
        """See `Store.dead_letters`."""
        found = [
            record
            for _, record in sorted(self._tables.effects.items())
            if record.state == "failed"
            and conversation in {"", record.effect.conversation}
            and target in {"", record.effect.target}
        ]
        found.sort(key=lambda record: record.ended_at or 0.0)
        return found[: max(limit, 0)]

    async def replay(self, conversation_id: str, number: int, *, at: float) -> Effect | None:
        """See `Store.replay`."""
        self._write()
        record = self._dead(conversation_id, number)
        if record is None:
            return None
        effect = replace(record.effect, made_at=at, attempts=0, due_at=at, error="", delayed=False)
        self._tables.effects[conversation_id, number] = replace(record, effect=effect, state="pending", ended_at=None)
        return effect

    async def drop(self, conversation_id: str, number: int, *, at: float) -> bool:
        """See `Store.drop`."""
        self._write()
        record = self._dead(conversation_id, number)
        if record is None:
            return False
        self._tables.effects[conversation_id, number] = replace(record, state="dropped", ended_at=at)
        return True

    async def kv_get(self, instance: str, key: str) -> Any | None:
        """See `Store.kv_get`."""
        data = self._tables.kv.get(instance, {}).get(key)
        return None if data is None else orjson.loads(data)

    async def kv_put(self, instance: str, key: str, value: Any) -> None:
        """See `Store.kv_put`."""
        data = orjson.dumps(value)
        self._write()
        pairs = self._tables.kv.setdefault(instance, {})
        pairs.pop(key, None)
        if value is not None:
            pairs[key] = data

    async def kv_items(self, instance: str, prefix: str) -> Mapping[str, Any]:
        """See `Store.kv_items`."""
        pairs = self._tables.kv.get(instance, {})
        return {key: orjson.loads(pairs[key]) for key in sorted(pairs) if key.startswith(prefix)}

    def _write(self) -> None:
        """Fail here, before anything has changed, or not at all."""
        if not self._open:
            raise Unavailable("the store is closed")
        self._healthy, self._failure = self._failure, ""
        if self._healthy:
            raise Unavailable(self._healthy)

    def _is_new(self, dedup: DedupKey | None) -> bool:
        return dedup is None or dedup not in self._tables.dedup

    def _check(self, step: Step) -> None:
        new = step.conversation
        stored = self._tables.conversations.get(new.id)
        version = 0 if stored is None else stored.version
        if version != new.version - 1:
            raise Conflict(f"conversation {new.id}: version {new.version} was decided, but {version} is stored")
        numbers = self._tables.entries.get(new.id, {})
        effects = self._tables.effects
        if any(entry.number in numbers for entry in step.entries) or any(
            (effect.conversation, effect.number) in effects for effect in step.effects
        ):
            raise Conflict(f"conversation {new.id}: an entry or effect of version {new.version} is stored already")

    def _apply(self, step: Step) -> None:
        tables, conversation = self._tables, step.conversation
        if step.entries:
            first, last = step.entries[0].number, step.entries[-1].number
            position = len(tables.journal) + 1
            tables.journal.append(Stretch(position=position, conversation=conversation.id, first=first, last=last))
        if step.dedup is not None:
            tables.dedup.add(step.dedup)
        if conversation.handoff is not None:
            tables.sessions.add((conversation.handoff.platform, conversation.id))
        for name in step.cancelled_timers:
            tables.timers.pop((conversation.id, name), None)
        tables.timers |= {(timer.conversation, timer.name): timer for timer in step.timers}
        tables.effects |= {
            (effect.conversation, effect.number): EffectRecord(effect=_stored(effect), state="pending")
            for effect in step.effects
        }
        for cancelled in step.cancelled:
            self._cancel(conversation.id, cancelled, step.at)
        for finished in step.finished:
            self._finish(finished)

    def _cancel(self, conversation_id: str, cancelled: Cancelled, at: float) -> None:
        for key, record in self._tables.effects.items():
            lane = (key[0], record.effect.target) == (conversation_id, cancelled.target)
            if lane and record.state == "pending" and cancelled.since <= key[1] < cancelled.before:
                self._tables.effects[key] = replace(record, state="dropped", ended_at=at)

    def _finish(self, finished: Finished) -> None:
        key = (finished.effect.conversation, finished.effect.number)
        record = self._tables.effects.get(key)
        if record is None:
            return
        error = finished.error or finished.effect.error
        failure = ((finished.at, error),) if finished.state == "failed" else ()
        self._tables.effects[key] = EffectRecord(
            effect=replace(_tried(record.effect, finished.effect), error=error),
            state=finished.state,
            ended_at=finished.at,
            failures=(*record.failures, *failure),
        )

    def _dead(self, conversation_id: str, number: int) -> EffectRecord | None:
        record = self._tables.effects.get((conversation_id, number))
        return record if record is not None and record.state == "failed" else None

    def _all(self) -> Iterable[Conversation]:
        return self._tables.conversations.values()

    def _on(self, platform: str) -> Iterable[Conversation]:
        return (each for each in self._all() if each.handoff is not None and each.handoff.platform == platform)

    def _log(self, conversation_id: str) -> Iterable[Entry]:
        return (entry for _, entry in sorted(self._tables.entries.get(conversation_id, {}).items()))


def _stored(value: Any) -> Any:
    """Return the value as it would come back from disk."""
    return from_bytes(type(value), to_bytes(value))


def _pending_lane(conversation: str, target: str, effects: Sequence[Effect]) -> PendingLane:
    numbers = tuple(effect.number for effect in effects)
    return PendingLane(conversation=conversation, target=target, due_at=effects[0].due_at, numbers=numbers)


def _tried(stored: Effect, tried: Effect) -> Effect:
    """Return the stored effect with what attempts change about it; the rest never does."""
    if tried.has_arrived:
        stored = replace(stored, action=tried.action)
    return replace(stored, attempts=tried.attempts, due_at=tried.due_at, error=tried.error, delayed=tried.delayed)


def _last(found: Iterable[Conversation]) -> Conversation | None:
    return next(reversed(list(found)), None)


def _tail(found: list[Entry], limit: int) -> list[Entry]:
    return found[-limit:] if limit > 0 else []


def _session_ids(conversation: Conversation) -> set[str]:
    handoff = conversation.handoff
    return set() if handoff is None else {handoff.session, handoff.remote} - {""}


def _since(conversation: Conversation) -> tuple[float, str]:
    return (conversation.handoff.since if conversation.handoff else 0.0, conversation.id)
