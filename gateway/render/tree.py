"""Marked-up text as a tree: read from HTML or Markdown, cut in two without breaking anything.

HTML is never trusted: what is read here knows only elements and words. Scripts and styles do not survive the reading,
attributes and dangerous links do not survive the writing (`writers`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

from markdown_it import MarkdownIt

VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
_UNSEEN = frozenset({"script", "style", "template"})
_CLOSED_BY_ITSELF = frozenset({"li", "p", "td", "th", "tr", "dt", "dd", "option"})
_NUMBER = re.compile(r"[0-9]{1,9}")
_SPACE = re.compile(r"[ \t\r\n\f]+")

# Line breaks count: who writes to a chat means them. Raw HTML does not: it is shown as typed.
_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True})


@dataclass(frozen=True, slots=True)
class Node:
    """An element and what is in it."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: tuple[Node | str, ...] = ()


def read_markdown(text: str) -> Node:
    """Return the tree of a CommonMark text."""
    return read_html(_markdown.render(text))


def read_html(text: str) -> Node:
    """Return the tree of an HTML text, however broken; the root's tag is empty."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.finish()


def length_of(node: Node | str) -> int:
    """Return how many characters of text are in it: the positions `cut` takes."""
    return len(node) if isinstance(node, str) else sum(length_of(child) for child in node.children)


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


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[tuple[str, dict[str, str], list[Node | str]]] = [("", {}, [])]
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif not self._unseen:
            if tag in _CLOSED_BY_ITSELF and self._open[-1][0] == tag:
                self._close()
            self._open.append((tag, {name: value or "" for name, value in attrs}, []))
            if tag in VOID:
                self._close()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _UNSEEN:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(self._unseen - 1, 0)
        elif tag not in VOID and not self._unseen and any(tag == each[0] for each in self._open[1:]):
            while self._open[-1][0] != tag:
                self._close()
            self._close()

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        kept = any(each[0] == "pre" for each in self._open)
        self._open[-1][2].append(data if kept else _SPACE.sub(" ", data))

    def finish(self) -> Node:
        while len(self._open) > 1:
            self._close()
        return Node("", {}, tuple(self._open[0][2]))

    def _close(self) -> None:
        tag, attributes, children = self._open.pop()
        self._open[-1][2].append(Node(tag, attributes, tuple(children)))
