"""What waits to be carried out: a lane per (conversation, target), and the order in which old lanes are taken up.

A start finds in the store how many effects wait, and little more: a lane holds the numbers of those that it has not
read, and reads them when their turn comes. Old lanes, whether left by an earlier run or waiting for another try, share
a few places per target, so that they neither fill the memory nor stand in the way of a client who has just written.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from gateway.events import Effect

READ_AT_ONCE = 10
"""How many effects of a lane are read together."""


@dataclass(slots=True, eq=False)
class Lane:
    """The effects of one conversation towards one target, oldest first."""

    key: tuple[str, str]
    waiting: deque[Effect | int] = field(default_factory=deque)
    """Of an effect that is still to be read from the store, the number."""
    read_at: float = 0.0
    """Unix seconds before which there is no need to read the first, or no sense in it."""
    task: asyncio.Task[None] | None = None
    alarm: asyncio.TimerHandle | None = None
    queued: bool = False
    """It waits for a place among the old."""
    placed: bool = False
    """It has a place among the old, and gives it back when its task ends."""

    @property
    def due_at(self) -> float:
        """When the first is to be looked at. What was never put off is due, whatever the clock was then."""
        first = self.waiting[0]
        if isinstance(first, int):
            return self.read_at
        return first.due_at if first.due_at != first.made_at else 0.0

    def make_due(self) -> None:
        """The first has waited long enough, whatever the clock says: it may have been set back meanwhile."""
        first = self.waiting[0] if self.waiting else None
        if isinstance(first, Effect):
            self.waiting[0] = replace(first, due_at=0.0)
        self.read_at = 0.0

    def effects(self) -> Sequence[Effect]:
        """Return those that were read."""
        return [each for each in self.waiting if isinstance(each, Effect)]

    def first(self, number: int) -> Effect | None:
        """Return the first effect if it has that number."""
        first = self.waiting[0] if self.waiting else None
        return first if isinstance(first, Effect) and first.number == number else None

    def drop(self, numbers: Container[int]) -> None:
        """Take out what waits and has one of the numbers; not the one being carried out."""
        busy = self._busy()
        self.waiting = deque(each for each in self.waiting if each is busy or number_of(each) not in numbers)

    def insert(self, effect: Effect) -> None:
        """Put an effect in its place in the order, behind the one being carried out."""
        busy = self._busy()
        others = [each for each in self.waiting if each is not busy and number_of(each) != effect.number]
        self.waiting = deque(sorted([*others, effect], key=number_of))
        if busy:
            self.waiting.appendleft(busy)

    def unread(self) -> Sequence[int]:
        """Return the numbers to be read next."""
        return [each for each in islice(self.waiting, READ_AT_ONCE) if isinstance(each, int)]

    def fill(self, asked: Sequence[int], found: Iterable[Effect]) -> None:
        """Put effects in the place of their numbers. Those that were not found are pending no more.

        The lane was due, so what is still to be read is, too, whatever the clock says then: it may be set back.
        """
        self.read_at = 0.0
        effects = {effect.number: effect for effect in found}
        ready: list[Effect | int] = []
        while self.waiting and isinstance(first := self.waiting[0], int) and first in asked:
            self.waiting.popleft()
            ready += [effects[first]] if first in effects else []
        self.waiting.extendleft(reversed(ready))

    def _busy(self) -> Effect | None:
        """Return the effect being carried out."""
        first = self.waiting[0] if self.task and self.waiting else None
        return first if isinstance(first, Effect) else None


class Backlog:
    """Lets old lanes in, so many of one target at a time: first those that wait for another try."""

    def __init__(self, *, places: Callable[[str], int], let_in: Callable[[Lane], None]) -> None:
        """`places`: by target; `let_in` is called when it is a lane's turn, which ends with `leave`."""
        self._places = places
        self._let_in = let_in
        self._queues: dict[str, _Queue] = {}

    def join(self, lane: Lane, *, again: bool) -> None:
        """Have a lane wait for a place. `again`: it has been tried before."""
        if lane.queued:
            return
        lane.queued = True
        target = lane.key[1]
        queue = self._queues.setdefault(target, _Queue())
        (queue.again if again else queue.untried).append(lane)
        self._fill(target)

    def leave(self, lane: Lane) -> None:
        """Give the place of a lane, if it has one, to the next."""
        if lane.placed:
            lane.placed = False
            self._queues[lane.key[1]].taken -= 1
            self._fill(lane.key[1])

    def close(self) -> None:
        """Let nobody in any more."""
        for queue in self._queues.values():
            queue.again.clear()
            queue.untried.clear()

    def _fill(self, target: str) -> None:
        queue, places = self._queues[target], self._places(target)
        while queue.taken < places and (lane := queue.next()):
            queue.taken += 1
            lane.placed = True
            self._let_in(lane)


@dataclass(slots=True)
class _Queue:
    taken: int = 0
    again: deque[Lane] = field(default_factory=deque)
    untried: deque[Lane] = field(default_factory=deque)

    def next(self) -> Lane | None:
        """Return who is next, past those that have left: somebody wrote there, or nothing is left to be done."""
        while waiting := self.again or self.untried:
            lane = waiting.popleft()
            if lane.queued:
                return lane
        return None


def number_of(waiting: Effect | int) -> int:
    """Return the number of an effect that was read or was not."""
    return waiting if isinstance(waiting, int) else waiting.number
