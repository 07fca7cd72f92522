"""A limit for all that goes to one destination: everything waits, nothing is tried in vain, the order stays."""

from __future__ import annotations

from pathlib import Path

from gateway import Temporary, supervisor
from gateway.events import SendToClient
from gateway.testing import Harness

WORDS = "too many messages"


def limited(seconds: float, *, everyone: bool = True) -> Temporary:
    return Temporary(WORDS, retry_after_seconds=seconds, everyone=everyone)


async def paused(gateway: Harness) -> None:
    """Let Ann's answer run into the limit."""
    gateway.channel().failures.append(limited(30))
    await gateway.channel().writes("hi", "ann")
    await waiting(gateway, 1)


async def waiting(gateway: Harness, count: int) -> None:
    """Wait until so many lanes wait for their next try."""
    lanes = gateway.gateway.dispatcher._lanes
    await gateway.until(lambda: sum(bool(lane.alarm) for lane in lanes.values()) == count)


async def test_all_wait_when_the_limit_is_for_everyone(tmp_path: Path) -> None:
    async with Harness(folder=tmp_path) as gateway:
        await paused(gateway)
        for client in ("bob", "cid"):
            await gateway.channel().writes("one", client)
            await gateway.channel().writes("two", client)
        await waiting(gateway, 3)
        assert gateway.channel().texts() == []

        gateway.advance(31)
        await gateway.settled()
        seen = [(each.client.id, each.message.text) for each in gateway.channel().sent]

        assert sorted(seen) == sorted(
            [("ann", "echo hi"), *((who, f"echo {word}") for who in ("bob", "cid") for word in ("one", "two"))]
        )
        assert [text for who, text in seen if who == "bob"] == ["echo one", "echo two"]


async def test_waiting_for_the_others_costs_no_attempt(tmp_path: Path) -> None:
    async with Harness(folder=tmp_path) as gateway:
        await paused(gateway)
        await gateway.channel().writes("one", "bob")
        await waiting(gateway, 2)
        gateway.advance(31)
        await gateway.settled()

        assert {each.client.id: each.attempt for each in gateway.channel().sent} == {"ann": 2, "bob": 1}


async def test_a_limit_for_one_holds_up_nobody_else(tmp_path: Path) -> None:
    async with Harness(folder=tmp_path) as gateway:
        gateway.channel().failures.append(limited(30, everyone=False))
        await gateway.channel().writes("hi", "ann")
        await waiting(gateway, 1)
        await gateway.channel().writes("hi", "bob")
        await gateway.until(lambda: gateway.channel().texts() == ["echo hi"])

        assert gateway.channel().sent[0].client.id == "bob"


async def test_other_destinations_are_not_held_up(tmp_path: Path) -> None:
    async with Harness(folder=tmp_path) as gateway:
        await paused(gateway)
        await gateway.channel().writes("agent", "bob")
        await gateway.until(lambda: bool(gateway.platform().openings))

        assert gateway.channel().texts() == []


async def test_who_waits_in_vain_is_told(tmp_path: Path) -> None:
    """A pause is a wait like any other: it has an end, and a reason."""
    async with Harness(folder=tmp_path) as gateway:
        await paused(gateway)
        await gateway.channel().writes("one", "bob")
        await waiting(gateway, 2)
        gateway.channel().failures.extend(limited(60) for _ in range(20))
        for _ in range(16):
            gateway.advance(61)
            await gateway.until(lambda: not any(lane.task for lane in gateway.gateway.dispatcher._lanes.values()))
        (letter,) = [
            each
            for each in await gateway.gateway.store.dead_letters()
            if isinstance(each.effect.action, SendToClient) and each.effect.conversation.startswith(await bobs(gateway))
        ]
        deliveries = [entry.body for entry in await gateway.log("bob") if entry.body.type == "delivery"]

        assert letter.effect.error == WORDS
        assert [each.state.value for each in deliveries] == ["delayed", "failed"]


async def bobs(gateway: Harness) -> str:
    return (await gateway.conversation("bob")).id


async def test_a_very_long_pause_is_looked_at_every_minute(tmp_path: Path) -> None:
    async with Harness(folder=tmp_path) as gateway:
        gateway.channel().failures.append(limited(600))
        await gateway.channel().writes("hi", "ann")
        await waiting(gateway, 1)
        await gateway.channel().writes("hi", "bob")
        await waiting(gateway, 2)
        gateway.advance(supervisor.LONGEST_PAUSE_SECONDS + 1)
        await gateway.until(lambda: bool(gateway.channel().sent))

        assert [each.client.id for each in gateway.channel().sent] == ["bob"]
