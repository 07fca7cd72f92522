"""How much the gateway takes on: past its limits, what would add to the load is put off before anything was accepted.

What is refused here was not acknowledged, so its sender keeps it and comes again. Whatever lowers the load (outcomes,
agents' words, the end of a dialog) is never refused. Nothing has to be switched back: as the load falls, all is taken.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway import log as logs
from gateway.errors import Overloaded

if TYPE_CHECKING:
    from collections.abc import Callable

log = logs.get()

LOOK_SECONDS = 0.02
"""How long a look at the load counts: looking costs more than an event."""
LATE_EFFECTS, LATE_EVENTS = 200, 64
"""What a gateway at full work has in hand anyway; more would only wait."""
RETRY_SECONDS = 2.0
TELL_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What is too much."""

    pending_effects: int = 20_000
    events_under_way: int = 128
    store_delay_seconds: float = 2.0
    loop_delay_seconds: float = 0.006
    """So late the gateway has all it can do: from then on the first two are `LATE_EFFECTS` and `LATE_EVENTS`."""


class Load:
    """Knows whether there is room for more."""

    def __init__(
        self,
        *,
        limits: Limits,
        pending_effects: Callable[[], int],
        events_under_way: Callable[[], int],
        store_delay: Callable[[], float],
        loop_delay: Callable[[], float] = lambda: 0.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """What there is of each, and delays in seconds; asked at most each `LOOK_SECONDS`."""
        self._limits = limits
        self._pending_effects = pending_effects
        self._events_under_way = events_under_way
        self._store_delay = store_delay
        self._loop_delay = loop_delay
        self._now = now
        self._looked_at = float("-inf")
        self._told_at = float("-inf")
        self._reason = ""

    @property
    def excess(self) -> str:
        """Say what there is too much of; empty: there is room."""
        now = self._now()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at, before, self._reason = now, self._reason, self._look()
            self._tell(before, now)
        return self._reason

    def expect_room(self) -> None:
        """Raise `Overloaded` if there is none."""
        if reason := self.excess:
            raise Overloaded(f"too busy: {reason}", retry_after_seconds=RETRY_SECONDS)

    def _tell(self, before: str, now: float) -> None:
        """Log that it has begun, and that it is over, once a minute at most: it may come and go many times a second."""
        if bool(before) == bool(self._reason) or now - self._told_at < TELL_SECONDS:
            return
        self._told_at = now
        if self._reason:
            log.warning("load.too_much", reason=self._reason)
        else:
            log.info("load.room_again")

    def _look(self) -> str:
        pending, events, delay = self._pending_effects(), self._events_under_way(), self._store_delay()
        if pending >= self._limits.pending_effects:
            return f"{pending} deliveries are waiting"
        if events >= self._limits.events_under_way:
            return f"{events} events are under way"
        if delay >= self._limits.store_delay_seconds:
            return f"the store is {delay:.1f} s behind"
        is_much = pending >= LATE_EFFECTS or events >= LATE_EVENTS
        if is_much and self._loop_delay() >= self._limits.loop_delay_seconds:
            return f"there is more to do than can be done at once ({pending} deliveries, {events} events)"
        return ""
