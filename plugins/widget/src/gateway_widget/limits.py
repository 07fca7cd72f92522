"""How fast a visitor may send: a bucket per visitor that fills again with time."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from gateway import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

BURST = 40
PER_SECOND = 8.0
MOST_BUCKETS = 20_000


class Limits:
    """Buckets of recent visitors; who has not sent for long is forgotten, with a full bucket."""

    def __init__(self, now: Callable[[], float], *, burst: float = BURST, per_second: float = PER_SECOND) -> None:
        self._now = now
        self._burst = burst
        self._per_second = per_second
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> None:
        """Count one frame. Raises `Unavailable` with the delay if there were too many."""
        now = self._now()
        left, since = self._buckets.pop(client, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._per_second)
        self._remember(client, max(0.0, left - 1), now)
        if left < 1:
            raise Unavailable("too many messages at once; wait a moment", retry_after_seconds=1 / self._per_second)

    def _remember(self, client: str, left: float, now: float) -> None:
        self._buckets[client] = (left, now)
        if len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)
