"""Reads the table of scenarios: `scenarios.txt`, which says at its head how it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("scenarios.txt")
TOPOLOGIES = "abcd"
MARK = re.compile(r"\s+\[(?P<letters>[abcd]+)\]$")
SECTIONS = ("steps", "log", "client", "agent")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the table, and the topologies it is true in."""

    words: str
    letters: str = TOPOLOGIES

    @classmethod
    def read(cls, text: str) -> Line:
        found = MARK.search(text)
        words = " ".join((text[: found.start()] if found else text).split())
        return cls(words=words, letters=found["letters"] if found else TOPOLOGIES)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One story, and what log, client and agent have to show for it."""

    title: Line
    route: dict[str, Any] = field(default_factory=dict)
    """Options of the route it needs."""
    sections: dict[str, tuple[Line, ...]]

    def __str__(self) -> str:
        return self.title.words

    def concerns(self, letter: str) -> bool:
        return letter in self.title.letters

    @property
    def has_crash(self) -> bool:
        return any(line.words == "gateway crashes" for line in self.sections["steps"])

    def lines(self, section: str, letter: str) -> list[str]:
        """Return what a section says about a topology."""
        return [line.words for line in self.sections[section] if letter in line.letters]

    def phases(self, letter: str) -> list[list[str]]:
        """Return the steps up to a crash, between crash and start, and after it; one list without a crash."""
        phases: list[list[str]] = [[]]
        for words in self.lines("steps", letter):
            if words in {"gateway crashes", "gateway starts again"}:
                phases.append([])
            else:
                phases[-1].append(words)
        return phases


def read(text: str) -> Iterator[Scenario]:
    """Read scenarios; what stands before the first one is for people."""
    for chapter in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        head, *rest = re.split(r"^--- (\w+)\n", chapter, flags=re.MULTILINE)
        title, _, more = head.partition("\n")
        sections = dict(zip(rest[::2], rest[1::2], strict=True))
        assert tuple(sections) == SECTIONS, f"{title}: sections are {', '.join(SECTIONS)}, in this order"
        yield Scenario(
            title=Line.read(title),
            route=yaml.safe_load(more) or {},
            sections={name: tuple(_lines(text)) for name, text in sections.items()},
        )


def _lines(text: str) -> Iterator[Line]:
    return (Line.read(line) for line in text.splitlines() if line.strip())


def scenarios() -> Sequence[Scenario]:
    """Return the table."""
    return tuple(read(FILE.read_text(encoding="utf-8")))
