"""What a bot lets be seen while it writes, on its way to a browser: never late, never in place of what was said."""

from __future__ import annotations

import json

import pytest

from gateway import Floor, Markup, Role, Typing


def draft(text, **more):
    return Typing(conversation="c1", role=Role.BOT, text=text, markup=Markup.MARKDOWN, **more)


async def test_a_draft_goes_with_the_sign(stage):
    visitor = await stage.visitor()
    await visitor.say("Hi")
    async with visitor.socket() as line:
        await line.hear("hello")
        stage.book.type(draft("It is **on"))
        heard = await line.hear("typing")

    assert heard == {"type": "typing", "role": "bot", "active": True, "text": "It is **on", "markup": "markdown"}


async def test_event_streams_carry_drafts_too(stage):
    visitor = await stage.visitor()
    await visitor.say("Hi")
    async with visitor.get("events?conversation=c1&after=1", headers=visitor.authorization) as response:
        frames = response.content
        while b"hello" not in await frames.readline():
            pass
        stage.book.type(draft("so far"))
        while not (line := await frames.readline()).strip():
            pass

    assert json.loads(line.removeprefix(b"data: "))["text"] == "so far"


class Slow:
    """A browser that takes nothing until it is asked what it has got."""

    def __init__(self, stage):
        self.frames = []
        self.tail = stage.tail(stage.book.states["c1"].client.id, self, after=("c1", 1))
        stage.book.watch(self.tail.notice)
        stage.book.watch_typing(self.tail.signal)

    async def send(self, frame):
        self.frames.append(frame)

    def end(self):
        """Nobody hangs up here."""

    async def got(self):
        """Return what it has got of signs and words."""
        await self.tail._send_all()
        return [told for frame in self.frames for told in _told(frame)]


def _told(frame):
    if frame["type"] == "typing":
        return [frame.get("text") or frame["active"]]
    said = [entry["body"] for entry in frame.get("entries", ()) if entry["body"]["type"] == "said"]
    return [{"said": body["message"]["contents"][0]["text"]} for body in said]


@pytest.fixture
async def slow(stage):
    visitor = await stage.visitor()
    await visitor.say("Hi")
    slow = Slow(stage)
    assert await slow.got() == []
    return slow


async def test_a_slow_browser_gets_only_the_newest_of_a_draft(stage, slow):
    for text in ("It", "It is", "It is on", "It is on its", "It is on its way"):
        stage.book.type(draft(text))

    assert await slow.got() == ["It is on its way"]


async def test_no_draft_comes_after_what_it_became(stage, slow):
    stage.book.type(draft("It is on"))
    stage.bot_says("It is on its way.")

    assert await slow.got() == [{"said": "It is on its way."}]


@pytest.mark.parametrize("epoch", [None, 1])
async def test_no_draft_comes_after_an_agent(stage, slow, epoch):
    stage.book.type(draft("It is on", epoch=epoch))
    stage.agent_joins()

    assert await slow.got() == []


async def test_a_draft_of_before_the_agent_does_not_come_back(stage, slow):
    stage.book.type(draft("It is on", epoch=1))
    stage.book.add("c1", floor=Floor.AGENT, epoch=2)
    stage.book.add("c1", floor=Floor.BOT, epoch=3)

    assert await slow.got() == []


async def test_the_end_of_a_draft_is_never_lost(stage, slow):
    stage.book.type(draft("It is on"))
    stage.book.type(Typing(conversation="c1", role=Role.BOT, active=False))
    stage.bot_says("sorry")

    assert await slow.got() == [{"said": "sorry"}, False]


async def test_nothing_of_another_conversation_comes(stage, slow):
    stage.book.type(Typing(conversation="c0", role=Role.BOT, text="for somebody else"))

    assert await slow.got() == []


async def test_a_sign_after_the_clients_word_comes(stage, slow):
    stage.book.add("c1", language="pt")
    stage.book.type(draft("It is on", epoch=1))

    assert await slow.got() == ["It is on"]
