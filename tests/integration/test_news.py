"""A channel is told of what it wants to hear of: at least once, in order, across a restart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway import EVERYTHING, ChannelKind, Closed, Temporary, UserMistake, hookimpl
from gateway.testing import SIMPLE, Harness, plugin_host
from gateway.testing.fakes import FakeChannel, Nothing

CONFIG = {**SIMPLE, "channels": {"web": {"type": "hearing"}}}
HEARS = replace(EVERYTHING, hears=frozenset({"closed"}))


class HearingChannel(FakeChannel):
    def __init__(self, context, options):
        super().__init__(context, options)
        self.news = []

    async def tell(self, news):
        await self.called()
        self.news.append(news)
        self.on_call()


class Plugin:
    """Offers a channel that is told of the end, and one that forgot how to hear."""

    @hookimpl
    def register_channels(self):
        return [
            ChannelKind(name="hearing", summary="-", options=Nothing, build=HearingChannel, capabilities=HEARS),
            ChannelKind(name="deaf", summary="-", options=Nothing, build=FakeChannel, capabilities=HEARS),
        ]


PLUGIN = Plugin()


def news_of(gateway):
    channel = gateway.channel()
    assert isinstance(channel, HearingChannel)
    return channel.news


def host():
    return plugin_host(f"{__name__}:PLUGIN", installed=False)


async def test_the_end_is_told_after_the_last_words(tmp_path):
    async with Harness(CONFIG, folder=tmp_path, host=host()) as gateway:
        await gateway.channel().writes("bye")
        await gateway.until(lambda: bool(news_of(gateway)))

        assert gateway.channel().texts() == ["goodbye"]
        [news] = news_of(gateway)
        assert isinstance(news.entry.body, Closed) and news.conversation.client.id == "ann"


async def test_the_end_is_told_after_a_restart_under_the_same_id(tmp_path):
    ids: list[str] = []
    async with Harness(CONFIG, folder=tmp_path, host=host()) as gateway:
        await gateway.channel().writes("hello")
        await gateway.settled()
        gateway.channel().failures.append(Temporary("not now", retry_after_seconds=60))
        await gateway.channel().ends()
        await gateway.until(lambda: not gateway.channel().failures)
        clock = gateway.clock
    clock.ahead += 61
    async with Harness(CONFIG, folder=tmp_path, host=host(), clock=clock) as gateway:
        await gateway.until(lambda: bool(news_of(gateway)))
        ids += [news.id for news in news_of(gateway)]

        assert news_of(gateway)[0].attempt == 2

    assert len(ids) == 1


def test_who_wants_to_hear_must_be_able_to(tmp_path):
    config = {**SIMPLE, "channels": {"web": {"type": "deaf"}}}

    with pytest.raises(UserMistake, match=r"wants to hear of entries and has no tell\(\)"):
        Harness(config, folder=tmp_path, host=host())
