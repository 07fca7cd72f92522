"""How late the event loop is: whether there is more to do than one process can.

Something that waits for others (a slow bot, a platform that is away) does not make it late; too much work does.
"""

from __future__ import annotations

import asyncio

TICK_SECONDS = 0.02
WEIGHT = 0.2
"""What a new measurement counts against all before it: a moment's stutter is not a state."""


class LoopDelay:
    """Measures how much later than due the loop calls back, in seconds, on average over the last few times."""

    def __init__(self) -> None:
        """Nothing is measured before `start`."""
        self._seconds = 0.0
        self._due_at = 0.0
        self._tick: asyncio.TimerHandle | None = None

    @property
    def seconds(self) -> float:
        """How late it is."""
        return self._seconds

    def start(self) -> None:
        """Measure from now on. In the loop that is measured."""
        self._wait(asyncio.get_running_loop())

    def stop(self) -> None:
        """Measure no more."""
        if self._tick:
            self._tick.cancel()
            self._tick = None

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due_at = loop.time() + TICK_SECONDS
        self._tick = loop.call_at(self._due_at, self._measure, loop)

    def _measure(self, loop: asyncio.AbstractEventLoop) -> None:
        late = max(0.0, loop.time() - self._due_at)
        self._seconds += WEIGHT * (late - self._seconds)
        self._wait(loop)
