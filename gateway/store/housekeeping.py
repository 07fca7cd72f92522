"""What may be forgotten, in slices small enough that nobody who waits for a commit notices."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.ids import first_id
from gateway.store import statements as sql

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from gateway.store.batch import Batch

SLICE = 500
_BUSY_SECONDS = 0.1
_QUIET_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Retention:
    """How long things are kept that are only of use for a while. Dead letters stay until somebody decides."""

    dedup_hours: float = 72.0
    """An event that comes again later than this is taken for a new one."""
    effects_days: float = 30.0
    """How far back `gateway trace` sees finished deliveries."""


class Housekeeping:
    """A write that deletes a slice of what is old: often while there is more, once a minute otherwise."""

    def __init__(self, retention: Retention, clock: Callable[[], float]) -> None:
        self._retention = retention
        self._clock = clock
        self._due_at = time.monotonic() + _QUIET_SECONDS

    def is_due(self) -> bool:
        """Tell whether a batch should take it along."""
        return time.monotonic() >= self._due_at

    def apply(self, batch: Batch) -> int:
        """Delete a slice; return how many rows."""
        batch.flush()
        return self.prune(batch.connection)

    def prune(self, connection: sqlite3.Connection) -> int:
        """Delete a slice of each table; return how many rows."""
        self._due_at = time.monotonic() + _QUIET_SECONDS
        now = self._clock()
        seen_before = now - self._retention.dedup_hours * 3600
        ended_before = now - self._retention.effects_days * 86400
        dedup = connection.execute(sql.PRUNE_DEDUP, (seen_before, SLICE)).rowcount
        first = first_id(max(ended_before, 0.0))
        effects = connection.execute(sql.PRUNE_EFFECTS, (first, ended_before, SLICE)).rowcount
        if SLICE in {dedup, effects}:
            self._due_at = time.monotonic() + _BUSY_SECONDS
        return dedup + effects
