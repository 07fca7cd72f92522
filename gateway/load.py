"""How much the gateway takes on: past its limits, what would add to the load is put off before anything was accepted.

What is refused here was not acknowledged, so its sender keeps it and comes again. Whatever lowers the load (outcomes,
agents' words, the end of a dialog) is never refused. Nothing has to be switched back: as the load falls, all is taken.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_SECONDS = 0.05
"""How long a look at the load counts: looking costs more than an event."""
RETRY_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What is too much."""

    pending_effects: int = 20_000
    store_delay_seconds: float = 2.0


class Load:
    """Knows whether there is room for more."""

    def __init__(
        self,
        *,
        limits: Limits,
        pending_effects: Callable[[], int],
        store_delay: Callable[[], float],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`pending_effects` and `store_delay` (in seconds) are asked at most each `LOOK_SECONDS`."""
        self._limits = limits
        self._pending_effects = pending_effects
        self._store_delay = store_delay
        self._now = now
        self._looked_at = float("-inf")
        self._reason = ""

    @property
    def excess(self) -> str:
        """Say what there is too much of; empty: there is room."""
        now = self._now()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at, self._reason = now, self._look()
        return self._reason

    def expect_room(self) -> None:
        """Raise `Unavailable` if there is none."""
        if reason := self.excess:
            raise Unavailable(f"too busy: {reason}", retry_after_seconds=RETRY_SECONDS)

    def _look(self) -> str:
        pending, delay = self._pending_effects(), self._store_delay()
        if pending >= self._limits.pending_effects:
            return f"{pending} deliveries are waiting"
        if delay >= self._limits.store_delay_seconds:
            return f"the store is {delay:.1f} s behind"
        return ""
