"""Every wait ends, also when the gateway was away while it should have ended."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from gateway import Floor, Outcome, Permanent, Temporary
from gateway.events import Effect
from gateway.testing import SIMPLE, Clock, FakeChannel, Harness

PATIENT = {
    **SIMPLE,
    "routes": {
        "main": {
            "channels": ["web"],
            "bot": "bot",
            "handoff": ["desk"],
            "accept_timeout_seconds": 10,
            "wait_timeout_seconds": 100,
            "agent_timeout_seconds": 1000,
            "idle_timeout_seconds": 10000,
            "notify_delay_seconds": 5,
            "expire_seconds": 60,
        }
    },
}


async def test_a_platform_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    async with Harness(PATIENT, folder=tmp_path) as gateway:
        web, desk = gateway.channel(), gateway.platform()
        desk.gate.clear()
        await web.writes("agent")
        await gateway.until(lambda: "calling" in web.texts())
        gateway.advance(11)
        await gateway.until(lambda: web.texts()[-1:] == [f"back: {Outcome.PLATFORM_LOST.value}"])
        desk.gate.set()
        await gateway.until(lambda: bool(desk.closed))


async def test_a_queue_ends(tmp_path: Path) -> None:
    async with Harness(PATIENT, folder=tmp_path) as gateway:
        web, desk = gateway.channel(), gateway.platform()
        await web.writes("agent")
        await gateway.until(lambda: bool(desk.openings))
        await gateway.settled()
        gateway.advance(101)
        await gateway.until(lambda: web.texts()[-1:] == [f"back: {Outcome.WAIT_TIMEOUT.value}"])
        await gateway.until(lambda: bool(desk.closed))


async def test_a_queue_ends_while_the_gateway_is_away(tmp_path: Path) -> None:
    clock = Clock()
    async with Harness(PATIENT, folder=tmp_path, clock=clock) as gateway:
        await gateway.channel().writes("agent")
        await gateway.until(lambda: bool(gateway.platform().openings))
        await gateway.settled()
    clock.ahead += 101
    async with Harness(PATIENT, folder=tmp_path, clock=clock) as gateway:
        await gateway.until(lambda: gateway.channel().texts()[-1:] == [f"back: {Outcome.WAIT_TIMEOUT.value}"])


async def test_a_silent_agent_loses_the_floor(tmp_path: Path) -> None:
    async with Harness(PATIENT, folder=tmp_path) as gateway:
        web, desk = gateway.channel(), gateway.platform()
        await web.writes("agent")
        await gateway.until(lambda: bool(desk.openings))
        await desk.joins()
        await gateway.settled()
        gateway.advance(1001)
        await gateway.until(lambda: web.texts()[-1:] == [f"back: {Outcome.AGENT_TIMEOUT.value}"])


async def test_a_silent_client_is_let_go(tmp_path: Path) -> None:
    async with Harness(PATIENT, folder=tmp_path) as gateway:
        await gateway.channel().writes("hi")
        await gateway.settled()
        first = await gateway.conversation()
        gateway.advance(10001)
        await gateway.until(lambda: gateway.gateway.engine.peek(first.id).floor is Floor.CLOSED)
        await gateway.channel().writes("hi again")

        assert (await gateway.conversation()).id != first.id


async def test_an_author_is_told_of_a_delay_and_of_the_end(tmp_path: Path) -> None:
    async with Harness(PATIENT, folder=tmp_path) as gateway:
        web = gateway.channel()
        web.failures += [Temporary("busy", retry_after_seconds=20)]
        await web.writes("hi")
        await gateway.until(lambda: not web.failures)
        gateway.advance(21)
        await gateway.settled()

        states = [entry.body.state.value for entry in await gateway.log() if entry.body.type == "delivery"]
        assert states == ["delayed", "arrived"]


async def test_what_cannot_be_delivered_in_time_is_given_up(tmp_path: Path) -> None:
    async with Harness(PATIENT, folder=tmp_path) as gateway:
        web = gateway.channel()
        web.failures += [Temporary("busy", retry_after_seconds=30), Temporary("busy", retry_after_seconds=40)]
        await web.writes("hi")
        await gateway.until(lambda: len(web.failures) == 1)
        gateway.advance(31)
        await gateway.settled()

        states = [entry.body.state.value for entry in await gateway.log() if entry.body.type == "delivery"]
        assert states == ["delayed", "failed"]
        assert len(await gateway.gateway.store.dead_letters()) == 1


async def test_the_last_try_is_when_a_message_expires(tmp_path: Path) -> None:
    async with Harness(PATIENT, folder=tmp_path) as gateway:
        web = gateway.channel()
        web.failures += [Temporary("down")] * 5
        await web.writes("hi")
        for left in range(4, -1, -1):
            await gateway.until(lambda: bool(_waiting(gateway)))
            gateway.advance(_waiting(gateway)[0].due_at - gateway.clock())
            await gateway.until(partial(_has_failures, web, left))
        await gateway.settled()

        assert web.texts() == ["echo hi"]


def _has_failures(channel: FakeChannel, left: int) -> bool:
    return len(channel.failures) <= left


def _waiting(gateway: Harness) -> list[Effect]:
    lanes = gateway.gateway.dispatcher._lanes.values()
    heads = [effect for lane in lanes if not lane.task for effect in lane.effects()[:1]]
    return [effect for effect in heads if effect.attempts]


async def test_a_replayed_message_has_all_its_time_again(tmp_path: Path) -> None:
    async with Harness(PATIENT, folder=tmp_path) as gateway:
        web = gateway.channel()
        web.failures.append(Permanent("blocked"))
        await web.writes("hi")
        await gateway.settled()
        gateway.advance(3600)
        letter = (await gateway.gateway.store.dead_letters())[0].effect
        web.failures.append(Temporary("busy", retry_after_seconds=1))
        again = await gateway.gateway.store.replay(letter.conversation, letter.number, at=gateway.clock())
        gateway.gateway.dispatcher.replay(again)
        await gateway.until(lambda: not web.failures)
        gateway.advance(2)
        await gateway.settled()

        assert web.texts() == ["echo hi"]


async def test_nobody_else_on_the_machine_reads_the_data(tmp_path: Path) -> None:
    async with Harness(folder=tmp_path):
        assert (tmp_path / "data").stat().st_mode & 0o077 == 0


async def test_a_clock_that_is_set_back_holds_no_message_up(tmp_path: Path) -> None:
    clock = Clock()
    clock.ahead = 3600
    async with Harness(PATIENT, folder=tmp_path, clock=clock) as gateway:
        web, bot = gateway.channel(), gateway.bot()
        web.failures = [Temporary("down")]
        bot.gate.clear()
        await web.writes("one")
        await gateway.until(lambda: bool(bot.turns))
        await web.writes("two")
        bot.gate.set()
        await gateway.until(lambda: not web.failures)
        clock.ahead = 0

        await gateway.settled()
        assert web.texts() == ["echo one", "echo two"]


async def test_a_clock_that_was_set_back_while_the_gateway_was_away_holds_no_message_up(tmp_path: Path) -> None:
    clock = Clock()
    clock.ahead = 3600
    async with Harness(PATIENT, folder=tmp_path, clock=clock) as gateway:
        gateway.channel().failures = [Temporary("down", retry_after_seconds=30)]
        await gateway.channel().writes("one")
        await gateway.until(lambda: bool(_waiting(gateway)) and _waiting(gateway)[0].attempts == 1)
    clock.ahead = 0
    async with Harness(PATIENT, folder=tmp_path, clock=clock) as gateway:
        await gateway.until(lambda: gateway.channel().texts() == ["echo one"])
