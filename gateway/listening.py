"""Listeners hear of every commit behind a bounded queue each: slow or failing ones hold nothing up."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from gateway import log as logs
from gateway.errors import Failure

if TYPE_CHECKING:
    from gateway.given import Change
    from gateway.metrics import Metrics
    from gateway.supervisor import Running

log = logs.get()

QUEUE_CHANGES = 10_000
"""How far a listener may fall behind; beyond that it misses the oldest changes (counted)."""


class Listening:
    """One listener and what it has not heard yet."""

    def __init__(self, running: Running, metrics: Metrics) -> None:
        """`running`: the listener."""
        self._running = running
        self._metrics = metrics
        self._queue: asyncio.Queue[Change] = asyncio.Queue(QUEUE_CHANGES)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to pass changes on."""
        self._task = asyncio.create_task(self._pass_on())

    async def stop(self, *, within_seconds: float) -> None:
        """Let the listener hear what is queued, then end."""
        try:
            async with asyncio.timeout(within_seconds):
                await self._queue.join()
        except TimeoutError:
            log.warning("listener.behind", instance=self._running.name, missed=self._queue.qsize())
        if self._task:
            self._task.cancel()

    def __call__(self, change: Change) -> None:
        """Queue a change."""
        if self._queue.full():
            self._queue.get_nowait()
            self._queue.task_done()
            self._metrics.watcher_errors(self._running.name).inc()
        self._queue.put_nowait(change)

    async def _pass_on(self) -> None:
        while True:
            change = await self._queue.get()
            try:
                await self._running.call("notice", partial(self._running.component.notice, change))
            except Failure as failure:
                self._metrics.watcher_errors(self._running.name).inc()
                log.warning("listener.failed", instance=self._running.name, reason=failure.reason)
            finally:
                self._queue.task_done()
