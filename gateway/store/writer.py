"""The one thread that writes.

It commits whatever was handed in while it was committing before: under load many steps share one fsync, and alone a
step waits for nobody.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from gateway.errors import Unavailable
from gateway.store.batch import Call, Trouble, Write, write_all
from gateway.store.contract import nothing

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.store.batch import Outcome
    from gateway.store.housekeeping import Housekeeping

LARGEST_BATCH = 256
LONGEST_QUEUE = 20_000
IDLE_SECONDS = 1.0
LAZY_SECONDS = 0.05
"""How long a write nobody waits for may wait for company."""

_log = structlog.get_logger(__name__)
_SURVIVED = {"SQLITE_FULL", "SQLITE_BUSY", "SQLITE_LOCKED"}
"""After any other trouble the file is opened anew."""


class Written(asyncio.Future[Any]):
    """Done when a write is on disk. It cannot be called back, so who is cancelled waits for it nevertheless."""

    def cancel(self, msg: Any | None = None) -> bool:  # noqa: ARG002 - the signature of a future
        """Refuse: then asyncio cancels who waits as soon as this is done."""
        return False


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    write: Write
    future: Written | None = None
    """None: nobody waits for it."""
    done: Callable[[], None] = nothing
    """Called when it is on disk and has changed something."""
    since: float = field(default_factory=time.monotonic)


class Writer:
    """Owns the writing connection. Its public methods belong to the event loop, the rest to its thread."""

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        *,
        housekeeping: Housekeeping,
        on_commit: Callable[[float, int], None] = lambda _seconds, _writes: None,
    ) -> None:
        self.healthy = ""
        """Empty, or why the last try to write failed."""
        self._connect = connect
        self._connection: sqlite3.Connection | None = connect()
        self._housekeeping = housekeeping
        self._on_commit = on_commit
        self._jobs: deque[_Job] = deque()
        self._deferred: list[_Job] = []
        self._signal: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._signalled = False
        self._waiting = 0
        self._nap: asyncio.TimerHandle | None = None
        self._stopping = False
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="gateway-store-writer", daemon=True)
        self._thread.start()

    def submit(self, write: Write, *, done: Callable[[], None] = nothing) -> Written:
        """Hand in a write; the future is done when it is on disk, or fails. Raises `Unavailable`.

        `done` is called before, if it has changed something.
        """
        if self._stopping:
            raise Unavailable("the store is closed")
        if self._waiting >= LONGEST_QUEUE:
            raise Unavailable(f"the store is behind: {self._waiting} writes wait for the disk")
        future = Written(loop=self._loop)
        self._waiting += 1
        self._jobs.append(_Job(write, future, done))
        self._wake()
        return future

    def submit_unawaited(self, write: Write) -> None:
        """Hand in a write that is made at once, or with what is being written now, and that nobody waits for."""
        self._jobs.append(_Job(write))
        self._wake()

    def submit_lazily(self, write: Write) -> None:
        """Hand in a write that the next batch takes along; if none comes soon, it makes one."""
        self._jobs.append(_Job(write))
        if self._nap is None:
            self._nap = self._loop.call_later(LAZY_SECONDS, self._wake_for_lazy)

    async def settle(self) -> None:
        """Return when everything handed in so far is written, also what nobody waits for, or cannot be written now.

        Asks the thread even if nothing is queued here: it may just be writing what it took.
        """
        with suppress(Unavailable):
            await self.submit(_NOTHING)

    @property
    def delay_seconds(self) -> float:
        """How long the oldest write that was not begun with has waited."""
        try:
            return time.monotonic() - self._jobs[0].since
        except IndexError:  # The other thread may have just taken it.
            return 0.0

    async def stop(self) -> None:
        """Write what was handed in, fold the write-ahead log into the file, and end."""
        self._stopping = True
        if self._nap:
            self._nap.cancel()
        self._wake()
        await self._loop.run_in_executor(None, self._thread.join)

    def _wake_for_lazy(self) -> None:
        self._nap = None
        if self._jobs:
            self._wake()

    def _wake(self) -> None:
        if not self._signalled:
            self._signalled = True
            self._signal.put(None)

    def _settle(self, jobs: list[_Job], outcomes: list[Outcome]) -> None:
        for job, outcome in zip(jobs, outcomes, strict=True):
            if job.future is not None:
                self._waiting -= 1
                _resolve(job.future, outcome, job.done)

    # --- on the writer's thread ---

    def _run(self) -> None:
        more = False
        while self._jobs or not self._stopping:
            if not more:
                self._wait()
            jobs = [self._jobs.popleft() for _ in range(min(len(self._jobs), LARGEST_BATCH))]
            more = len(jobs) == LARGEST_BATCH
            if jobs or self._deferred or self.healthy or self._housekeeping.is_due():
                self._commit(jobs)
        self._finish()

    def _wait(self) -> None:
        """Return as soon as somebody waits for a write, or after a second.

        The flag falls before the queue is read: what is handed in after the reading rings again.
        """
        with suppress(queue.Empty):
            self._signal.get(timeout=0 if self._stopping else IDLE_SECONDS)
            self._signalled = False

    def _commit(self, new: list[_Job]) -> None:
        jobs = self._deferred + new
        if self._housekeeping.is_due():
            jobs.append(_Job(self._housekeeping))
        outcomes = self._write([job.write for job in jobs])
        self._deferred = [
            job
            for job, outcome in zip(jobs, outcomes, strict=False)
            if isinstance(outcome, Trouble) and job.future is None and job.write is not self._housekeeping
        ]
        self._report(jobs, outcomes)

    def _write(self, writes: list[Write]) -> list[Outcome]:
        """Return the outcomes; with nothing to write, find out whether writing is possible again."""
        try:
            connection = self._connection = self._connection or self._connect()
        except Exception as problem:  # noqa: BLE001 - whatever it is, nothing can be written
            outcomes: list[Outcome] = [Trouble(problem)] * max(len(writes), 1)
        else:
            started = time.perf_counter()
            outcomes = write_all(connection, writes or [_PROBE])
            self._on_commit(time.perf_counter() - started, len(writes))
        trouble = next((outcome for outcome in outcomes if isinstance(outcome, Trouble)), None)
        self._note(trouble)
        return outcomes

    def _note(self, trouble: Trouble | None) -> None:
        reason = "" if trouble is None else f"cannot write the store: {trouble}"
        if reason and not self.healthy:
            _log.error("store.write_failed", reason=reason)
        if self.healthy and not reason:
            _log.info("store.recovered")
        self.healthy = reason
        if trouble is not None and trouble.name not in _SURVIVED:
            self._disconnect()

    def _report(self, jobs: list[_Job], outcomes: list[Outcome]) -> None:
        settled = [Unavailable(self.healthy) if isinstance(each, Trouble) else each for each in outcomes]
        with suppress(RuntimeError):  # The loop is gone, and everybody who waited with it.
            self._loop.call_soon_threadsafe(self._settle, jobs, settled[: len(jobs)])

    def _finish(self) -> None:
        if self._deferred:
            self._commit([])
        if self._deferred:
            _log.warning("store.attempts_forgotten", count=len(self._deferred), reason=self.healthy)
        with suppress(sqlite3.Error):
            if self._connection is not None:
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


def _resolve(future: Written, outcome: Outcome, done: Callable[[], None]) -> None:
    """Do what follows from a write, then let who waits for it go on."""
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
        return
    try:
        if outcome:
            done()
    except Exception as fault:  # noqa: BLE001 - it goes to the author of the write
        future.set_exception(fault)
    else:
        future.set_result(outcome)


def _touch(connection: sqlite3.Connection) -> None:
    """Write a page that is always there: the version, as it is."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.execute(f"PRAGMA user_version = {version}")


_PROBE = Call(_touch)
_NOTHING = Call(lambda _connection: None)
