"""What a plugin may get wrong without losing data, disturbing others, or going unseen."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway import (
    BadInput,
    BotReply,
    ClientWrote,
    Floor,
    Message,
    Opened,
    Peer,
    SessionEnded,
    Turn,
    decide,
    events,
    text_message,
)
from gateway.testing import SIMPLE, Harness

SORRY = "Sorry, I could not answer that just now. Please try again."


@pytest.mark.parametrize(
    ("client", "message", "where"),
    [
        (Peer(id=7), text_message("hi"), "client.id"),
        (Peer(id=""), text_message("hi"), "client.id"),
        (Peer(id="ann"), "hi", "message"),
        (Peer(id="ann"), Message(contents=("hi",)), "message.contents.0"),
        (Peer(id="ann"), None, "message"),
    ],
)
async def test_an_event_that_could_not_be_read_again_is_refused(
    tmp_path: Path, client: Peer, message: Any, where: str
) -> None:
    async with Harness(folder=tmp_path) as gateway:
        with pytest.raises(BadInput, match=where):
            await gateway.channel().context.receive(ClientWrote(client=client, message=message))

        assert await gateway.gateway.store.conversations() == []


async def test_what_is_no_event_is_refused(tmp_path: Path) -> None:
    nothing: Any = None
    async with Harness(folder=tmp_path) as gateway:
        with pytest.raises(BadInput, match="NoneType"):
            await gateway.channel().context.receive(nothing)


async def test_half_a_character_is_no_reason_to_lose_a_message(tmp_path: Path) -> None:
    async with Harness(folder=tmp_path) as gateway:
        await gateway.channel().writes("half a smile: \ud83d")
        await gateway.settled()

        assert (await gateway.transcript())[0] == "client: half a smile: ?"


@pytest.mark.parametrize(
    "reply",
    [
        None,
        "hi",
        BotReply(messages=None),
        BotReply(messages=("hi",)),
        BotReply(messages=(text_message("hi"),), state={"it": object()}),
        BotReply(transfer="sales"),
        BotReply(attributes={"age": 7}),  # type: ignore[dict-item]
    ],
    ids=("nothing", "a string", "no messages", "strings", "a state that is no JSON", "a name", "a number"),
)
async def test_an_answer_that_is_none_is_a_failed_turn(tmp_path: Path, reply: Any) -> None:
    async with Harness(folder=tmp_path) as gateway:
        gateway.bot().answer = lambda _turn: reply
        await gateway.channel().writes("hi")
        await gateway.settled()

        assert (await gateway.transcript())[1:] == ["bot_failed", f"system: {SORRY}"]
        assert len(gateway.bot().turns) == 1


async def test_what_a_bot_does_to_its_state_counts_only_when_it_is_returned(tmp_path: Path) -> None:
    def forgets(turn: Turn) -> BotReply:
        seen = dict(turn.state)
        turn.state["asked"] = True
        return BotReply(messages=(text_message(str(seen)),), state={"n": 1} if not seen else None)

    async with Harness(folder=tmp_path) as gateway:
        gateway.bot().answer = forgets
        for text in ("one", "two", "three"):
            await gateway.channel().writes(text)
            await gateway.settled()

        assert gateway.channel().texts() == ["{}", "{'n': 1}", "{'n': 1}"]


@pytest.mark.parametrize("opened", [None, Opened(remote=7)], ids=str)
async def test_a_platform_that_answers_rubbish_has_not_taken_the_dialog(tmp_path: Path, opened: Any) -> None:
    async with Harness(folder=tmp_path) as gateway:
        gateway.platform().opened = opened
        await gateway.channel().writes("agent")
        await gateway.settled()

        assert (await gateway.conversation()).floor is Floor.BOT
        assert gateway.channel().texts()[-1] == "back: platform_lost"


async def test_a_call_that_cancels_itself_is_tried_again_after_a_pause(tmp_path: Path) -> None:
    def gives_up(_turn: Turn) -> BotReply:
        raise asyncio.CancelledError

    async with Harness(folder=tmp_path) as gateway:
        bot = gateway.bot()
        bot.answer = gives_up
        await gateway.channel().writes("hi")
        await gateway.until(lambda: bool(bot.turns))
        await gateway.channel().writes("there?", "bob")
        await gateway.until(lambda: len(bot.turns) == 2)
        pending = [lane.waiting[0] for lane in gateway.gateway.dispatcher._lanes.values()]

        assert [effect.attempts for effect in pending][:1] == [1]


async def test_a_rule_that_fails_does_not_repeat_what_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    async with Harness(folder=tmp_path) as gateway:
        web = gateway.channel()
        monkeypatch.setitem(decide.RULES, events.EffectDone, broken)
        await web.writes("one")
        await web.writes("two")
        await gateway.settled()

        assert web.texts() == ["echo one", "echo two"]
        letters = await gateway.gateway.store.dead_letters()
        assert {letter.effect.error for letter in letters} == {"done, but a fault in the gateway: ZeroDivisionError"}


async def test_a_conversation_whose_channel_left_the_config_ends_in_peace(tmp_path: Path) -> None:
    async with Harness(folder=tmp_path) as gateway:
        await gateway.channel().writes("agent")
        await gateway.until(lambda: bool(gateway.platform().openings))
        await gateway.settled()
        session = gateway.platform().session
        conversation = await gateway.conversation()
    renamed: Mapping[str, Any] = {
        **SIMPLE,
        "channels": {"site": {"type": "fake"}},
        "routes": {"main": {"channels": ["site"], "bot": "bot", "handoff": ["desk"]}},
    }
    async with Harness(renamed, folder=tmp_path) as gateway:
        await gateway.platform().context.receive(SessionEnded(session=session))
        await gateway.settled()
        engine = gateway.gateway.engine
        await gateway.until(lambda: engine.peek(conversation.id).floor is Floor.CLOSED)
