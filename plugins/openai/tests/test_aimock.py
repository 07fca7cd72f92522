"""An endpoint of other people's making judges the engine: what it sends, what it understands, what it survives."""

from __future__ import annotations

import pytest

from gateway.testing import Harness
from plugins.openai.tests import aimock
from plugins.openai.tests.kit import KEY, Endpoint, Place, config, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SCHEMA = {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]}


@pytest.fixture
async def judge():
    try:
        aimock.command()
    except aimock.CannotBeMade as error:
        pytest.skip(f"no judge: {error}")
    async with aimock.running(KEY) as judge:
        yield judge


@pytest.fixture(params=[True, False], ids=["streamed", "whole"])
async def place(request, judge, tmp_path):
    """A gateway whose model is the judge, and whose tool is ours."""
    async with Endpoint() as ours:
        tool = {"name": "order_status", "description": "Looks.", "parameters": SCHEMA, "url": f"{ours.url}/tool"}
        options = {"stream": request.param, "tools": [tool], "prices": {"input": 1, "output": 1}}
        async with Harness(config(judge.url, **options), folder=tmp_path, memory=True) as gateway:
            yield Place(gateway, ours)


async def test_it_answers(place, judge):
    assert await place.says("hello") == ["Hello! How can I help you today?"]
    [entry] = await judge.asked()
    assert [message["role"] for message in entry["body"]["messages"]] == ["system", "user"]


async def test_it_asks_for_a_tool_and_is_given_its_answer(place):
    assert await place.says("where is my order?") == ["It is **on its way**."]
    assert place.model.called("tool") == [{"order": "17"}]
    assert await place.metric("tokens", model="small", direction="output") >= 6
    assert await place.metric("cost", model="small") > 0


async def test_it_calls_a_human(place):
    assert (await place.says("a human, please"))[0] == "I will get somebody."
    [opening] = place.desk.openings
    assert (opening.transfer.reason, opening.transfer.summary) == ("asked for a human", "Nothing yet.")


async def test_a_stream_cut_in_the_middle_is_asked_again(place, judge):
    said = await place.says("cut this")

    streamed = place.gateway.gateway.settings.bots["bot"].options.stream
    assert said == ["This time all of it."] if streamed else len(said) == 1
    assert len(await judge.asked()) == (2 if streamed else 1)


async def test_what_is_too_long_is_asked_again_at_once(place, judge):
    assert await place.says("this is too long") == ["Now it fits."]
    assert [entry["response"]["status"] for entry in await judge.asked()] == [400, 200]


async def test_how_an_answer_ended_is_understood(place):
    assert await place.says("limited") == ["Cut by the …"]
    await place.says("filtered")
    failed = [entry.body.reason for entry in await place.gateway.log() if entry.body.type == "bot_failed"]
    assert len(failed) == 1 and "content filter" in failed[0]


@pytest.mark.parametrize("fault", ["dropRate", "malformedRate", "disconnectRate", "rateLimitRate"])
async def test_it_may_go_wrong_for_a_while(place, judge, fault):
    await judge.breaks(**{fault: 1})
    await place.channel.writes("hello")
    retries = place.gateway.gateway.metrics.retries("bot")
    await until(retries._value.get)
    assert place.channel.texts() == []
    await judge.breaks(**{fault: 0})
    place.gateway.advance(5)
    await place.gateway.settled()

    assert place.channel.texts() == ["Hello! How can I help you today?"]


async def test_without_the_right_key_nobody_is_served(judge, tmp_path):
    async with Harness(config(judge.url, key="another"), folder=tmp_path, memory=True) as gateway:
        await gateway.channel().writes("hello")
        running = gateway.gateway.instances["bot"]
        await until(lambda: not running.healthy)

    assert gateway.channel().texts() == []
