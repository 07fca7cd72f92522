"""What the bot remembers of one dialog: small JSON in `BotReply.state`, and nowhere else.

It comes back from the store after restarts, upgrades and edits of the script, so reading it takes nothing for granted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 1
LONGEST_VALUE = 500
"""Characters kept of a variable."""


@dataclass
class Asked:
    """The question the bot waits for."""

    question: str
    tries: int = 0


@dataclass
class Memory:
    """One dialog's memory, changed while a turn is answered."""

    turns: int = 0
    misses: int = 0
    asked: Asked | None = None
    variables: dict[str, str] = field(default_factory=dict)
    offered: dict[str, str] = field(default_factory=dict)
    """Buttons of the last answer: text -> value, for clients that type what they could press."""
    offered_at: int = 0
    """The turn they were shown in."""
    text: str = ""
    payload: str = ""
    outcome: str = ""
    agent_name: str = ""
    agent_note: str = ""

    def remember(self, name: str, value: str) -> None:
        """Give a variable a value."""
        self.variables[name] = value[:LONGEST_VALUE]

    @property
    def just_offered(self) -> bool:
        """Whether the buttons came with the last answer, so that a bare number means one of them."""
        return self.offered_at >= self.turns - 1

    def dump(self) -> dict[str, Any]:
        """Return it as JSON."""
        known = {key: value for key, value in vars(self).items() if value}
        return {"format": FORMAT, **known, **({"asked": vars(self.asked)} if self.asked else {})}


def load(state: Mapping[str, Any], known: frozenset[str]) -> Memory:
    """Read a memory back; variables the script no longer has are dropped, what cannot be read is forgotten."""
    if state.get("format") != FORMAT:
        return Memory()
    return Memory(
        turns=number(state.get("turns")),
        misses=number(state.get("misses")),
        asked=asked(state.get("asked")),
        variables={name: value for name, value in texts(state.get("variables")).items() if name in known},
        offered_at=number(state.get("offered_at")),
        offered=texts(state.get("offered")),
        **{key: text(state.get(key)) for key in ("text", "payload", "outcome", "agent_name", "agent_note")},
    )


def asked(value: object) -> Asked | None:
    """Read the question waited for."""
    if not isinstance(value, dict) or not isinstance(value.get("question"), str):
        return None
    return Asked(value["question"], number(value.get("tries")))


def number(value: object) -> int:
    """Read a counter."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def text(value: object) -> str:
    """Read a text."""
    return value if isinstance(value, str) else ""


def texts(value: object) -> dict[str, str]:
    """Read a mapping of texts."""
    return {str(key): text(item) for key, item in value.items()} if isinstance(value, dict) else {}
