"""A question to another system that many may ask, whose answer is used for some seconds so that nobody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

AnswerT = TypeVar("AnswerT")

WAIT_SECONDS = 1.0
"""How long a newer answer is waited for while an older one is at hand."""
STALE_SECONDS = 60.0
"""An answer older than that is none."""


class Lookup(Generic[AnswerT]):
    """Asks at most once at a time. What it remembers may be forgotten at any moment: it is no truth."""

    def __init__(
        self,
        ask: Callable[[], Awaitable[AnswerT]],
        *,
        now: Callable[[], float],
        fresh_seconds: float,
        failed: Callable[[str], None] = lambda _reason: None,
    ) -> None:
        """`ask` raises a `Failure` if there is no answer; `failed` is told why. `now`: unix seconds."""
        self._ask = ask
        self._now = now
        self._fresh_seconds = fresh_seconds
        self._failed = failed
        self._answers: list[AnswerT] = []
        """The last one; empty before the first."""
        self._at = 0.0
        self._asking: asyncio.Task[AnswerT] | None = None

    async def answer(self) -> AnswerT:
        """Return the answer: at once if it is fresh, soon if there is an older one. Raises a `Failure`."""
        age = self._now() - self._at
        if self._answers and age < self._fresh_seconds:
            return self._answers[0]
        asking = self.refresh()
        if not self._answers or age > STALE_SECONDS:
            return await asyncio.shield(asking)
        await asyncio.wait({asking}, timeout=WAIT_SECONDS)
        return self._answers[0]

    def refresh(self) -> asyncio.Task[AnswerT]:
        """Ask, or join in the question that is under way."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._refresh())
            self._asking.add_done_callback(self._answered)
        return self._asking

    async def stop(self) -> None:
        """Ask no more."""
        if self._asking:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _refresh(self) -> AnswerT:
        self._answers = [await self._ask()]
        self._at = self._now()
        return self._answers[0]

    def _answered(self, asking: asyncio.Task[AnswerT]) -> None:
        self._asking = None
        if not asking.cancelled() and (error := asking.exception()):
            self._failed(str(error))
