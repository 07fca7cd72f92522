"""All browsers that listen now: who hears of a commit, and who of somebody writing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway import Change, Typing
    from gateway_widget.tail import Tail

    Tails = dict[str, tuple[Tail, ...]]

PARTS = 20
"""What has to be done for all from time to time is done for one part of them after another."""


class Crowd:
    """The tails of one widget instance, by visitor and by conversation; hardly ever more than one under a key."""

    def __init__(self) -> None:
        self._parts: tuple[Tails, ...] = tuple({} for _ in range(PARTS))
        """By visitor."""
        self._by_conversation: Tails = {}

    def __iter__(self) -> Iterator[Tail]:
        """Yield all that are there now."""
        return (tail for number in range(PARTS) for tail in self.part(number))

    def part(self, number: int) -> list[Tail]:
        """Return a part of those that are there now. Numbers go round: part `PARTS` is part 0 again."""
        return [tail for tails in self._parts[number % PARTS].values() for tail in tails]

    def join(self, tail: Tail) -> None:
        """Let a tail hear of things, until it leaves."""
        _add(self._visitors(tail.visitor.id), tail.visitor.id, tail)
        _add(self._by_conversation, tail.conversation, tail)

    def leave(self, tail: Tail) -> None:
        """A tail hears of nothing more."""
        _drop(self._visitors(tail.visitor.id), tail.visitor.id, tail)
        _drop(self._by_conversation, tail.conversation, tail)

    def moved(self, tail: Tail, conversation: str) -> None:
        """A tail goes on with another conversation."""
        _drop(self._by_conversation, tail.conversation, tail)
        _add(self._by_conversation, conversation, tail)

    def notice(self, change: Change) -> None:
        """Something was committed."""
        visitor = change.conversation.client.id
        for tail in self._visitors(visitor).get(visitor, ()):
            tail.notice(change)

    def signal(self, typing: Typing) -> None:
        """Somebody is writing."""
        for tail in self._by_conversation.get(typing.conversation, ()):
            tail.signal(typing)

    def _visitors(self, visitor: str) -> Tails:
        return self._parts[hash(visitor) % PARTS]


def _add(tails: Tails, key: str, tail: Tail) -> None:
    if key:  # thousands may be in no conversation, and nobody looks for those
        tails[key] = (*tails.get(key, ()), tail)


def _drop(tails: Tails, key: str, tail: Tail) -> None:
    left = tuple(other for other in tails.pop(key, ()) if other is not tail)
    if left:
        tails[key] = left
