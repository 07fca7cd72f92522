"""Two things at once: what must not happen between two awaits."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import replace
from pathlib import Path

import pytest

from gateway import Floor, SessionEnded, Unavailable
from gateway.store.contract import Step
from gateway.testing import Harness


class Held:
    """Holds a store's commits up until told to let them through."""

    def __init__(self, gateway: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.free = asyncio.Event(), asyncio.Event()
        self._commit = gateway.gateway.store.commit
        monkeypatch.setattr(gateway.gateway.store, "commit", self)

    async def __call__(self, step: Step) -> bool:
        self.reached.set()
        await self.free.wait()
        return await self._commit(step)


async def test_a_late_delivery_of_the_last_conversation_does_not_bring_it_back(tmp_path: Path) -> None:
    async with Harness(folder=tmp_path) as gateway:
        web, bot = gateway.channel(), gateway.bot()
        web.gate.clear()
        first = await web.writes("bye")
        await gateway.until(lambda: gateway.gateway.engine.peek(first.conversation).floor is Floor.CLOSED)
        bot.gate.clear()
        again = await web.writes("again")
        web.gate.set()
        await gateway.until(lambda: gateway.gateway.dispatcher.pending() == 1)
        bot.gate.set()

        assert again.conversation != first.conversation
        assert (await web.writes("more")).conversation == again.conversation


async def test_reading_an_old_conversation_does_not_bring_it_back(tmp_path: Path) -> None:
    async with Harness(folder=tmp_path) as gateway:
        first = await gateway.channel().writes("bye")
        await gateway.settled()
        again = await gateway.channel().writes("again")
        await gateway.settled()
    async with Harness(folder=tmp_path) as gateway:
        await gateway.channel().context.conversations.get(first.conversation)

        assert (await gateway.channel().writes("more")).conversation == again.conversation


async def test_a_word_that_meets_the_close_begins_a_new_conversation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Harness(folder=tmp_path) as gateway:
        web, desk = gateway.channel(), gateway.platform()
        await web.writes("agent")
        await gateway.until(lambda: bool(desk.openings))
        await desk.joins()
        await gateway.settled()
        held = Held(gateway, monkeypatch)
        ended = asyncio.ensure_future(desk.context.receive(SessionEnded(session=desk.session, close=True)))
        await held.reached.wait()
        wrote = asyncio.ensure_future(web.writes("one more thing"))
        await asyncio.sleep(0)
        held.free.set()
        old, new = await ended, await wrote

        assert new.conversation != old.conversation
        assert (await gateway.transcript())[0] == "client: one more thing"


async def test_a_step_decided_on_an_old_state_may_be_tried_again(tmp_path: Path) -> None:
    async with Harness(folder=tmp_path) as gateway:
        await gateway.channel().writes("hi")
        await gateway.settled()
        conversation = await gateway.conversation()
        await gateway.gateway.store.commit(Step(conversation=replace(conversation, version=conversation.version + 1)))
        with pytest.raises(Unavailable, match="changed elsewhere"):
            await gateway.channel().writes("are you there?")

        assert (await gateway.channel().writes("are you there?")).conversation == conversation.id


async def test_a_sender_who_hung_up_is_not_missed_when_the_answer_is_no(tmp_path: Path) -> None:
    async with Harness(folder=tmp_path) as gateway:
        unheard: list[dict[str, object]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unheard.append(context))
        begun = await gateway.channel().writes("hello")
        await gateway.settled()
        engine = gateway.gateway.engine
        async with engine._turns.turn(begun.conversation):
            late = SessionEnded(session=f"{begun.conversation}.99")
            calling = asyncio.create_task(engine.receive("desk", late))
            await asyncio.sleep(0.01)
            calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        await engine.drain()
        gc.collect()

        assert unheard == []


async def test_a_fault_after_the_sender_hung_up_is_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Harness(folder=tmp_path) as gateway:
        await gateway.channel().writes("hello")
        await gateway.settled()
        held = Held(gateway, monkeypatch)
        held._commit = failing  # type: ignore[assignment]
        calling = asyncio.create_task(gateway.channel().writes("hello again"))
        await held.reached.wait()
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        held.free.set()
        await gateway.gateway.engine.drain()

        assert "step.bug" in capsys.readouterr().out


async def failing(_step: Step) -> bool:
    raise KeyError("a fault")
