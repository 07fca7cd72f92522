"""Splits long text where a reader would: between paragraphs, lines, sentences, words; elsewhere only if it must.

Lengths are counted in UTF-16 units, as the chat systems with limits do; an emoji of several parts stays whole.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from gateway.render.tree import Node, cut, length_of, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

PARAGRAPH, LINE, SENTENCE, WORD, LINK = 5, 4, 3, 2, 1

_PLAIN_BREAKS = (
    (PARAGRAPH, re.compile(r"\n[ \t\r]*\n\s*")),
    (LINE, re.compile(r"\n\s*")),
    (SENTENCE, re.compile(r"(?<!\d)[.!?…][\"'”’»)\]]*\s+|[。！？]")),
    (WORD, re.compile(r"\s+")),
)
_ENDS_PARAGRAPH = frozenset({"p", "pre", "ul", "ol", "blockquote", "table", "h1", "h2", "h3", "h4", "h5", "h6", "div"})
_ENDS_LINE = frozenset({"br", "li", "tr", "hr"})
_SHORTEST = {PARAGRAPH: 1 / 3, LINE: 1 / 3, SENTENCE: 1 / 2, WORD: 0, LINK: 0}
"""How much of what fits a piece must fill to end at such a place."""
_JOINER = "\u200d"
_WELL_FILLED = 0.9


def units(text: str) -> int:
    """Return the length in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split_plain(text: str, limit: int) -> Iterator[str]:
    """Yield pieces of at most `limit` units (one character at least)."""
    text = text.rstrip()
    while len(text) > limit or units(text) > limit:
        head = text[: limit + 1]
        position = _best(_plain_breaks(head), _fitting(head, limit), head)
        if piece := text[:position].rstrip():
            yield piece
        text = text[position:].lstrip()
    if text:
        yield text


def split_tree(tree: Node, limit: int, write: Callable[[Node], str]) -> Iterator[str]:
    """Yield pieces of at most `limit` units as written; markup that is cut ends in one and begins again in the next."""
    reach = limit
    while (length := length_of(tree)) > limit or (length > 1 and units(write(tree)) > limit):
        within = {place for start, end in _short_links(tree, 0, reach) for place in range(start + 1, end)}
        while reach + 1 in within:
            reach += 1
        head = cut(tree, reach + 1)[0]
        longest = _fitting_written(head, limit, write, within)
        position = _best(_tree_breaks(head), longest, text_of(head))
        first, tree = cut(tree, position)
        reach = min(position + position // 5 + 16, limit)  # The next piece is likely to be as rich in markup.
        if _says_something(first):
            yield write(first)
    if _says_something(tree):
        yield write(tree)


def _says_something(node: Node | str) -> bool:
    if isinstance(node, str):
        return bool(node.strip())
    return node.tag == "img" or any(_says_something(child) for child in node.children)


def _fitting(text: str, limit: int) -> int:
    position, left = 0, limit
    for position, character in enumerate(text):  # noqa: B007 - it is the result
        left -= 1 + (character > "\uffff")
        if left < 0:
            break
    return position


def _fitting_written(head: Node, limit: int, write: Callable[[Node], str], within: Collection[int]) -> int:
    """Return how much of the text fits together with its markup: nearly the most, at least one character.

    Writing is slow, so each guess goes by how much too long or short the last one was. Places `within` a short link
    are the last choice: a part of it is written longer than the whole.
    """
    fits, too_long = 1, length_of(head) + 1
    guess = too_long - 1
    while too_long - fits > 1:
        written = units(write(cut(head, guess)[0]))
        fits, too_long = (guess, too_long) if written <= limit else (fits, guess)
        if limit * _WELL_FILLED < written <= limit:
            break
        guess = min(max(int(guess * limit * 0.97 / max(written, 1)), fits + 1), too_long - 1)
        guess = next((place for place in range(guess, fits, -1) if place not in within), guess)
    return fits


def _short_links(node: Node, start: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield where links of one word that begin up to `last` begin and end, such as an address that is its own link."""
    for child in node.children:
        if start > last:
            return
        end = start + length_of(child)
        if isinstance(child, Node):
            if child.tag == "a" and not re.search(r"\s", text_of(child)):
                yield start, end
            else:
                yield from _short_links(child, start, last)
        start = end


def _best(breaks: dict[int, int], longest: int, text: str) -> int:
    """Return the best place that leaves no piece too short for its sake; the later of equals."""
    places = [
        (quality if place > longest * _SHORTEST[quality] else 0, place)
        for place, quality in breaks.items()
        if 0 < place <= longest
    ]
    return max(places)[1] if places else _between_characters(text, longest)


def _plain_breaks(text: str) -> dict[int, int]:
    breaks: dict[int, int] = {}
    for quality, pattern in reversed(_PLAIN_BREAKS):
        breaks |= {found.end(): quality for found in pattern.finditer(text)}
    return breaks


def _tree_breaks(tree: Node) -> dict[int, int]:
    breaks = _plain_breaks(text_of(tree))
    _add_element_breaks(tree, 0, breaks)
    return breaks


def _add_element_breaks(node: Node, start: int, breaks: dict[int, int]) -> None:
    for child in node.children:
        end = start + length_of(child)
        if isinstance(child, Node):
            _add_element_breaks(child, start, breaks)
            if child.tag == "a":
                breaks |= {place: breaks.get(place, LINK) for place in (start, end)}
            quality = PARAGRAPH if child.tag in _ENDS_PARAGRAPH else LINE if child.tag in _ENDS_LINE else 0
            if quality > breaks.get(end, 0):
                breaks[end] = quality
        start = end


def _between_characters(text: str, longest: int) -> int:
    """Return the last place up to `longest` that is not within what is read as one character, if there is one."""
    position = longest
    while position > 1 and _belongs_together(text, position):
        position -= 1
    return max(longest, 1) if _belongs_together(text, position) else position


def _belongs_together(text: str, position: int) -> bool:
    if position >= len(text):
        return False
    before, after = text[position - 1], text[position]
    if _JOINER in {before, after} or (before, after) == ("\r", "\n"):
        return True
    if unicodedata.category(after) in {"Mn", "Me", "Mc"} or "\U0001f3fb" <= after <= "\U0001f3ff" or _is_tag(after):
        return True
    return _is_flag(after) and _flags_before(text, position) % 2 == 1


def _flags_before(text: str, position: int) -> int:
    count = 0
    while count < position and _is_flag(text[position - 1 - count]):
        count += 1
    return count


def _is_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_tag(character: str) -> bool:
    return "\U000e0020" <= character <= "\U000e007f"
