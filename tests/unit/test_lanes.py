"""What waits stays in order, whether it was read or not; old lanes get in a few at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace

import pytest

from gateway.events import AskBot, Effect
from gateway.lanes import READ_AT_ONCE, Backlog, Lane


def effect(number: int, *, due_at: float = 0.0) -> Effect:
    action = AskBot(number=number)
    return Effect(conversation="c", number=number, target="bot", epoch=1, action=action, made_at=0.0, due_at=due_at)


def lane(*waiting: Effect | int, name: str = "c", target: str = "bot") -> Lane:
    return Lane((name, target), deque(waiting))


def in_hand(found: Lane) -> Lane:
    found.task = asyncio.ensure_future(asyncio.sleep(0))
    return found


# --- a lane ----------------------------------------------------------------------------------------------------------


def test_what_was_read_takes_the_place_of_its_numbers():
    found = lane(1, 2, 3, effect(4))
    found.fill([1, 2, 3], [effect(1), effect(3)])

    assert list(found.waiting) == [effect(1), effect(3), effect(4)]


def test_what_was_dropped_while_it_was_read_stays_away():
    found = lane(1, 2, 3, 4)
    asked = found.unread()
    found.drop(range(2, 4))
    found.fill(asked, [effect(number) for number in asked])

    assert list(found.waiting) == [effect(1), effect(4)]


def test_what_was_put_in_while_others_were_read_keeps_its_place():
    found = lane(1, 3, 4)
    asked = found.unread()
    found.insert(effect(2))
    found.fill(asked, [effect(number) for number in asked])

    assert list(found.waiting) == [effect(1), effect(2), 3, 4]


def test_what_is_left_of_a_lane_that_was_due_stays_due_when_the_clock_is_set_back():
    found = lane(1, 2)
    found.read_at = 5_000.0
    found.fill([1], [effect(1)])
    found.waiting.popleft()

    assert found.due_at == 0.0


def test_a_long_lane_is_read_in_pieces():
    found = lane(*range(1, 100))

    assert found.unread() == list(range(1, READ_AT_ONCE + 1))


@pytest.mark.parametrize("again", [2, effect(2)])
def test_nothing_is_in_a_lane_twice(again):
    found = lane(1, again, 3)
    found.insert(effect(2))

    assert list(found.waiting) == [1, effect(2), 3]


async def test_the_one_in_hand_stays_first_and_cannot_be_dropped():
    found = in_hand(lane(effect(5), 6, effect(7)))
    found.drop(range(8))
    found.insert(effect(3))

    assert list(found.waiting) == [effect(5), effect(3)]


async def test_one_that_is_being_read_can_be_dropped():
    found = in_hand(lane(5, 6))
    found.drop(range(6))

    assert list(found.waiting) == [6]


def test_a_lane_is_due_when_its_first_is():
    assert lane(replace(effect(1, due_at=5.0), made_at=5.0), 2).due_at == 0.0, "never put off"
    assert lane(replace(effect(1, due_at=5.0), made_at=1.0), 2).due_at == 5.0
    assert Lane(("c", "bot"), deque([1]), read_at=7.0).due_at == 7.0


# --- who gets in -----------------------------------------------------------------------------------------------------


class Door:
    """Remembers who got in."""

    def __init__(self, places: int) -> None:
        self.came: list[str] = []
        self.backlog = Backlog(places=lambda _target: places, let_in=self.let_in)

    def let_in(self, found: Lane) -> None:
        found.queued = False
        self.came.append(found.key[0])


def test_each_target_has_its_places():
    door = Door(2)
    for name in ("a", "b", "c"):
        door.backlog.join(lane(name=name), again=False)
    door.backlog.join(lane(name="d", target="site"), again=False)

    assert door.came == ["a", "b", "d"]


def test_a_place_that_becomes_free_goes_to_the_next_and_first_to_who_was_tried_before():
    door = Door(1)
    first = lane(name="a")
    door.backlog.join(first, again=False)
    door.backlog.join(lane(name="b"), again=False)
    door.backlog.join(lane(name="c"), again=True)
    door.backlog.leave(first)
    door.backlog.leave(first)

    assert door.came == ["a", "c"]


def test_who_left_the_queue_is_passed_over_and_who_waits_waits_once():
    door = Door(1)
    first, second, third = (lane(name=name) for name in "abc")
    for each in (first, second, second, third):
        door.backlog.join(each, again=False)
    second.queued = False
    door.backlog.leave(first)

    assert door.came == ["a", "c"]


def test_after_the_close_nobody_gets_in():
    door = Door(1)
    first = lane(name="a")
    door.backlog.join(first, again=False)
    door.backlog.join(lane(name="b"), again=False)
    door.backlog.close()
    door.backlog.leave(first)

    assert door.came == ["a"]
