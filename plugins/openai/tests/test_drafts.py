"""The answer is seen while it is written, and never by mistake."""

from __future__ import annotations

import asyncio

import pytest

from gateway import Markup, Role
from gateway_openai import draft as drafts
from gateway_openai.words import shown, shown_so_far
from plugins.openai.tests.kit import call, standing, words


class Watcher:
    """What a channel that shows drafts is told."""

    def __init__(self, place):
        self.told = []
        self.changed = asyncio.Event()
        place.channel.context.conversations.watch_typing(self._told)

    def _told(self, sign):
        self.told.append(sign)
        self.changed.set()

    @property
    def texts(self):
        return [sign.text for sign in self.told if sign.text]

    async def until(self, condition):
        async with asyncio.timeout(10):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


@pytest.fixture(autouse=True)
def eager(monkeypatch):
    monkeypatch.setattr(drafts, "EVERY_SECONDS", 0.0)


@pytest.fixture
def watcher(place):
    return Watcher(place)


async def test_the_draft_grows_and_the_answer_is_said_once(place, watcher):
    place.model.answers(words("It is ", "on its ", "way."))

    assert await place.says("Where is it?") == ["It is on its way."]
    assert watcher.texts == ["It is", "It is on its", "It is on its way."]
    sign = next(sign for sign in watcher.told if sign.text)
    assert (sign.role, sign.markup, sign.epoch) == (Role.BOT, Markup.MARKDOWN, 1)
    assert all(sign.active for sign in watcher.told)


async def test_a_few_times_a_second_are_enough(place, watcher, monkeypatch):
    monkeypatch.setattr(drafts, "EVERY_SECONDS", 3600.0)
    place.model.answers(words(*"It is on its way."))

    assert await place.says("Where is it?") == ["It is on its way."]
    assert watcher.texts == ["I"]


async def test_what_was_said_before_a_tool_stays_in_the_draft(tmp_path):
    async with standing(tmp_path, remember={"email": "The address."}) as place:
        watcher = Watcher(place)
        place.model.answers(call("remember", {"email": "a@b.c"}, said="Noted."), words("What ", "else?"))

        assert await place.says("I am a@b.c") == ["Noted.\n\nWhat else?"]
        assert watcher.texts == ["Noted.", "Noted.\n\nWhat", "Noted.\n\nWhat else?"]


async def test_an_agent_who_comes_in_the_middle_ends_it(tmp_path):
    """In the middle of the answer a human takes over: nothing of it is shown any more, and nothing of it is said."""
    async with standing(tmp_path) as place:
        watcher = Watcher(place)
        reply = place.model.answers(words("It is ", "on its ", "way.", hold=1))
        await place.channel.writes("Where is it?")
        await watcher.until(lambda: watcher.texts == ["It is"])
        await place.channel.human_writes("I am looking.")
        reply.released.set()
        await place.gateway.settled()

        assert watcher.texts == ["It is"]
        assert place.channel.texts() == []
        assert await place.gateway.transcript() == ["client: Where is it?", "joined", "agent: I am looking."]


async def test_a_broken_stream_takes_its_draft_back(place, watcher):
    place.model.answers(words("It is ", "on its", cut=True), words("Here I am."))

    assert await place.says("Where is it?") == ["Here I am."]
    assert [sign.text or sign.active for sign in watcher.told] == [
        "It is", "It is on its", False, "Here I am.",
    ]  # fmt: skip


async def test_without_streaming_there_is_no_draft(tmp_path):
    async with standing(tmp_path, stream=False) as place:
        watcher = Watcher(place)
        await place.says("hello")

        assert watcher.texts == []


@pytest.mark.parametrize(
    "answer",
    [
        "<think>Hm, what does she want?</think>A pot?",
        "[Human agent Anna] I am a person.",
        "<b>bold</b>",
        "[link](x)",
        "[",
    ],
)
def test_a_draft_only_ever_grows_towards_what_is_said(answer):
    said = shown(answer)
    for length in range(len(answer) + 1):
        assert said.startswith(shown_so_far(answer[:length]))
    assert "Hm" not in said and "Human" not in said
