"""Typing signs and drafts: who sees them, for how long, and that none comes from one who may not speak."""

from __future__ import annotations

import pytest

from gateway import signals
from gateway.contracts import BotReply
from gateway.errors import Permanent
from gateway.events import Typing
from gateway.model import Role, Transfer, text_message
from gateway.testing import Harness


class Watcher:
    """What a channel that shows drafts is told, and how often one that shows only signs is called."""

    def __init__(self, gateway):
        self.told = []
        self.calls = 0
        self.gateway = gateway
        gateway.channel().context.conversations.watch_typing(self._told)
        gateway.gateway.instances["web"].typing = self

    def _told(self, sign):
        self.told.append(sign)
        self.gateway._changed.set()

    async def typing(self, _signal, *, client, session):
        self.calls += 1
        self.gateway._changed.set()

    @property
    def words(self):
        return [sign.text or sign.active for sign in self.told]


@pytest.fixture
async def gateway(tmp_path):
    async with Harness(folder=tmp_path, memory=True) as gateway:
        yield gateway


@pytest.fixture
def watcher(gateway):
    return Watcher(gateway)


def drafting(gateway, *texts, reply):
    """Let the bot show these drafts, then answer."""

    def answer(turn):
        for text in texts:
            sign = Typing(conversation=turn.conversation.id, role=Role.BOT, text=text, epoch=turn.epoch)
            gateway.bot().context.signal(sign)
        return reply

    gateway.bot().answer = answer


async def test_a_draft_reaches_who_watches_and_the_answer_ends_it(gateway, watcher):
    drafting(gateway, "it", "it is", reply=BotReply(messages=(text_message("it is so"),)))
    await gateway.channel().writes("is it?")
    await gateway.settled()

    assert watcher.words == ["it", "it is"]
    assert gateway.channel().texts() == ["it is so"]


async def test_who_shows_only_signs_is_not_called_for_each_word(gateway, watcher):
    drafting(gateway, *"abcdefgh", reply=BotReply())
    await gateway.channel().writes("is it?")
    await gateway.until(lambda: watcher.calls == 1)
    await gateway.settled()

    assert watcher.calls == 1  # it ended without a word


@pytest.mark.parametrize("failure", [None, Permanent("no")])
async def test_a_turn_without_words_ends_the_sign(gateway, watcher, failure):
    drafting(gateway, "it", reply=BotReply())
    gateway.bot().failures = [failure] if failure else []
    await gateway.channel().writes("is it?")
    await gateway.settled()

    assert watcher.words == ([False] if failure else ["it", False])


async def test_who_answers_at_once_is_not_said_to_write(gateway, watcher):
    await gateway.channel().writes("hello")
    await gateway.settled()

    assert watcher.told == []


async def test_a_lasting_sign_is_given_again(gateway, watcher, monkeypatch):
    monkeypatch.setattr(signals, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(signals, "AGAIN_SECONDS", 0.01)
    gateway.bot().gate.clear()
    await gateway.channel().writes("is it?")
    await gateway.until(lambda: len(watcher.told) >= 3)
    monkeypatch.setattr(signals, "FIRST_SECONDS", 60.0)
    gateway.bot().gate.set()
    await gateway.settled()
    so_far = len(watcher.told)
    await gateway.channel().writes("and now?")
    await gateway.settled()

    assert set(watcher.words) == {True} and len(watcher.told) == so_far
    assert gateway.channel().texts() == ["echo is it?", "echo and now?"]


async def test_no_draft_is_seen_once_an_agent_has_the_floor_nor_after_it(gateway, watcher):
    bot, desk = gateway.bot(), gateway.platform()
    await gateway.channel().writes("agent")
    await gateway.until(lambda: desk.openings)
    stale = Typing(conversation=(await gateway.conversation()).id, role=Role.BOT, text="late", epoch=1)
    watcher.told.clear()

    bot.context.signal(stale)  # while waiting
    await desk.joins()
    bot.context.signal(stale)  # with an agent
    await desk.ends()
    await gateway.settled()
    bot.context.signal(stale)  # back with the bot, in another epoch

    assert "late" not in watcher.words


async def test_only_the_bot_of_the_route_speaks_for_it(gateway, watcher):
    await gateway.channel().writes("hello")
    await gateway.settled()
    conversation = await gateway.conversation()
    watcher.told.clear()

    gateway.platform().context.signal(Typing(conversation=conversation.id, role=Role.BOT, text="not mine"))

    assert watcher.words == []


async def test_a_bot_that_goes_on_during_a_one_time_message_is_seen_writing(gateway, watcher):
    once = Transfer(one_time_message=True, first_message="call me")
    drafting(gateway, reply=BotReply(messages=(text_message("noted"),), transfer=once))
    await gateway.channel().writes("tell them")
    await gateway.until(lambda: gateway.platform().openings)
    await gateway.settled()
    watcher.told.clear()
    drafting(gateway, "still", reply=BotReply(messages=(text_message("still here"),)))
    await gateway.channel().writes("and you?")
    await gateway.settled()

    assert watcher.words == ["still"]
