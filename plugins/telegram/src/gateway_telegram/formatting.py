"""Our texts as Telegram shows them: words, and entities that tell which of them are bold, links and so on.

Entities rather than HTML, because then nothing can be broken: Telegram's limits count the words alone, and no word of
a client or an agent can be taken for markup. https://core.telegram.org/bots/api#messageentity
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from markdown_it import MarkdownIt

from gateway import Markup, Text

if TYPE_CHECKING:
    from markdown_it.token import Token

TEXT_UNITS = 4096
"""Longest text Telegram takes, in UTF-16 units without markup."""
MOST_ENTITIES = 100
"""Telegram ignores further ones."""

_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": 100}).enable("strikethrough")
_LINK = re.compile(r"(https?|tg)://", re.IGNORECASE)
_STYLES = {"strong": "bold", "em": "italic", "s": "strikethrough"}
_CODE = frozenset({"code", "pre"})
_NOT_AROUND_CODE = frozenset({"bold", "italic", "strikethrough", "text_link"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Entity:
    """A stretch of text; offset and length in UTF-16 units."""

    type: str
    offset: int
    length: int
    url: str = ""
    language: str = ""

    @property
    def end(self) -> int:
        """The first unit after it."""
        return self.offset + self.length

    def as_json(self) -> dict[str, Any]:
        """Return it as Telegram writes it."""
        found: dict[str, Any] = {"type": self.type, "offset": self.offset, "length": self.length}
        return found | ({"url": self.url} if self.url else {}) | ({"language": self.language} if self.language else {})


@dataclass(frozen=True, kw_only=True, slots=True)
class Formatted:
    """Words and what is special about them."""

    text: str
    entities: tuple[Entity, ...] = ()


def units(text: str) -> int:
    """Return the length in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def formatted(text: Text, absolute: Callable[[str], str] = str) -> Formatted:
    """Return a text as Telegram shows it. `absolute` completes the gateway's own addresses."""
    if text.markup is not Markup.MARKDOWN:
        return Formatted(text=text.text)
    writer = _Writer(absolute)
    writer.blocks(_markdown.parse(text.text))
    shown = writer.finish()
    # Numbering may lengthen a list beyond the limit, and a link may have no words: then it is shown as it was typed.
    return shown if shown.text.strip() and units(shown.text) <= TEXT_UNITS else Formatted(text=text.text)


class _Writer:
    """Goes through the tokens of a Markdown text, block by block."""

    def __init__(self, absolute: Callable[[str], str]) -> None:
        self._absolute = absolute
        self._parts: list[str] = []
        self._length = 0
        self._entities: list[Entity] = []
        self._open: list[Entity] = []
        self._lists: list[int | None] = []
        self._marker = ""
        self._line = 0
        self._quotes = 0

    def finish(self) -> Formatted:
        """Return all that was written."""
        entities = sorted(_untangled(self._entities), key=lambda each: (each.offset, -each.length, each.type))
        return Formatted(text="".join(self._parts), entities=tuple(entities[:MOST_ENTITIES]))

    # --- blocks ---

    def blocks(self, tokens: Iterable[Token]) -> None:
        """Write blocks, as far apart as they were typed."""
        for token in tokens:
            match token.type:
                case "bullet_list_open" | "ordered_list_open":
                    ordered = token.type == "ordered_list_open"
                    self._lists.append(int(token.attrGet("start") or 1) if ordered else None)
                case "bullet_list_close" | "ordered_list_close":
                    self._lists.pop()
                case "list_item_open":
                    self._item()
                case "blockquote_open" | "blockquote_close":
                    self._quote(token)
                case "paragraph_open" | "heading_open":
                    self._begin(token)
                case "inline":
                    self._inline(token)
                case "fence" | "code_block":
                    self._code_block(token)
                case "hr":
                    self._begin(token)
                    self._write("———")

    def _begin(self, token: Token) -> None:
        """Go to where a block begins: a new line, an empty one before it if there was one, and a list's sign."""
        first, last = token.map or (self._line, self._line)
        if self._parts:
            self._write("\n" if first <= self._line else "\n\n")
        self._line = last
        depth = len(self._lists) - bool(self._marker)
        self._write("  " * max(depth, 0) + self._marker)
        self._marker = ""
        if token.type == "heading_open":
            self._start("bold")

    def _item(self) -> None:
        number = self._lists[-1]
        if self._marker:  # An item that begins with a list of its own.
            self._write(self._marker)
        self._marker = "• " if number is None else f"{number}. "
        if number is not None:
            self._lists[-1] = number + 1

    def _quote(self, token: Token) -> None:
        """Only the outermost quotation is one for Telegram."""
        if token.type == "blockquote_open":
            self._quotes += 1
            if self._quotes == 1:
                self._open.append(Entity(type="blockquote", offset=-1, length=0))
        else:
            self._quotes -= 1
            if not self._quotes:
                self._end("blockquote")

    def _code_block(self, token: Token) -> None:
        self._begin(token)
        words = token.info.split()
        self._start("pre", language=words[0] if words else "")
        self._write(token.content.rstrip("\n"))
        self._end("pre")

    # --- words ---

    def _inline(self, token: Token) -> None:
        links: list[tuple[str, int]] = []
        for child in token.children or ():
            kind, _, side = child.type.rpartition("_")
            if kind in _STYLES:
                self._start(_STYLES[kind]) if side == "open" else self._end(_STYLES[kind])
            elif child.type == "link_open":
                links.append((self._absolute(str(child.attrGet("href") or "")), len(self._parts)))
                self._start("text_link", url=links[-1][0])
            elif child.type == "link_close":
                self._link_ends(*links.pop())
            else:
                self._words(child)
        self._end_heading()

    def _words(self, token: Token) -> None:
        match token.type:
            case "softbreak" | "hardbreak":
                self._write("\n" + "  " * len(self._lists))
            case "code_inline":
                self._start("code")
                self._write(token.content)
                self._end("code")
            case "image":
                url = self._absolute(str(token.attrGet("src") or ""))
                begun = len(self._parts)
                self._start("text_link", url=url)
                self._write(token.content or url)
                self._link_ends(url, begun)
            case _:
                self._write(token.content)

    def _link_ends(self, url: str, begun: int) -> None:
        """Telegram links to the web only; other addresses are written out, and bare ones it finds itself."""
        shown = "".join(self._parts[begun:])
        bare = shown in {url, url.removeprefix("mailto:"), url.removeprefix("tel:")}
        self._end("text_link", keep=bool(_LINK.match(url)) and not bare)
        if url and not bare and not _LINK.match(url):
            self._write(f" ({url})")

    def _end_heading(self) -> None:
        if any(entity.type == "bold" for entity in self._open):
            self._end("bold")

    # --- entities ---

    def _start(self, kind: str, *, url: str = "", language: str = "") -> None:
        self._open.append(Entity(type=kind, offset=self._length, length=0, url=url, language=language))

    def _end(self, kind: str, *, keep: bool = True) -> None:
        place = max(number for number, entity in enumerate(self._open) if entity.type == kind)
        entity = self._open.pop(place)
        if keep and 0 <= entity.offset < self._length:
            self._entities.append(replace(entity, length=self._length - entity.offset))

    def _write(self, text: str) -> None:
        if not text:
            return
        if text.strip():  # A quotation begins with its first word, not with the break before it.
            self._open = [replace(each, offset=self._length) if each.offset < 0 else each for each in self._open]
        self._parts.append(text)
        self._length += units(text)


def _untangled(entities: list[Entity]) -> Iterable[Entity]:
    """Yield the entities; styles and links are interrupted by code, in which Telegram allows nothing else."""
    codes = sorted((each for each in entities if each.type in _CODE), key=lambda each: each.offset)
    for entity in entities:
        if entity.type not in _NOT_AROUND_CODE:
            yield entity
            continue
        start = entity.offset
        for code in codes:
            if code.offset >= entity.end or code.end <= start:
                continue
            if code.offset > start:
                yield replace(entity, offset=start, length=code.offset - start)
            start = code.end
        if start < entity.end:
            yield replace(entity, offset=start, length=entity.end - start)
