"""Timers ring once, when they are due, also by a clock that jumps."""

from __future__ import annotations

import asyncio

from gateway.alarms import Alarms
from gateway.events import Timer
from gateway.testing import Clock

HOUR = 3600.0


def timer(clock, *, seconds: float, name: str = "wait") -> Timer:
    return Timer(conversation="c", name=name, due_at=clock() + seconds, epoch=1)


async def rung(alarms: Alarms, heard: list[Timer], *, within_seconds: float = 5.0) -> list[Timer]:
    async with asyncio.timeout(within_seconds):
        while not heard:
            alarms.check()
            await asyncio.sleep(0.01)  # the clock is what is tested
    return heard


async def test_a_timer_rings_when_it_is_due():
    heard, clock = list[Timer](), Clock()
    alarms = Alarms(now=clock, ring=heard.append)
    first = timer(clock, seconds=0.1)
    alarms.set(first)

    assert await rung(alarms, heard) == [first]
    alarms.stop()


async def test_a_clock_that_is_set_forward_makes_it_ring():
    heard, clock = list[Timer](), Clock()
    alarms = Alarms(now=clock, ring=heard.append)
    alarms.set(timer(clock, seconds=HOUR))
    clock.ahead += HOUR

    assert len(await rung(alarms, heard)) == 1
    alarms.stop()


async def test_a_clock_that_is_set_back_keeps_nobody_waiting():
    heard, clock = list[Timer](), Clock()
    alarms = Alarms(now=clock, ring=heard.append)
    long = timer(clock, seconds=HOUR, name="idle")
    alarms.set(long)
    clock.ahead += HOUR / 2
    alarms.check()
    short = timer(clock, seconds=0.1)
    alarms.set(short)
    clock.ahead -= HOUR / 2

    assert await rung(alarms, heard) == [short], "and what was set by the right clock rings by the right clock"
    assert alarms.is_current(long)
    alarms.stop()


async def test_a_dropped_timer_does_not_ring_after_the_clock_was_set_back():
    heard, clock = list[Timer](), Clock()
    clock.ahead = HOUR
    alarms = Alarms(now=clock, ring=heard.append)
    dropped, kept = timer(clock, seconds=0.05, name="accept"), timer(clock, seconds=0.1)
    alarms.set(dropped)
    alarms.set(kept)
    alarms.drop("c", "accept")
    clock.ahead = 0.0

    assert await rung(alarms, heard) == [kept]
    alarms.stop()
