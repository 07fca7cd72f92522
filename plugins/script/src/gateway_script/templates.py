"""Texts with variables: `${name}`, `${name|what to say without it}`, and `$${` for a `${` that is meant literally."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLACEHOLDER = re.compile(r"\$\$\{|\$\{(?P<name>[^{}|]*)(?:\|(?P<default>[^{}]*))?\}|(?P<open>\$\{)")
LITERAL = "$${"


def names_in(template: str) -> Iterator[str]:
    """Yield the names a text refers to."""
    for found in PLACEHOLDER.finditer(template):
        if found["name"] is not None:
            yield found["name"].strip()


def is_unclosed(template: str) -> bool:
    """Tell whether a `${` lacks its `}`."""
    return any(found["open"] for found in PLACEHOLDER.finditer(template))


def filled(template: str, value_of: Callable[[str], str], escape: Callable[[str], str] = str) -> str:
    """Return the text with its variables filled in; each value goes through `escape`."""

    def value(found: re.Match[str]) -> str:
        if found["name"] is None:
            return "${"
        known = value_of(found["name"].strip())
        return escape(known) if known else (found["default"] or "")

    return PLACEHOLDER.sub(value, template)
