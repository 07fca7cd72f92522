"""All browsers that listen now: who hears of a commit, and who of somebody writing."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway import Change, Typing
    from gateway_widget.tail import Tail


class Crowd:
    """The tails of one widget instance, by visitor and by conversation."""

    def __init__(self) -> None:
        self._by_client: defaultdict[str, set[Tail]] = defaultdict(set)
        self._by_conversation: defaultdict[str, set[Tail]] = defaultdict(set)

    @contextmanager
    def joined(self, tail: Tail) -> Iterator[None]:
        """Let a tail hear of things while the block runs."""
        self._by_client[tail.client].add(tail)
        self._by_conversation[tail.conversation].add(tail)
        try:
            yield
        finally:
            _drop(self._by_client, tail.client, tail)
            _drop(self._by_conversation, tail.conversation, tail)

    def moved(self, tail: Tail, conversation: str) -> None:
        """A tail goes on with another conversation."""
        _drop(self._by_conversation, tail.conversation, tail)
        self._by_conversation[conversation].add(tail)

    def notice(self, change: Change) -> None:
        """Something was committed."""
        for tail in self._by_client.get(change.conversation.client.id, ()):
            tail.notice(change)

    def signal(self, typing: Typing) -> None:
        """Somebody is writing."""
        for tail in self._by_conversation.get(typing.conversation, ()):
            tail.signal(typing)


def _drop(tails: defaultdict[str, set[Tail]], key: str, tail: Tail) -> None:
    tails[key].discard(tail)
    if not tails[key]:
        del tails[key]
