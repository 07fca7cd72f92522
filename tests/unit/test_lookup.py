"""Answers of other systems, used for some seconds."""

from __future__ import annotations

import asyncio

import pytest

from gateway import Lookup, Temporary


class Oracle:
    """Answers how often it was asked; waits while `gate` is cleared, fails while `down`."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.asked = 0
        self.down = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.failures: list[str] = []
        self.lookup = Lookup(self.ask, now=lambda: self.now, fresh_seconds=10, failed=self.failures.append)

    async def ask(self) -> int:
        self.asked += 1
        await self.gate.wait()
        if self.down:
            raise Temporary("it is down")
        return self.asked


@pytest.fixture
def oracle():
    return Oracle()


async def test_a_fresh_answer_is_not_asked_for_again(oracle):
    assert await oracle.lookup.answer() == 1
    oracle.now += 9
    assert await oracle.lookup.answer() == 1
    oracle.now += 1
    assert await oracle.lookup.answer() == 2


async def test_many_who_ask_at_once_share_one_question(oracle):
    oracle.gate.clear()
    asking = [asyncio.create_task(oracle.lookup.answer()) for _ in range(5)]
    await asyncio.sleep(0)
    oracle.gate.set()

    assert await asyncio.gather(*asking) == [1] * 5


async def test_an_older_answer_is_used_while_the_newer_one_takes_its_time(oracle, monkeypatch):
    monkeypatch.setattr("gateway.lookup.WAIT_SECONDS", 0.01)
    await oracle.lookup.answer()
    oracle.now += 30
    oracle.gate.clear()

    assert await oracle.lookup.answer() == 1
    oracle.gate.set()
    assert await oracle.lookup.refresh() == 2
    assert await oracle.lookup.answer() == 2


async def test_an_answer_that_is_too_old_is_none(oracle):
    await oracle.lookup.answer()
    oracle.down = True
    oracle.now += 30
    assert await oracle.lookup.answer() == 1
    oracle.now += 31
    with pytest.raises(Temporary):
        await oracle.lookup.answer()

    assert oracle.failures == ["it is down"] * 2


async def test_who_gives_up_waiting_does_not_end_the_question(oracle):
    oracle.gate.clear()
    waiting = asyncio.create_task(oracle.lookup.answer())
    await asyncio.sleep(0)
    waiting.cancel()
    oracle.gate.set()

    assert await oracle.lookup.answer() == 1
    assert oracle.asked == 1


async def test_none_is_an_answer_too(oracle):
    async def nothing() -> str | None:
        oracle.asked += 1
        return None

    lookup = Lookup(nothing, now=lambda: oracle.now, fresh_seconds=10)
    assert await lookup.answer() is None and await lookup.answer() is None
    assert oracle.asked == 1


async def test_stopping_ends_the_question(oracle):
    oracle.gate.clear()
    asking = oracle.lookup.refresh()
    await asyncio.sleep(0)
    await oracle.lookup.stop()

    assert asking.cancelled() and oracle.failures == []
