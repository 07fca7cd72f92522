"""Two things at once: what must not happen between two awaits."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from gateway import Floor, SessionEnded, Unavailable
from gateway.store.contract import Step
from gateway.testing import Harness

if TYPE_CHECKING:
    from gateway.store.sqlite import SqliteStore


class Held:
    """Holds a store's commits up until told to let them through."""

    def __init__(self, gateway: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.free = asyncio.Event(), asyncio.Event()
        self._commit = gateway.gateway.store.commit
        monkeypatch.setattr(gateway.gateway.store, "commit", self)

    async def __call__(self, step: Step, *, done: Callable[[], None]) -> bool:
        self.reached.set()
        await self.free.wait()
        return await self._commit(step, done=done)


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


async def test_who_hangs_up_during_the_commit_is_heard_nevertheless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was handed in may be on disk, so it must be carried out, and nobody may decide on the state before it."""
    async with Harness(folder=tmp_path) as gateway:
        handed_in = asyncio.Event()
        writer = cast("SqliteStore", gateway.gateway.store)._writer
        submit = writer.submit

        def watched(*given: Any, **more: Any) -> Any:
            handed_in.set()
            return submit(*given, **more)

        monkeypatch.setattr(writer, "submit", watched)
        calling = asyncio.create_task(gateway.channel().writes("hello"))
        await handed_in.wait()
        calling.cancel()
        await gateway.channel().writes("are you there?")
        with pytest.raises(asyncio.CancelledError):
            await calling
        await gateway.settled()

        assert sorted(await gateway.transcript()) == [
            "bot: echo are you there?",
            "bot: echo hello",
            "client: are you there?",
            "client: hello",
        ]


async def test_a_fault_in_what_follows_from_a_commit_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Harness(folder=tmp_path) as gateway:
        monkeypatch.setattr(gateway.gateway.dispatcher, "accept", lambda step: {}[step.at])
        with pytest.raises(KeyError):
            await gateway.channel().writes("hello")
