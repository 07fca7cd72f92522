"""What a model wrote, as a client may see it."""

from __future__ import annotations

import re

AGENT_MARK = "[Human agent"
"""Begins what a person said, in what the model reads."""

_MARKED = re.compile(r"^\[Human agent[^\]\n]*\]:?\s*")
_THOUGHT = re.compile(r"^\s*<think>.*?(?:</think>\s*|\Z)", re.DOTALL)
_OPENINGS = ("<think>", AGENT_MARK)


def shown(text: str) -> str:
    """Return the words for the client: without the thinking that local models put first, and never as a person's.

    ASSUMED: `<think>` is how models write it whose server does not take it out.
    """
    text = _THOUGHT.sub("", text)
    return _MARKED.sub("", text.lstrip()).rstrip()


def shown_so_far(text: str) -> str:
    """Return the words of an answer that still grows; nothing while its beginning may yet be something else."""
    begun = text.lstrip()
    if any(opening.startswith(begun[: len(opening)]) for opening in _OPENINGS) and len(begun) < len(AGENT_MARK):
        return ""
    if begun.startswith(AGENT_MARK) and "]" not in begun:
        return ""
    return shown(text)
