"""The arithmetic of the suite: medians, intervals, goals, and whether a goal is met. No I/O."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

ResultT = TypeVar("ResultT")

RESAMPLED = 2000
SEED = 20_261_125
"""Orders and intervals are the same for the same figures."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A median and the interval it lies in with 90 % confidence."""

    middle: float
    low: float
    high: float

    def text(self, digits: int = 2) -> str:
        """Return it as the table shows it."""
        if self.low == self.high:
            return f"{self.middle:,.{digits}f}"
        return f"{self.middle:,.{digits}f} [{self.low:,.{digits}f}, {self.high:,.{digits}f}]"


def estimate(values: Sequence[float]) -> Estimate:
    """Return the median of `values` with the middle 90 % of the medians of resampled values (bootstrap)."""
    chance = random.Random(SEED)
    medians = sorted(statistics.median(chance.choices(values, k=len(values))) for _ in range(RESAMPLED))
    return Estimate(statistics.median(values), medians[RESAMPLED // 20], medians[-RESAMPLED // 20 - 1])


def ratios(ours: Sequence[float], floor: Sequence[float]) -> Estimate:
    """Compare round by round: what lay beside each other in time met the same noise."""
    return estimate([one / other for one, other in zip(ours, floor, strict=True)])


def differences(ours: Sequence[float], floor: Sequence[float]) -> Estimate:
    """As `ratios`, for what is added."""
    return estimate([one - other for one, other in zip(ours, floor, strict=True)])


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that is at least as large as `share` of all (nearest rank). Raises for no values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True)
class Goal:
    """What is wanted of a figure."""

    limit: float
    unit: str = ""
    at_least: bool = False

    def text(self) -> str:
        """Return it as the table shows it."""
        return f"{'≥' if self.at_least else '≤'} {self.limit:,g}{self.unit}"

    def verdict(self, found: Estimate) -> str:
        """Tell whether it is met; a miss whose interval reaches the goal may be noise."""
        if self._holds(found.middle):
            return "yes"
        return "no, within noise" if self._holds(found.high if self.at_least else found.low) else "no"

    def _holds(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit


def at_least(limit: float, unit: str = "") -> Goal:
    """More is better."""
    return Goal(limit, unit, at_least=True)


def at_most(limit: float, unit: str = "") -> Goal:
    """Less is better."""
    return Goal(limit, unit)


def in_turn(measures: Mapping[str, Callable[[], ResultT]], rounds: int) -> dict[str, list[ResultT]]:
    """Take all measures so often, in another order each time, so that a noisy neighbour hits everybody."""
    chance = random.Random(SEED)
    found: dict[str, list[ResultT]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name in chance.sample(list(measures), len(measures)):
            found[name].append(measures[name]())
    return found
