"""The bot's updates: numbered, waiting until they are confirmed or delivered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
"""Kinds a bot gets only if it asks for them."""


class Updates:
    """A queue that repeats and reorders when told to."""

    def __init__(self, changed: Callable[[], None], *, first: int = 1) -> None:
        """`changed` is called when something new waits. `first`: number of the first one."""
        self._changed = changed
        self._next = first
        self._waiting: list[dict[str, Any]] = []
        self._held: list[dict[str, Any]] = []
        self._hold = 0
        self.allowed: tuple[str, ...] = ()
        """The kinds asked for; empty: the default."""
        self.pushed: list[dict[str, Any]] = []
        """All that ever waited."""
        self.twice = 0
        """How many of the next updates come twice."""

    def push(self, kind: str, content: Mapping[str, Any]) -> int:
        """Let something happen; return its number. Kinds nobody asked for are not kept, as with Telegram."""
        number, self._next = self._next, self._next + 1
        if self._wanted(kind):
            update = {"update_id": number, kind: dict(content)}
            self.pushed.append(update)
            copies = 2 if self.twice else 1
            self.twice = max(self.twice - 1, 0)
            for _ in range(copies):
                self._append(update)
        return number

    def reorder(self, count: int) -> None:
        """Hold the next `count` updates back and let them come in the opposite order."""
        self._hold = count

    def confirm(self, offset: int) -> None:
        """Forget what has a number below the offset. A negative one counts from the end, and forgets the rest."""
        if offset < 0:
            self._waiting = self._waiting[offset:]
        elif offset > 0:
            self._waiting = [each for each in self._waiting if each["update_id"] >= offset]

    def done(self, update: Mapping[str, Any]) -> None:
        """Forget one delivery."""
        self._waiting = [each for each in self._waiting if each is not update]

    def waiting(self, limit: int = 100) -> Sequence[dict[str, Any]]:
        """Return what waits, oldest first."""
        return tuple(self._waiting[:limit])

    def clear(self) -> None:
        """Forget everything."""
        self._waiting.clear()

    def _wanted(self, kind: str) -> bool:
        return kind in self.allowed if self.allowed else kind not in NOT_BY_DEFAULT

    def _append(self, update: dict[str, Any]) -> None:
        copy = dict(update)  # Two deliveries of one update are told apart by identity.
        if self._hold:
            self._hold -= 1
            self._held.append(copy)
            if self._hold:
                return
            self._waiting += reversed(self._held)
            self._held = []
        else:
            self._waiting.append(copy)
        self._changed()
