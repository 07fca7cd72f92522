"""The configuration as it was written: plain data, the place of every key and value, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

VARIABLE = "environment variable"
PREFIX = "GATEWAY_"
"""Of the variables that override the file."""
"""What a place that is no file begins with."""

Address = tuple[str | int, ...]
"""Where something stands in the configuration: `("channels", "shop", "token")`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where something was written. Lines and columns count from 1; 0 means that the place has none."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One mistake, with its place. `str()` of it is the one line users see."""

    file: str
    """As the user named it; `environment variable NAME` for an override."""
    line: int = 0
    column: int = 0
    path: str = ""
    """Dotted: `channels.shop.token`; empty for the file as a whole."""
    message: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = str(Place(file=self.file, line=self.line, column=self.column))
        warning = "warning" if self.severity == "warning" else ""
        return ": ".join(part for part in (place, warning, self.path, self.message) if part)


@dataclass(kw_only=True, slots=True)
class Source:
    """Everything that was written, from all places, and the problems found so far."""

    file: str
    data: dict[str, Any] = field(default_factory=dict)
    keys: dict[Address, Place] = field(default_factory=dict)
    """Where each key stands."""
    values: dict[Address, Place] = field(default_factory=dict)
    """Where each value begins."""
    hidden: set[Address] = field(default_factory=set)
    """Values that came from a secret: never shown."""
    secrets: set[str] = field(default_factory=set)
    """The secrets themselves, for redaction."""
    settled: set[Address] = field(default_factory=set)
    """Values already complained about: nothing more is said about them."""
    problems: list[Problem] = field(default_factory=list)

    def complain(self, address: Address, message: str, *, at_key: bool = False, warning: bool = False) -> None:
        """Note a problem with the value (or the key) at `address`; if nothing is there, at what encloses it."""
        place = self.place(address, at_key=at_key)
        self.problems.append(
            Problem(
                file=place.file,
                line=place.line,
                column=place.column,
                path=dotted(address),
                message=message,
                severity="warning" if warning else "error",
            )
        )

    def place(self, address: Address, *, at_key: bool = False) -> Place:
        """Return where the value (or key) at `address` stands, or the innermost thing around it."""
        first, second = (self.keys, self.values) if at_key else (self.values, self.keys)
        if address in first:
            return first[address]
        if address in second:
            return second[address]
        return self.place(address[:-1], at_key=True) if address else Place(file=self.file)

    def is_settled(self, address: Address) -> bool:
        """Tell whether a problem with this value, or with what encloses it, was noted before."""
        return any(address[:length] in self.settled for length in range(1, len(address) + 1))

    def is_hidden(self, address: Address) -> bool:
        """Tell whether this value is, contains or is inside a secret."""
        return any(hidden[: len(address)] == address or address[: len(hidden)] == hidden for hidden in self.hidden)

    @property
    def failed(self) -> bool:
        """True if something is wrong that keeps the gateway from starting."""
        return any(problem.severity == "error" for problem in self.problems)

    def sorted_problems(self) -> tuple[Problem, ...]:
        """Return the problems in the order of their places."""
        return tuple(sorted(self.problems, key=lambda problem: (problem.file, problem.line, problem.column)))


def dotted(address: Address) -> str:
    """Return an address as it is written in messages: `routes.support.handoff[1]`."""
    text = ""
    for step in address:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
