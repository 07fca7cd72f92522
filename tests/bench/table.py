"""What a row of the table is, and how one is taken without spoiling the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.figures import Estimate, Goal


class CannotRun(Exception):
    """What is missing on this machine to measure a row."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """How a run is done."""

    folder: Path
    """For everything that is written; removed afterwards."""
    tell: Callable[[str], None]
    """Shows progress."""
    rounds: int = 14
    seconds: float = 1.0
    """Length of a slice."""
    quick: bool = False
    """Only to see that it works: small amounts."""
    conversations: int = 50_000
    """How many lie in the big store, with twenty entries each."""
    sockets: int = 10_000
    """How many idle widgets there are."""

    def room(self, name: str) -> Path:
        """Return a new folder."""
        folder = self.folder / name
        folder.mkdir(parents=True)
        return folder


@dataclass(frozen=True, slots=True)
class Target:
    """A line of the table before it is measured."""

    what: str
    goal: Goal
    digits: int = 2


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table."""

    target: Target
    found: Estimate | None = None
    measured: str = ""
    """Both sides in absolute figures; the reason, if it could not be measured."""
    smaller: bool = False
    """Measured with less than the goal speaks of."""

    def as_json(self, row: str) -> dict[str, Any]:
        """Return it as it is stored."""
        found = self.found
        return {
            "row": row,
            "what": self.target.what,
            "goal": self.target.goal.text(),
            "measured": self.measured,
            "found": found and {"median": found.middle, "low": found.low, "high": found.high},
            "shown": found.text(self.target.digits) + self.target.goal.unit if found else "",
            "met": self._verdict(),
        }

    def _verdict(self) -> str:
        if self.found is None:
            return "not measured"
        return self.target.goal.verdict(self.found) + (", at a smaller size" if self.smaller else "")


@dataclass(frozen=True, slots=True)
class Row:
    """Something to be measured: one or several lines that share servers."""

    name: str
    how: str
    """What is done, for the reader of the page."""
    targets: tuple[Target, ...]
    measure: Callable[[Bench], Iterator[Line]]


@dataclass(slots=True)
class Taken:
    """A row that was measured."""

    row: Row
    lines: list[Line] = field(default_factory=list)
    seconds: float = 0.0

    def as_json(self) -> list[dict[str, Any]]:
        """Return its lines as they are stored."""
        return [line.as_json(self.row.name) for line in self.lines]


def take(row: Row, bench: Bench) -> Taken:
    """Measure a row. Whatever goes wrong stays in its own lines."""
    taken = Taken(row)
    began = time.monotonic()
    reason = "it told nothing"
    try:
        for line in row.measure(bench):
            bench.tell(f"{row.name}: {line.target.what}: {line.found.text() if line.found else line.measured}")
            taken.lines.append(line)
    except Exception as problem:  # noqa: BLE001 - the others are still to be measured
        reason = f"could not be measured: {str(problem) or type(problem).__name__}"
        bench.tell(f"{row.name}: {reason} ({type(problem).__name__})")
    told = {line.target for line in taken.lines}
    taken.lines += [Line(target, measured=reason) for target in row.targets if target not in told]
    taken.seconds = time.monotonic() - began
    return taken
