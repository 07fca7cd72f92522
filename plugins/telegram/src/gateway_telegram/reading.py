"""Texts of clients: Telegram's entities as Markdown, or plain words where nothing is marked up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from gateway import Markup, Text
from gateway_telegram.formatting import formatted
from gateway_telegram.updates import MessageEntity

_SIGNS = {"bold": "**", "italic": "*", "strikethrough": "~~"}
_MARKED_UP = frozenset({*_SIGNS, "code", "pre", "text_link", "blockquote", "expandable_blockquote"})
_SPECIAL = re.compile(r"([\\`*_\[\]<>&~])")
_BLOCK_START = re.compile(r"^([ \t]*)(?:(\d{1,9})([.)])(?=\s|$)|([#+=-]))", re.MULTILINE)
_EDGES = re.compile(r"^(\s*)(.*?)(\s*)$", re.DOTALL)


def text_of(words: str, entities: Sequence[MessageEntity]) -> Text:
    """Return a client's words, with their markup if they have any."""
    marked_up = [each for each in entities if each.type in _MARKED_UP and each.length]
    if not marked_up:
        return Text(text=words)
    kept = [*marked_up, *(each for each in entities if each.type == "url" and each.length)]
    markdown = _Reader(words).markdown(kept)
    text = Text(text=markdown, markup=Markup.MARKDOWN)
    # Some markup cannot be said in Markdown (half a word, next to punctuation): then the bare words are the truth.
    return text if _bare(formatted(text).text) == _bare(words) else Text(text=words)


def _bare(text: str) -> str:
    return "".join(text.split())


class _Reader:
    """Writes a text as Markdown, entity by entity, the outer ones first."""

    def __init__(self, text: str) -> None:
        self._units = text.encode("utf-16-le", "surrogatepass")

    def markdown(self, entities: Iterable[MessageEntity]) -> str:
        ordered = sorted(entities, key=lambda each: (each.offset, -each.length))
        return self._between(0, len(self._units) // 2, ordered).strip("\n")

    def _slice(self, start: int, end: int) -> str:
        return self._units[2 * start : 2 * end].decode("utf-16-le", "replace")

    def _between(self, start: int, end: int, entities: Sequence[MessageEntity]) -> str:
        written: list[str] = []
        at = start
        for number, entity in enumerate(entities):
            if entity.offset < at or entity.offset >= end:
                continue  # It stands within the one before.
            stop = min(entity.offset + entity.length, end)
            inner = [each for each in entities[number + 1 :] if each.offset < stop]
            written += [_escaped(self._slice(at, entity.offset)), self._entity(entity, stop, inner)]
            at = stop
        return "".join([*written, _escaped(self._slice(at, end))])

    def _entity(self, entity: MessageEntity, end: int, inner: Sequence[MessageEntity]) -> str:
        raw = self._slice(entity.offset, end)
        match entity.type:
            case "code":
                return _code(raw)
            case "pre":
                fence = _fence(raw, "```")
                return f"\n{fence}{entity.language}\n{raw}\n{fence}\n"
            case "url":
                return f"<{raw}>" if re.fullmatch(r"https?://[^\s<>]+", raw) else _escaped(raw)
        content = self._between(entity.offset, end, inner)
        match entity.type:
            case "text_link":
                return f"[{content}](<{entity.url.replace('<', '%3C').replace('>', '%3E')}>)"
            case "blockquote" | "expandable_blockquote":
                return "\n" + "\n".join(f"> {line}" for line in content.split("\n")) + "\n\n"
            case _:
                return "\n".join(_wrapped(line, _SIGNS[entity.type]) for line in content.split("\n"))


def _wrapped(line: str, sign: str) -> str:
    """Return a line between signs, with the spaces around it left outside."""
    before, words, after = _EDGES.fullmatch(line).groups()  # type: ignore[union-attr] # It matches everything.
    return f"{before}{sign}{words}{sign}{after}" if words else line


def _code(raw: str) -> str:
    fence = _fence(raw, "`")
    pad = " " if raw.startswith("`") or raw.endswith("`") else ""
    return f"{fence}{pad}{raw}{pad}{fence}"


def _fence(raw: str, fence: str) -> str:
    while fence in raw:
        fence += "`"
    return fence


def _escaped(text: str) -> str:
    """Return words as Markdown shows them as they are."""
    return _BLOCK_START.sub(_escaped_start, _SPECIAL.sub(r"\\\1", text))


def _escaped_start(found: re.Match[str]) -> str:
    space, number, end, sign = found.groups()
    return f"{space}\\{sign}" if sign else f"{space}{number}\\{end}"
