"""Calls of several steps that go on where they were."""

from __future__ import annotations

from functools import partial

import pytest

from gateway import Steps, Temporary


class Drawer:
    """A storage in memory."""

    def __init__(self):
        self.kept = {}

    async def get(self, key):
        return self.kept.get(key)

    async def put(self, key, value):
        self.kept[key] = value
        if value is None:
            del self.kept[key]

    async def items(self, prefix=""):
        return {key: value for key, value in self.kept.items() if key.startswith(prefix)}


class Caller:
    """Takes steps named a, b, c; fails at one once."""

    def __init__(self, failing=""):
        self.failing = failing
        self.taken = []

    async def take(self, name):
        if name == self.failing:
            self.failing = ""
            raise Temporary(name)
        self.taken.append(name)

    def steps(self):
        return [partial(self.take, name) for name in "abc"]


@pytest.mark.parametrize("failing", ["a", "b", "c"])
async def test_a_confirmed_step_is_never_taken_again(failing):
    drawer, caller = Drawer(), Caller(failing)
    with pytest.raises(Temporary):
        await Steps(drawer).carry_out("call", caller.steps())
    await Steps(drawer).carry_out("call", caller.steps())
    await Steps(drawer).carry_out("call", caller.steps())

    assert caller.taken == ["a", "b", "c"]


async def test_calls_do_not_know_of_each_other_and_can_be_forgotten():
    drawer, caller = Drawer(), Caller()
    steps = Steps(drawer)
    for call in ("one", "two", "one"):
        await steps.carry_out(call, caller.steps())
    assert caller.taken == [*"abc"] * 2

    await steps.forget("one")
    await steps.carry_out("one", caller.steps())
    assert caller.taken == [*"abc"] * 3


async def test_what_was_left_over_goes():
    drawer = Drawer()
    await drawer.put("other", 1)
    steps = Steps(drawer)
    for call in ("one", "two"):
        await steps.carry_out(call, Caller().steps())
    await steps.forget_all_but(["two"])

    assert drawer.kept == {"other": 1, "steps:two": 3}
