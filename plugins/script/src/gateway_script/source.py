"""YAML as people write it: plain data in which every value still knows its line, column and dotted path.

Scalars stay text as written (`007`, `no` and `1.50` are what a support lead typed, not an octal number, a boolean and
a shorter number); whoever wants a number converts it. Only an empty value is None.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from gateway_script.mistakes import START, Place

if TYPE_CHECKING:
    from gateway_script.mistakes import Mistakes

MOST_VALUES = 50_000
"""Aliases can make a small file huge; no honest script comes near this."""

EMPTY = {"", "~", "null", "Null", "NULL"}
PLAIN = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map", "!"}


class TooMany(Exception):
    """More values than `MOST_VALUES`."""


class Word(str):
    """A scalar, as written."""

    __slots__ = ("place", "quoted")
    place: Place
    quoted: bool


class Table(dict[str, Any]):
    """A mapping. `places` are those of its keys, `value_places` those of its values."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.places: dict[str, Place] = {}
        self.value_places: dict[str, Place] = {}


class Items(list[Any]):
    """A list. `places` are those of its items."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.places: list[Place] = []


class Loader(yaml.SafeLoader):
    """Recognises no type but text: see above."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - declared so by PyYAML


def read(text: str, mistakes: Mistakes) -> Table | None:
    """Return the document, or None if it is no mapping; what is wrong with it stands in `mistakes`."""
    node = compose(text, mistakes)
    if node is None:
        return None
    try:
        root = Reader(mistakes).value(node, START)
    except TooMany:
        mistakes.add(START, f"more than {MOST_VALUES} values; are aliases multiplying them?")
        return None
    if isinstance(root, Table):
        return root
    mistakes.add(START, "a script is a mapping with keys like `start`, `rules`, `steps`")
    return None


def compose(text: str, mistakes: Mistakes) -> yaml.Node | None:
    """Parse the YAML. Its grammar stops at the first mistake; tabs are all named."""
    try:
        node: yaml.Node | None = Loader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        report_syntax(text, error, mistakes)
        return None
    except yaml.YAMLError as error:
        report_character(text, error, mistakes)
        return None
    if node is None:
        mistakes.add(START, "the file is empty; begin with `start:` and what the bot says first")
    return node


def report_syntax(text: str, error: yaml.MarkedYAMLError, mistakes: Mistakes) -> None:
    """Say where the parser gave up, and all tabs if one of them was the reason."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    tabs = list(tab_indents(text))
    for tab_line, tab_column in tabs:
        mistakes.add(Place(tab_line, tab_column), "a tab in the indentation; YAML wants spaces")
    if not any(tab_line == line + 1 for tab_line, _ in tabs):
        mistakes.add(Place(line + 1, column + 1), f"this is not YAML: {wording(error)}")


def wording(error: yaml.MarkedYAMLError) -> str:
    """What the parser says, with the usual cure."""
    problem = (error.problem or "cannot be read").removeprefix("but ")
    cures = {
        "mapping values are not allowed here": "put the text in quotes if it contains a colon",
        "expected <block end>, but found": "check the indentation: the items of one list start in the same column",
        "cannot start any token": "put the text in quotes if it starts with a special character",
        ", but got": "put texts between { } or [ ] in quotes if they contain , : ? or brackets",
        "could not find expected ':'": "a key needs a colon and a space after it",
        "found unexpected end of stream": "a quote or bracket is not closed",
        "undefined alias": "`*name` needs an `&name` before it; put the text in quotes if it starts with *",
        "expected a single document": "a script is one document: remove the `---` between",
        "expected alphabetic or numeric character": "put the text in quotes if it starts with * or &",
        "found duplicate anchor": "give each `&name` once",
    }
    text = f"{error.context or ''} {problem}"
    cure = next((cure for start, cure in cures.items() if start in text), "")
    return f"{problem} ({cure})" if cure else problem


def tab_indents(text: str) -> list[tuple[int, int]]:
    """Return line and column of the first tab of each indentation that has one."""
    return [
        (number, line.index("\t") + 1)
        for number, line in enumerate(text.split("\n"), start=1)
        if re.match(r" *\t+\s*\S", line)
    ]


def report_character(text: str, error: yaml.YAMLError, mistakes: Mistakes) -> None:
    """A character YAML does not allow at all."""
    position = getattr(error, "position", 0)
    before = text[:position]
    place = Place(before.count("\n") + 1, position - before.rfind("\n"))
    mistakes.add(place, "an invisible control character; delete it")


@dataclass
class Reader:
    """Turns nodes into data."""

    mistakes: Mistakes
    seen: int = 0

    def value(self, node: yaml.Node, place: Place, inside: tuple[yaml.Node, ...] = ()) -> Any:
        """Return the node's data. `place.path` is where it hangs, line and column are taken from the node."""
        place = place.at(node.start_mark.line + 1, node.start_mark.column + 1)
        self.seen += 1
        if node in inside:
            self.mistakes.add(place, "an alias that contains itself")
            return word("…", place)
        if self.seen > MOST_VALUES:
            raise TooMany
        self.check_tag(node, place)
        if isinstance(node, yaml.MappingNode):
            return self.table(node, place, (*inside, node))
        if isinstance(node, yaml.SequenceNode):
            return self.items(node, place, (*inside, node))
        return scalar(node, place)

    def check_tag(self, node: yaml.Node, place: Place) -> None:
        """Refuse `!!python/…` and friends."""
        if node.tag not in PLAIN:
            self.mistakes.add(place, f"the tag {node.tag!r} means nothing in a script; remove it")

    def table(self, node: yaml.MappingNode, place: Place, inside: tuple[yaml.Node, ...]) -> Table:
        """Return a mapping; the first of duplicate keys wins, the others are reported."""
        table = Table(place)
        for key_node, value_node in node.value:
            here = place.at(key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if not isinstance(key_node, yaml.ScalarNode):
                self.mistakes.add(here, "a key must be a word; put texts that start with { or [ in quotes")
                continue
            self.entry(table, key_node.value, here.below(key_node.value), value_node, inside)
        return table

    def entry(self, table: Table, key: str, here: Place, node: yaml.Node, inside: tuple[yaml.Node, ...]) -> None:
        """Add one pair."""
        if key in table:
            first = table.places[key].line
            self.mistakes.add(here, f"this key stands here twice, first in line {first}; join the two")
            return
        table.places[key] = here
        table.value_places[key] = here.at(node.start_mark.line + 1, node.start_mark.column + 1)
        table[key] = self.value(node, here, inside)

    def items(self, node: yaml.SequenceNode, place: Place, inside: tuple[yaml.Node, ...]) -> Items:
        """Return a list."""
        items = Items(place)
        for index, item_node in enumerate(node.value):
            here = place.item(index).at(item_node.start_mark.line + 1, item_node.start_mark.column + 1)
            items.places.append(here)
            items.append(self.value(item_node, here, inside))
        return items


def scalar(node: yaml.Node, place: Place) -> Word | None:
    """Return a scalar as written, or None for an empty one."""
    style = getattr(node, "style", None)
    if style is None and node.value in EMPTY:
        return None
    return word(node.value, place, quoted=style is not None)


def word(text: str, place: Place, *, quoted: bool = False) -> Word:
    """Return a scalar with its place."""
    made = Word(text)
    made.place = place
    made.quoted = quoted
    return made


def place_of(root: Table, loc: tuple[int | str, ...]) -> Place:
    """Return where a value is, by its path; steps that name no key (pydantic's tags) are left out."""
    value: Any = root
    place = root.place
    for number, step in enumerate(loc):
        if isinstance(value, Table) and step in value:
            place, value = value.value_places[str(step)], value[str(step)]
        elif isinstance(value, Items) and isinstance(step, int) and step < len(value):
            place, value = value.places[step], value[step]
        elif isinstance(value, Table) and number == len(loc) - 1 and is_key(step):
            return place.below(str(step))
    return place


def is_key(step: int | str) -> bool:
    """Tell the name of a key from pydantic's tags and the indices of lists that are written without one."""
    return isinstance(step, str) and not step.startswith("<")


def plain(value: Any) -> Any:
    """Return data with numbers, true and false recognised where they are written without quotes (JSON's rules)."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, Word) and not value.quoted:
        return guessed(str(value))
    return str(value) if isinstance(value, str) else value


def guessed(word: str) -> str | int | float | bool:
    """Return what an unquoted word means in JSON."""
    if word in {"true", "false"}:
        return word == "true"
    if re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", word):
        return int(word)
    if re.fullmatch(r"-?(0|[1-9][0-9]*)\.[0-9]+", word):
        return float(word)
    return word
