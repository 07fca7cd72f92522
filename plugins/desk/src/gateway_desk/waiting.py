"""The places in the queues. Each group, and each agent named as destination, has a queue of its own.

The place of a dialog is truth of the core (`Handoff.queue_position`); here it is only counted and corrected.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from gateway import QueueMoved, Stage, UnknownConversation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gateway import Context, Handoff


class Waiting:
    """Counts the dialogs nobody has taken yet."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def length(self, destination: str) -> int:
        """Return how many wait for a destination; empty: for any."""
        return sum(not destination or each.destination == destination for each in await self._queued())

    async def next_place(self, destination: str, session: str) -> int:
        """Return the place of a newcomer."""
        others = [each for each in await self._queued() if each.destination == destination and each.session != session]
        return len(others) + 1

    async def settle(self) -> None:
        """Tell the core every place that is not what it believes."""
        for handoff, place in _places(await self._queued()):
            if handoff.queue_position != place:
                await self._move(handoff.session, place)

    async def _queued(self) -> list[Handoff]:
        conversations = await self._context.conversations.sessions()
        handoffs = [conversation.handoff for conversation in conversations if conversation.handoff]
        return [each for each in handoffs if each.stage is Stage.QUEUED and not each.transfer.one_time_message]

    async def _move(self, session: str, place: int) -> None:
        try:
            await self._context.receive(QueueMoved(session=session, position=place))
        except UnknownConversation:  # It left the queue meanwhile, which is fine.
            return


def _places(queued: Iterable[Handoff]) -> Iterator[tuple[Handoff, int]]:
    counts: defaultdict[str, int] = defaultdict(int)
    for handoff in queued:
        counts[handoff.destination] += 1
        yield handoff, counts[handoff.destination]
