"""Reads the documentation: its pages, links, code blocks and commands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("config/*.md"), *ROOT.glob("plugins/*/*.md")]
)

FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
NAMED = re.compile(r"^`(?P<name>[^`\n]+)`:\n\n(?=```)", re.MULTILINE)
LINK = re.compile(r"!?\[(?:[^\]]|\][^(])*?\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A piece of code on a page."""

    page: Path
    line: int
    language: str
    text: str
    name: str = ""
    """The file it stands for, where the line above says so."""

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@cache
def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose_of(page: Path) -> str:
    """Return a page without its code blocks."""
    return FENCE.sub("", text_of(page))


def blocks(page: Path, *languages: str) -> list[Block]:
    """Return a page's code blocks in these languages."""
    text = text_of(page)
    names = {match.end(): match["name"] for match in NAMED.finditer(text)}
    return [
        Block(
            page=page,
            line=text.count("\n", 0, match.start()) + 1,
            language=match["language"],
            text=_dedented(match["text"], match["indent"]),
            name=names.get(match.start(), ""),
        )
        for match in FENCE.finditer(text)
        if match["language"] in languages
    ]


def all_blocks(*languages: str) -> list[Block]:
    return [block for page in PAGES for block in blocks(page, *languages)]


def links(page: Path) -> list[str]:
    return [match["target"] for match in LINK.finditer(prose_of(page))]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    return {_slug(match["title"]) for match in HEADING.finditer(prose_of(page))}


def _slug(title: str) -> str:
    words = re.sub(r"[^\w\- ]", "", title.lower())
    return words.strip().replace(" ", "-")


def _dedented(text: str, indent: str) -> str:
    return "".join(line.removeprefix(indent) for line in text.splitlines(keepends=True))
