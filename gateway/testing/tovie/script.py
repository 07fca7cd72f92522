"""The script of the fake bot, and what it is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Reply = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One request: `query` or `event`."""

    client: str
    query: str = ""
    event: str = ""
    data: Any = None
    cid: str = ""
    key: str = ""
    """The caller's `Idempotency-Key`, which the real thing does not know."""


Script = Callable[[Question], list[Reply]]
"""Answers a question by replies."""


@dataclass(kw_only=True, slots=True)
class Dialog:
    """What an agent of Tovie has of a client."""

    switch: Reply
    """The reply that brought the client here."""
    reads: list[str] = field(default_factory=list)
    """What the client said since, events as `<name>`."""

    @property
    def phrases(self) -> list[str]:
        """What leads the client back to the script."""
        return list(self.switch.get("closeChatPhrases", ()))


def text(words: str, *, state: str = "/Echo", **more: Any) -> Reply:
    """Return a text reply of the script."""
    return {"type": "text", "text": words, "state": state, **more}


def echoing(question: Question) -> list[Reply]:
    """Greet, transfer on "agent…", say how a live chat ended, and echo everything else."""
    match question:
        case Question(query="/start"):
            return [text("Welcome", state="/Start")]
        case Question(query=query) if query.startswith("agent"):
            switch = {"type": "switch", "state": "/Agent", "closeChatPhrases": ["back"], "ignoreOffline": False}
            return [text("One moment", state="/Agent"), switch]
        case Question(event=event) if event:
            return [text(f"event {event}", state="/Event")]
        case _:
            return [text(f"echo {question.query}")]
