"""Regular expressions that cannot hang the gateway: bounded text, bounded time. The only module that knows `regex`."""

from __future__ import annotations

from functools import cache
from typing import Any

import regex  # type: ignore[import-untyped]

LONGEST_TEXT = 2000
"""Characters of a client's text that are looked at."""
LONGEST_SECONDS = 0.05
"""For one search. An honest pattern needs microseconds; one that explodes counts as not found."""


class BadPattern(ValueError):
    """The pattern is wrong at character `position` (from 1)."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(f"{reason} at character {position}")
        self.position = position


@cache
def compiled(pattern: str) -> Any:
    """Return the compiled pattern: no case, Unicode. Raises `BadPattern`."""
    try:
        return regex.compile(pattern, regex.IGNORECASE | regex.UNICODE | regex.VERSION0)
    except regex.error as error:
        raise BadPattern(str(error.msg), (error.pos or 0) + 1) from None
    except (OverflowError, RecursionError, ValueError) as error:
        raise BadPattern(str(error), 1) from None


def captures(pattern: str) -> tuple[str, ...]:
    """Return the names of its groups; none if it is no pattern at all."""
    try:
        return tuple(compiled(pattern).groupindex)
    except BadPattern:
        return ()


def search(pattern: str, text: str) -> dict[str, str] | None:
    """Return what the named groups caught, or None if the pattern is not found (in time)."""
    try:
        found = compiled(pattern).search(text[:LONGEST_TEXT], timeout=LONGEST_SECONDS)
    except TimeoutError:
        return None
    return None if found is None else {name: value for name, value in found.groupdict().items() if value is not None}
