"""Ids of our own: short, safe in URLs and file names, and sorted as text they are sorted by time."""

from __future__ import annotations

import secrets
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no `i`, `l`, `o`, `u`, so that an id survives being read aloud."""

LENGTH = 13
_COUNTER_BITS = 20
_START_BITS = _COUNTER_BITS - 1
_PAIRS = [one + other for one in ALPHABET for other in ALPHABET]
_SHIFTS = range(10 * (LENGTH // 2), -1, -10)


class Ids:
    """A source of ids that only grows, also when the clock steps back and when threads share it.

    An id is 64 bits: unix milliseconds, then a counter that starts somewhere new in each millisecond, so that two
    processes hardly ever meet. A million ids in one millisecond simply borrow from the next one.
    """

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = 0

    def __call__(self) -> str:
        """Return the next id."""
        with self._lock:
            now = _at(self._clock())
            stale = now >> _COUNTER_BITS <= self._last >> _COUNTER_BITS
            self._last = self._last + 1 if stale else now | secrets.randbits(_START_BITS)
            return _text(self._last)


def first_id(at: float) -> str:
    """Return the smallest id that could be made at `at` (unix seconds): ids made before are smaller as text."""
    return _text(_at(at))


def _at(seconds: float) -> int:
    return int(seconds * 1000) << _COUNTER_BITS


def _text(number: int) -> str:
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])[1:]


new_id = Ids()
"""The process's source: `new_id()` returns 13 characters."""
