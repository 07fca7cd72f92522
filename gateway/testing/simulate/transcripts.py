"""Transcripts a stage keeps by itself, where the fake does not."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from itertools import count
from typing import Any

from gateway.testing.simulate.stage import Button, File, Line, Span, plain

OK = range(200, 300)


class Transcript:
    """The lines of one dialog, in the order they came about."""

    def __init__(self) -> None:
        """Nothing has been said."""
        self._lines: dict[str, Line] = {}
        self._ids = count(1)

    @property
    def lines(self) -> tuple[Line, ...]:
        """All lines."""
        return tuple(self._lines.values())

    def says(self, who: Any, text: str, *, name: str = "", files: Iterable[File] = ()) -> str:
        """Somebody says something; return the line's id."""
        return self.add(Line(id="", who=who, name=name, spans=plain(text), files=tuple(files)))

    def happens(self, text: str) -> str:
        """Something happens."""
        return self.add(Line(id="", who="event", spans=plain(text)))

    def add(self, line: Line) -> str:
        """Add any line; its id and time are given here."""
        key = str(next(self._ids))
        self._lines[key] = replace(line, id=key, at=time.time())
        return key

    def change(self, key: str, **changes: Any) -> None:
        """Change a line."""
        self._lines[key] = replace(self._lines[key], **changes)

    def settle(self, key: str, status: int, *, act: str = "") -> None:
        """The gateway has answered a line with a status. `act`: what tries again, given the line's id as `value`."""
        if status in OK:
            self.change(key, waiting=False, problem="", retry=None)
            return
        problem = f"the gateway answered {status}" if status else "the gateway did not answer"
        retry = Button(label="Send again", act=act, value=key) if act else None
        self.change(key, waiting=False, problem=problem, retry=retry)


def unused() -> int:
    """Return a number to count from that no simulation before has used: the gateway remembers what it has seen."""
    return int(time.time() * 10)


def newest_first(line: Line | None) -> float:
    """Sort by this: who has the newest line comes first."""
    return -line.at if line else 0


def words(spans: Iterable[Span]) -> str:
    """Return a line's words without their look."""
    return "".join(span.text for span in spans)
