"""All browsers that listen now: who hears of a commit, and who of somebody writing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway import Change, Typing
    from gateway_widget.tail import Tail

    Tails = dict[str, tuple[Tail, ...]]


class Crowd:
    """The tails of one widget instance, by visitor and by conversation; hardly ever more than one under a key."""

    def __init__(self) -> None:
        self._by_client: Tails = {}
        self._by_conversation: Tails = {}

    def __iter__(self) -> Iterator[Tail]:
        """Yield all that are there now."""
        return iter([tail for tails in self._by_client.values() for tail in tails])

    def join(self, tail: Tail) -> None:
        """Let a tail hear of things, until it leaves."""
        _add(self._by_client, tail.client, tail)
        _add(self._by_conversation, tail.conversation, tail)

    def leave(self, tail: Tail) -> None:
        """A tail hears of nothing more."""
        _drop(self._by_client, tail.client, tail)
        _drop(self._by_conversation, tail.conversation, tail)

    def moved(self, tail: Tail, conversation: str) -> None:
        """A tail goes on with another conversation."""
        _drop(self._by_conversation, tail.conversation, tail)
        _add(self._by_conversation, conversation, tail)

    def notice(self, change: Change) -> None:
        """Something was committed."""
        for tail in self._by_client.get(change.conversation.client.id, ()):
            tail.notice(change)

    def signal(self, typing: Typing) -> None:
        """Somebody is writing."""
        for tail in self._by_conversation.get(typing.conversation, ()):
            tail.signal(typing)


def _add(tails: Tails, key: str, tail: Tail) -> None:
    if key:  # thousands may be in no conversation, and nobody looks for those
        tails[key] = (*tails.get(key, ()), tail)


def _drop(tails: Tails, key: str, tail: Tail) -> None:
    left = tuple(other for other in tails.pop(key, ()) if other is not tail)
    if left:
        tails[key] = left
