"""Tables and other pieces of Markdown."""

from __future__ import annotations

import inspect
from collections.abc import Iterable

from pydantic import BaseModel


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(one_line(cell).replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def one_line(text: str) -> str:
    """Return a text without its line breaks."""
    return " ".join(text.split())


def summary(model: type[BaseModel]) -> str:
    """Return what a model's docstring says."""
    return one_line(model.__doc__ or "")


def first_line(value: object) -> str:
    """Return the first paragraph of a docstring."""
    return (inspect.getdoc(value) or "").partition("\n\n")[0]


def tidy(text: str) -> str:
    """Return the text with one blank line at most, and one line break at the end."""
    lines: list[str] = []
    for line in (each.rstrip() for each in text.splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).rstrip() + "\n"
