"""Marked-up text as a tree: read from HTML or Markdown, cut in two without breaking anything.

HTML is never trusted: what is read here knows only elements and words. Scripts and styles do not survive the reading,
attributes and dangerous links do not survive the writing (`writers`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cache
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock

VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
_UNSEEN = frozenset({"script", "style"})
_CLOSED_BY_ITSELF = frozenset({"li", "p", "td", "th", "tr", "dt", "dd", "option"})
_DEEPEST = 30
"""Elements deeper than this count as their content: nobody can see the difference, and an attacker gains nothing."""
_NUMBER = re.compile(r"[0-9]{1,9}")
_SPACE = re.compile(r"[ \t\r\n\f]+")

_TAG = re.compile(
    r"<[!?][^<>]*+>"
    r"|<(/?)([a-zA-Z][^\s<>/\"']*+)((?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+)>"
)
"""A declaration, or a tag: its slash, name and attributes. Never looks far, however broken the text is."""
_ATTRIBUTE = re.compile(r"(?P<name>[^\s=\"'/]++)(?:\s*+=\s*+(?P<value>\"[^\"]*+\"|'[^']*+'|[^\s\"']++))?")


@dataclass(frozen=True, slots=True)
class Node:
    """An element and what is in it."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: tuple[Node | str, ...] = ()
    size: int = field(init=False, default=0)
    """How many characters of text are in it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", sum(length_of(child) for child in self.children))


def read_markdown(text: str) -> Node:
    """Return the tree of a CommonMark text."""
    return read_html(_markdown().render(text))


def read_html(text: str) -> Node:
    """Return the tree of an HTML text, however broken; the root's tag is empty."""
    reader = _Reader()
    _feed(reader, text)
    return reader.finish()


def length_of(node: Node | str) -> int:
    """Return how many characters of text are in it: the positions `cut` takes."""
    return len(node) if isinstance(node, str) else node.size


def text_of(node: Node | str) -> str:
    """Return its text with nothing between the elements."""
    return node if isinstance(node, str) else "".join(text_of(child) for child in node.children)


def cut(node: Node, position: int) -> tuple[Node, Node]:
    """Return what is before and after a position in the text; elements cut through are in both."""
    left: list[Node | str] = []
    right: list[Node | str] = []
    for child in node.children:
        size = length_of(child)
        if right or position <= 0 < size:
            right.append(child)
        elif size <= position:
            left.append(child)
        else:
            before, after = (child[:position], child[position:]) if isinstance(child, str) else cut(child, position)
            left.append(before)
            right.append(after)
        position -= size
    return replace(node, children=tuple(left)), replace(_continued(node, left, right), children=tuple(right))


def _continued(node: Node, left: list[Node | str], right: list[Node | str]) -> Node:
    """A numbered list goes on counting after the cut."""
    if node.tag != "ol":
        return node
    items = [sum(isinstance(child, Node) and child.tag == "li" for child in side) for side in (left, right)]
    total = sum(isinstance(child, Node) and child.tag == "li" for child in node.children)
    start = first_number(node) + total - items[1]
    return replace(node, attributes={**node.attributes, "start": str(start)})


def first_number(node: Node) -> int:
    """Return the number of a list's first item."""
    start = node.attributes.get("start", "1")
    return int(start) if _NUMBER.fullmatch(start) else 1


class _Reader:
    """Builds the tree from tags and words as they come."""

    def __init__(self) -> None:
        self._open: list[tuple[str, dict[str, str], list[Node | str]]] = [("", {}, [])]

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag in _CLOSED_BY_ITSELF and self._open[-1][0] == tag:
            self._close()
        if tag in VOID:
            self._open[-1][2].append(Node(tag, attributes))
        elif len(self._open) > _DEEPEST:
            self.say(" ")
        else:
            self._open.append((tag, attributes, []))

    def end(self, tag: str) -> None:
        if any(tag == each[0] for each in self._open[1:]):
            while self._open[-1][0] != tag:
                self._close()
            self._close()

    def say(self, words: str) -> None:
        kept = any(each[0] == "pre" for each in self._open)
        if words:
            self._open[-1][2].append(words if kept else _SPACE.sub(" ", words))

    def finish(self) -> Node:
        while len(self._open) > 1:
            self._close()
        return Node("", {}, tuple(self._open[0][2]))

    def _close(self) -> None:
        tag, attributes, children = self._open.pop()
        self._open[-1][2].append(Node(tag, attributes, tuple(children)))


def _feed(reader: _Reader, text: str) -> None:
    """Read tag by tag, in one pass however the text is broken: what is no tag is words."""
    text = _without_comments(text)
    at = 0
    for tag in _TAG.finditer(text):
        if tag.start() < at:  # Inside a script.
            continue
        reader.say(unescape(text[at : tag.start()]))
        at = tag.end()
        end, name, attributes = tag.groups()
        name = (name or "").lower()
        if end:
            reader.end(name)
        elif name in _UNSEEN:
            at = _end_of(name, text, at)
        elif name:
            reader.begin(name, _attributes(attributes))
    reader.say(unescape(text[at:]))


def _without_comments(text: str) -> str:
    kept, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        kept.append(text[at:start])
        at = end + 3
    return "".join([*kept, text[at:]])


def _end_of(name: str, text: str, at: int) -> int:
    found = re.compile(rf"</{name}\b[^>]*>", re.IGNORECASE).search(text, at)
    return found.end() if found else len(text)


def _attributes(text: str) -> dict[str, str]:
    return {found["name"].lower(): unescape(_unquoted(found["value"] or "")) for found in _ATTRIBUTE.finditer(text)}


def _unquoted(value: str) -> str:
    return value[1:-1] if value[:1] in {"'", '"'} else value


def _deep(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Show quotes and lists nested deeper than anybody can follow as they were typed; the library would drop them."""
    if state.level < _DEEPEST:
        return False
    if not silent:
        state.push("paragraph_open", "p", 1)
        words = state.push("inline", "", 0)
        words.content, words.children, words.map = state.getLines(start, end, 0, False).strip(), [], [start, end]
        state.push("paragraph_close", "p", -1)
        state.line = end
    return True


@cache
def _markdown() -> MarkdownIt:
    """Make the reader of Markdown. Line breaks count: who writes to a chat means them. Raw HTML is shown as typed."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 - large, and not every command needs it

    reader = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": _DEEPEST + 10})
    reader.block.ruler.before("code", "deep", _deep)
    return reader
