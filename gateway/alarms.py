"""The timers of all conversations in one heap with one alarm: a million of them cost little more than their rows.

Due times are wall-clock times: the clock is looked at again at least every half minute, so that a clock that jumps (a
laptop that slept) is noticed. Where it was set back, nobody waits longer for that: the time that has really passed
counts.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass

from gateway.events import Timer

LONGEST_NAP_SECONDS = 30.0

SPARE_PLACES = 1000
"""How many places of forgotten timers the heap may hold, besides one for each that is set, before it is made anew."""

SET_BACK_SECONDS = 1.0
"""A clock that is behind by less was only corrected."""


@dataclass(slots=True, eq=False)
class Alarm:
    """A timer that is set."""

    timer: Timer
    due_at: float
    """By the clock as it is now."""
    ends_at: float
    """The same by the loop's clock, which nobody sets."""


class Alarms:
    """Rings once for each timer when it is due, unless it was replaced or dropped before."""

    def __init__(self, *, now: Callable[[], float], ring: Callable[[Timer], None]) -> None:
        """`now`: unix seconds; `ring` is called on the event loop."""
        self._now = now
        self._ring = ring
        self._current: dict[tuple[str, str], Alarm] = {}
        self._heap: list[tuple[float, str, str]] = []
        self._nap: asyncio.TimerHandle | None = None
        self._ahead = -math.inf
        """How far the clock was ahead of the loop's at most, since the last look."""

    def set(self, timer: Timer) -> None:
        """Set a timer, in place of the conversation's other one of that name."""
        ahead = self._clock_ahead()
        self._ahead = max(self._ahead, ahead)  # so that it is noticed if the clock is set back before the next look
        ends_at = timer.due_at - ahead
        self._current[timer.conversation, timer.name] = Alarm(timer, timer.due_at, ends_at)
        heapq.heappush(self._heap, (timer.due_at, timer.conversation, timer.name))
        if len(self._heap) > 2 * len(self._current) + SPARE_PLACES:
            self._heap_anew()
        if self._heap[0][0] == timer.due_at:
            self._sleep()

    def drop(self, conversation: str, name: str) -> None:
        """Forget a timer; its place in the heap is passed over when it comes up."""
        self._current.pop((conversation, name), None)

    def is_current(self, timer: Timer) -> bool:
        """Tell whether a timer was neither replaced nor dropped."""
        alarm = self._current.get((timer.conversation, timer.name))
        return alarm is not None and alarm.timer is timer

    def stop(self) -> None:
        """Ring no more."""
        if self._nap:
            self._nap.cancel()
        self._heap.clear()

    def check(self) -> None:
        """Look at the clock, ring what is due, sleep until the next."""
        self._notice_set_back()
        now = self._now()
        while self._heap and self._heap[0][0] <= now:
            due_at, conversation, name = heapq.heappop(self._heap)
            alarm = self._current.get((conversation, name))
            if alarm and alarm.due_at == due_at:
                self._ring(alarm.timer)
        self._sleep()

    def _notice_set_back(self) -> None:
        """After the clock was set back, each timer is due when it would have been."""
        before, self._ahead = self._ahead, self._clock_ahead()
        if self._ahead < before - SET_BACK_SECONDS:
            for alarm in self._current.values():
                alarm.due_at = min(alarm.due_at, alarm.ends_at + self._ahead)
            self._heap_anew()

    def _clock_ahead(self) -> float:
        return self._now() - asyncio.get_running_loop().time()

    def _heap_anew(self) -> None:
        self._heap = [(alarm.due_at, *key) for key, alarm in self._current.items()]
        heapq.heapify(self._heap)

    def _sleep(self) -> None:
        if self._nap:
            self._nap.cancel()
            self._nap = None
        if self._heap:
            seconds = min(max(0.0, self._heap[0][0] - self._now()), LONGEST_NAP_SECONDS)
            self._nap = asyncio.get_running_loop().call_later(seconds, self.check)
