"""What an earlier run left undone is taken up in order and in slices; whoever writes now does not wait behind it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway import Temporary, Unavailable
from gateway.events import Effect
from gateway.lanes import READ_AT_ONCE
from gateway.testing import SIMPLE, Clock, Harness

CONCURRENCY = 8
PLACES = CONCURRENCY // 2
CLIENTS = [f"client{number}" for number in range(20)]
WORDS = [f"word {number}" for number in range(READ_AT_ONCE + 3)]
CONFIG = {
    **SIMPLE,
    "server": {"port": 0, "shutdown_seconds": 0},
    "bots": {"bot": {"type": "fake", "concurrency": CONCURRENCY, "timeout_seconds": 600}},
}
PENDING = len(CLIENTS) * len(WORDS)
PROBLEMS = {"locked": Unavailable("database is locked"), "spoilt": ValueError("this is no action")}


async def left_behind(folder: Path) -> Harness:
    """Let a bot hang while everybody writes, stop, and return the next run, in which the bot hangs still."""
    before = Harness(CONFIG, folder=folder)
    before.bot().gate.clear()
    async with before:
        for word in WORDS:
            await asyncio.gather(*(before.channel().writes(word, client) for client in CLIENTS))
    after = Harness(CONFIG, folder=folder, clock=Clock())
    after.bot().gate.clear()
    return after


def asked(gateway: Harness, client: str) -> list[str]:
    return [_text(turn) for turn in gateway.bot().turns if turn.conversation.client.id == client]


def _text(turn) -> str:
    return str(turn.cause.body.message.text)


def read(gateway: Harness) -> list[Effect]:
    return [effect for lane in gateway.gateway.dispatcher._lanes.values() for effect in lane.effects()]


async def test_all_is_done_in_order_after_a_restart(tmp_path: Path) -> None:
    async with await left_behind(tmp_path) as gateway:
        assert gateway.gateway.dispatcher.pending() == PENDING
        assert gateway.gateway.dispatcher.lanes() == len(CLIENTS)
        gateway.bot().gate.set()
        await gateway.settled()

        assert {client: asked(gateway, client) for client in CLIENTS} == dict.fromkeys(CLIENTS, WORDS)
        for client in CLIENTS:
            seen = [each.message.text for each in gateway.channel().sent if each.client.id == client]
            assert seen == [f"echo {word}" for word in WORDS]


async def test_a_newcomer_is_answered_while_the_old_hang(tmp_path: Path) -> None:
    async with await left_behind(tmp_path) as gateway:
        await gateway.until(lambda: len(gateway.bot().turns) == PLACES)
        await gateway.channel().writes("I am new here", "newcomer")
        await gateway.until(lambda: asked(gateway, "newcomer") == ["I am new here"])

        assert len(gateway.bot().turns) == PLACES + 1


async def test_what_waits_stays_in_the_store(tmp_path: Path) -> None:
    async with await left_behind(tmp_path) as gateway:
        await gateway.until(lambda: len(gateway.bot().turns) == PLACES)

        assert len(read(gateway)) <= PLACES * READ_AT_ONCE
        assert gateway.gateway.dispatcher.pending() == PENDING


async def test_who_writes_again_is_taken_up_before_the_others_and_in_order(tmp_path: Path) -> None:
    async with await left_behind(tmp_path) as gateway:
        await gateway.until(lambda: len(gateway.bot().turns) == PLACES)
        last = CLIENTS[-1]
        assert asked(gateway, last) == []
        await gateway.channel().writes("hello?", last)
        await gateway.until(lambda: bool(asked(gateway, last)))
        gateway.bot().gate.set()
        await gateway.settled()

        assert asked(gateway, last) == [*WORDS, "hello?"]


async def test_what_is_cancelled_before_its_turn_is_never_done(tmp_path: Path) -> None:
    async with await left_behind(tmp_path) as gateway:
        await gateway.until(lambda: len(gateway.bot().turns) == PLACES)
        last = CLIENTS[-1]
        await gateway.channel().ends(last)
        assert gateway.gateway.dispatcher.pending() == PENDING - len(WORDS)
        assert gateway.gateway.dispatcher.lanes() == len(CLIENTS) - 1
        gateway.bot().gate.set()
        await gateway.settled()

        assert asked(gateway, last) == []
        assert asked(gateway, CLIENTS[-2]) == WORDS


async def test_those_that_failed_are_tried_again_in_slices_too(tmp_path: Path) -> None:
    async with await left_behind(tmp_path) as gateway:
        bot = gateway.bot()
        bot.failures = [Temporary("no", retry_after_seconds=30) for _ in CLIENTS]
        bot.gate.set()
        await gateway.until(lambda: all(lane.alarm for lane in gateway.gateway.dispatcher._lanes.values()))
        bot.gate.clear()
        bot.turns.clear()
        gateway.advance(31)
        await gateway.until(lambda: len(bot.turns) == PLACES)
        await gateway.channel().writes("I am new here", "newcomer")
        await gateway.until(lambda: len(bot.turns) == PLACES + 1)
        assert asked(gateway, "newcomer") == ["I am new here"]
        bot.gate.set()
        await gateway.settled()

        assert {client: asked(gateway, client) for client in CLIENTS} == dict.fromkeys(CLIENTS, WORDS)


@pytest.mark.parametrize("trouble", ["locked", "spoilt"])
async def test_an_effect_that_cannot_be_read_is_read_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    gateway = await left_behind(tmp_path)
    gateway.bot().gate.set()
    read_effects = gateway.gateway.store.pending_effects
    failed: list[str] = []

    async def reading(conversation: str, numbers: list[int]):
        if not failed:
            failed.append(conversation)
            raise PROBLEMS[trouble]
        return await read_effects(conversation, numbers)

    monkeypatch.setattr(gateway.gateway.store, "pending_effects", reading)
    async with gateway:
        await gateway.until(lambda: gateway.gateway.dispatcher.pending() <= len(WORDS))  # the others are served
        gateway.advance(400)
        await gateway.settled()

        assert {client: asked(gateway, client) for client in CLIENTS} == dict.fromkeys(CLIENTS, WORDS)
