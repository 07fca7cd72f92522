"""What is wrong in a script: collected, not raised one by one, and told in the author's words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Place:
    """A line and column (from 1) and the dotted path of what stands there."""

    line: int
    column: int
    path: str = ""

    def at(self, line: int, column: int) -> Place:
        """Return the same path elsewhere in the file."""
        return replace(self, line=line, column=column)

    def below(self, key: str) -> Place:
        """Return the place of a key in the mapping here."""
        return replace(self, path=f"{self.path}.{key}" if self.path else key)

    def item(self, index: int) -> Place:
        """Return the place of a list item."""
        return replace(self, path=f"{self.path}[{index}]")


START = Place(1, 1)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to correct (or, as a warning, to look at)."""

    place: Place
    text: str

    def line(self, file: str, label: str = "") -> str:
        """Return it as one line: `file:line:column: path: text`."""
        path = f"{self.place.path}: " if self.place.path else ""
        return f"{file}:{self.place.line}:{self.place.column}: {label}{path}{self.text}"


@dataclass
class Mistakes:
    """All mistakes of one file."""

    file: str
    label: str = ""
    """Stands before each of them, for those that are only warnings."""
    found: list[Mistake] = field(default_factory=list)
    explained: set[str] = field(default_factory=set)
    """Paths of which the unknown key beside them already tells enough."""

    def add(self, place: Place, text: str) -> None:
        """Note a mistake."""
        self.found.append(Mistake(place, text))

    def add_once(self, place: Place, text: str) -> None:
        """Note a mistake unless it is noted already."""
        if Mistake(place, text) not in self.found:
            self.add(place, text)

    def add_unknown(self, place: Place, text: str, guess: str | None) -> None:
        """Note a key that means nothing, and whatever it was probably meant to be."""
        self.add(place, text)
        parent = place.path.rpartition(".")[0]
        self.explained |= {parent, f"{parent}.{guess}" if parent else str(guess)}

    def lines(self) -> list[str]:
        """Return them in the order of the file."""
        ordered = sorted(self.found, key=lambda mistake: (mistake.place.line, mistake.place.column))
        return [mistake.line(self.file, self.label) for mistake in ordered]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?`, or nothing if nothing is near."""
    guess = nearest(word, known)
    return f"; did you mean {guess!r}?" if guess else ""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that looks most like this one, if one does."""
    spelled = {name.casefold(): name for name in known}
    close = get_close_matches(word.casefold(), spelled, n=1, cutoff=0.6)
    return spelled[close[0]] if close else None


def listed(names: Iterable[str], last: str = "or") -> str:
    """Return `a, b or c`."""
    *most, end = names
    return f"{', '.join(most)} {last} {end}" if most else end
