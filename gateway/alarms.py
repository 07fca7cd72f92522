"""The timers of all conversations in one heap with one alarm: a million of them cost little more than their rows.

Due times are wall-clock times: the clock is looked at again at least every half minute, so that a clock that jumps (a
laptop that slept) is noticed.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable

from gateway.events import Timer

LONGEST_NAP_SECONDS = 30.0

SPARE_PLACES = 1000
"""How many places of forgotten timers the heap may hold, besides one for each that is set, before it is made anew."""


class Alarms:
    """Rings once for each timer when it is due, unless it was replaced or dropped before."""

    def __init__(self, *, now: Callable[[], float], ring: Callable[[Timer], None]) -> None:
        """`now`: unix seconds; `ring` is called on the event loop."""
        self._now = now
        self._ring = ring
        self._current: dict[tuple[str, str], Timer] = {}
        self._heap: list[tuple[float, str, str]] = []
        self._nap: asyncio.TimerHandle | None = None

    def set(self, timer: Timer) -> None:
        """Set a timer, in place of the conversation's other one of that name."""
        self._current[timer.conversation, timer.name] = timer
        heapq.heappush(self._heap, (timer.due_at, timer.conversation, timer.name))
        if len(self._heap) > 2 * len(self._current) + SPARE_PLACES:
            self._heap = [(each.due_at, each.conversation, each.name) for each in self._current.values()]
            heapq.heapify(self._heap)
        if self._heap[0][0] == timer.due_at:
            self._sleep()

    def drop(self, conversation: str, name: str) -> None:
        """Forget a timer; its place in the heap is passed over when it comes up."""
        self._current.pop((conversation, name), None)

    def is_current(self, timer: Timer) -> bool:
        """Tell whether a timer was neither replaced nor dropped."""
        return self._current.get((timer.conversation, timer.name)) is timer

    def stop(self) -> None:
        """Ring no more."""
        if self._nap:
            self._nap.cancel()
        self._heap.clear()

    def check(self) -> None:
        """Look at the clock, ring what is due, sleep until the next."""
        now = self._now()
        while self._heap and self._heap[0][0] <= now:
            due_at, conversation, name = heapq.heappop(self._heap)
            timer = self._current.get((conversation, name))
            if timer and timer.due_at == due_at:
                self._ring(timer)
        self._sleep()

    def _sleep(self) -> None:
        if self._nap:
            self._nap.cancel()
            self._nap = None
        if self._heap:
            seconds = min(max(0.0, self._heap[0][0] - self._now()), LONGEST_NAP_SECONDS)
            self._nap = asyncio.get_running_loop().call_later(seconds, self.check)
