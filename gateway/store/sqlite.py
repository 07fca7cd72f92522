"""The default store: one SQLite file, one process, no server. What `commit` returned from is on disk."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from gateway.errors import Unavailable
from gateway.store import statements as sql
from gateway.store.batch import Call, CommitStep, EffectChange
from gateway.store.contract import nothing
from gateway.store.database import FolderLock, check, connect_writer, migrate, prepare
from gateway.store.housekeeping import SLICE, Housekeeping, Retention
from gateway.store.reader import Reader
from gateway.store.writer import Writer

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from gateway.conversation import Conversation
    from gateway.entries import Entry
    from gateway.events import Effect, Timer
    from gateway.store.batch import Write
    from gateway.store.contract import EffectRecord, Finished, PendingLane, Step, Stretch


class SqliteStore:
    """Implements `Store` on the file at `path`.

    `read_only` opens beside a running gateway (for the command line): no lock is taken and nothing can be written.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        retention: Retention | None = None,
        clock: Callable[[], float] = time.time,
        read_only: bool = False,
        on_commit: Callable[[float, int], None] = lambda _seconds, _writes: None,
    ) -> None:
        """`on_commit` is told each transaction's length and number of writes, on the writer's thread."""
        self._path = Path(path).expanduser().resolve()
        self._housekeeping = Housekeeping(retention or Retention(), clock)
        self._read_only = read_only
        self._on_commit = on_commit
        self._lock = FolderLock(self._path)
        self._opened_writer: Writer | None = None
        self._opened_reader: Reader | None = None

    async def open(self) -> None:
        """See `Store.open`. Raises `UserMistake` also if the file is newer than this gateway, or not ours."""
        if self._read_only:
            await asyncio.to_thread(check, self._path)
        else:
            await self._open_writer()
        self._opened_reader = Reader(self._path)

    async def close(self) -> None:
        """See `Store.close`."""
        if self._opened_reader is not None:
            await self._opened_reader.close()
        if self._opened_writer is not None:  # The last to close takes the write-ahead log away.
            await self._opened_writer.stop()
        self._lock.release()

    @property
    def healthy(self) -> str:
        """See `Store.healthy`."""
        return self._opened_writer.healthy if self._opened_writer is not None else ""

    @property
    def delay_seconds(self) -> float:
        """See `Store.delay_seconds`."""
        return self._opened_writer.delay_seconds if self._opened_writer is not None else 0.0

    async def commit(self, step: Step, *, done: Callable[[], None] = nothing) -> bool:
        """See `Store.commit`."""
        applied: bool = await self._writer.submit(CommitStep(step), done=done)
        return applied

    def reschedule(self, effect: Effect, *, at: float) -> None:
        """See `Store.reschedule`."""
        self._writer.submit_lazily(EffectChange(sql.rescheduled_row(effect, at)))

    def finish(self, finished: Finished) -> None:
        """See `Store.finish`."""
        self._writer.submit_unawaited(EffectChange(sql.finished_row(finished)))

    async def replay(self, conversation_id: str, number: int, *, at: float) -> Effect | None:
        """See `Store.replay`."""
        parameters = (at, at, conversation_id, number)
        if not await self._write(Call(lambda connection: connection.execute(sql.REPLAY, parameters).rowcount)):
            return None
        return await self._reader.first(sql.EFFECT, (conversation_id, number), sql.effect_of)

    async def drop(self, conversation_id: str, number: int, *, at: float) -> bool:
        """See `Store.drop`."""
        parameters = (at, conversation_id, number)
        return bool(await self._write(Call(lambda connection: connection.execute(sql.DROP_DEAD, parameters).rowcount)))

    async def kv_put(self, instance: str, key: str, value: Any) -> None:
        """See `Store.kv_put`."""
        data = orjson.dumps(value)

        def put(connection: sqlite3.Connection) -> None:
            if value is None:
                connection.execute(sql.DROP_KV, (instance, key))
            else:
                connection.execute(sql.PUT_KV, (instance, key, data))

        await self._write(Call(put))

    async def prune(self) -> int:
        """Forget all that is past its retention now, slice by slice; return how many rows it was."""
        removed = last = await self._write(Call(self._housekeeping.prune))
        while last >= SLICE:
            last = await self._write(Call(self._housekeeping.prune))
            removed += last
        return int(removed)

    async def load(self, conversation_id: str) -> Conversation | None:
        """See `Store.load`."""
        return await self._reader.first(sql.LOAD, (conversation_id,), sql.conversation_of)

    async def newest(self, channel: str, client_id: str) -> Conversation | None:
        """See `Store.newest`."""
        return await self._reader.first(sql.NEWEST, (channel, client_id), sql.conversation_of)

    async def by_session(self, platform: str, session: str) -> Conversation | None:
        """See `Store.by_session`."""
        found = await self._reader.all(sql.BY_SESSION, (platform, session), sql.conversation_of)
        return next((each for each in found if _has_session(each, session)), None)

    async def had_session(self, platform: str, conversation_id: str) -> bool:
        """See `Store.had_session`."""
        return bool(await self._reader.all(sql.HAD_SESSION, (conversation_id, platform), bool))

    async def sessions(self, platform: str) -> Sequence[Conversation]:
        """See `Store.sessions`."""
        return sorted(await self._reader.all(sql.SESSIONS, (platform,), sql.conversation_of), key=_since)

    async def conversations(
        self, *, channel: str = "", floor: str = "", client: str = "", limit: int = 50
    ) -> Sequence[Conversation]:
        """See `Store.conversations`."""
        where, parameters = _where(channel=channel, floor=floor, client=client)
        return await self._reader.all(
            sql.CONVERSATIONS.format(where), (*parameters, max(limit, 0)), sql.conversation_of
        )

    async def entries(
        self, conversation_id: str, *, after: int = 0, before: int | None = None, limit: int = 200
    ) -> Sequence[Entry]:
        """See `Store.entries`."""
        limit = max(limit, 0)
        if before is None:
            return await self._reader.all(sql.ENTRIES_UP, (conversation_id, after, limit), sql.entry_of)
        found = await self._reader.all(sql.ENTRIES_DOWN, (conversation_id, after, before, limit), sql.entry_of)
        return found[::-1]

    async def said(self, conversation_id: str, *, upto: int, limit: int) -> Sequence[Entry]:
        """See `Store.said`."""
        found = await self._reader.all(sql.SAID, (conversation_id, upto, max(limit, 0)), sql.entry_of)
        return found[::-1]

    async def journal(self, *, after: int, limit: int = 500) -> Sequence[Stretch]:
        """See `Store.journal`."""
        return await self._reader.all(sql.JOURNAL, (after, max(limit, 0)), sql.stretch_of)

    async def journal_end(self) -> int:
        """See `Store.journal_end`."""
        return await self._reader.first(sql.JOURNAL_END, (), lambda row: int(row[0])) or 0

    async def find_message(self, message_id: str) -> Sequence[tuple[str, int]]:
        """See `Store.find_message`. Reads the whole log: a search by hand is rarer than a message by far."""
        if not message_id:
            return []
        return await self._reader.all(sql.FIND_MESSAGE, (message_id,), lambda row: (row[0], row[1]))

    async def pending_lanes(self) -> Sequence[PendingLane]:
        """See `Store.pending_lanes`."""
        return await self._reader.all(sql.PENDING_LANES, (), sql.lane_of)

    async def pending_effects(self, conversation_id: str, numbers: Sequence[int]) -> Sequence[Effect]:
        """See `Store.pending_effects`."""
        return await self._reader.all(sql.PENDING, (conversation_id, orjson.dumps(numbers)), sql.effect_of)

    async def timers(self) -> Sequence[Timer]:
        """See `Store.timers`."""
        return await self._reader.all(sql.TIMERS, (), sql.timer_of)

    async def effects(self, conversation_id: str) -> Sequence[EffectRecord]:
        """See `Store.effects`."""
        await self._settle()
        return await self._reader.all(sql.EFFECTS, (conversation_id,), sql.record_of)

    async def dead_letters(
        self, *, conversation: str = "", target: str = "", limit: int = 100
    ) -> Sequence[EffectRecord]:
        """See `Store.dead_letters`."""
        await self._settle()
        where, parameters = _where(conversation=conversation, target=target)
        return await self._reader.all(sql.DEAD_LETTERS.format(where), (*parameters, max(limit, 0)), sql.record_of)

    async def kv_get(self, instance: str, key: str) -> Any | None:
        """See `Store.kv_get`."""
        return await self._reader.first(sql.KV_GET, (instance, key), lambda row: orjson.loads(row[0]))

    async def kv_items(self, instance: str, prefix: str) -> Mapping[str, Any]:
        """See `Store.kv_items`."""
        pairs = await self._reader.all(sql.KV_FROM, (instance, prefix), lambda row: row)
        return {key: orjson.loads(value) for key, value in pairs if key.startswith(prefix)}

    @property
    def _writer(self) -> Writer:
        if self._opened_writer is None:
            raise Unavailable(f"{self._path} is {'open for reading only' if self._read_only else 'not open'}")
        return self._opened_writer

    @property
    def _reader(self) -> Reader:
        if self._opened_reader is None:
            raise Unavailable(f"{self._path} is not open")
        return self._opened_reader

    async def _settle(self) -> None:
        """Nobody waits until it is written what became of an effect, except for whoever asks for it."""
        if self._opened_writer is not None:
            await self._opened_writer.settle()

    async def _write(self, write: Write) -> Any:
        return await self._writer.submit(write)

    async def _open_writer(self) -> None:
        prepare(self._path)
        self._lock.take()
        try:
            await asyncio.to_thread(migrate, self._path)
            self._opened_writer = Writer(
                lambda: connect_writer(self._path), housekeeping=self._housekeeping, on_commit=self._on_commit
            )
        except BaseException:
            self._lock.release()
            raise


def _where(**wanted: str) -> tuple[str, list[str]]:
    """Return the condition that those columns given have those values."""
    given = {column: value for column, value in wanted.items() if value}
    return " AND ".join([f"{column} = ?" for column in given]) or "TRUE", list(given.values())


def _has_session(conversation: Conversation, session: str) -> bool:
    handoff = conversation.handoff
    return handoff is not None and session in {handoff.session, handoff.remote} - {""}


def _since(conversation: Conversation) -> tuple[float, str]:
    return (conversation.handoff.since if conversation.handoff else 0.0, conversation.id)
