"""What the bot says later, or unasked, comes in over HTTP."""

from __future__ import annotations

import aiohttp
import pytest
from aiohttp import web

from gateway import Floor, Refused
from plugins.webhook.tests.kit import OLD_SECRET, signed, standing


@pytest.fixture
async def promised(tmp_path):
    """A turn the bot has put off."""
    async with standing(tmp_path) as (gateway, bot):
        bot.answer = lambda _turn: web.Response(status=202)
        await gateway.channel().writes("hi")
        turn = await bot.asked()
        await gateway.settled()
        yield gateway, bot, turn


async def test_a_later_answer_is_said_once(promised):
    gateway, bot, turn = promised
    reply = {"text": "found it", "state": {"done": True}, "attributes": {"plan": "gold"}}
    first = await bot.says(turn["callback_url"], reply)
    again = await bot.says(turn["callback_url"], reply)
    await gateway.settled()
    conversation = await gateway.conversation()

    assert first == (200, {"duplicate": False, "number": 3})
    assert again == (200, {"duplicate": True, "number": None})
    assert gateway.channel().texts() == ["found it"]
    assert conversation.bot_state == {"done": True}
    assert conversation.attributes == {"plan": "gold"}


async def test_a_later_answer_may_transfer_and_an_old_turn_is_over_then(promised):
    gateway, bot, turn = promised
    await bot.says(turn["callback_url"], {"transfer": True}, message_id="1")
    await gateway.until(lambda: bool(gateway.platform().openings))
    await gateway.platform().joins()
    late = await bot.says(turn["callback_url"], "too late", message_id="2")
    unasked = await bot.says(turn["push_url"], "too late", message_id="3")
    await gateway.settled()

    assert late[0] == unasked[0] == 409
    assert "too late" not in gateway.channel().texts()
    metrics = gateway.gateway.metrics.render()[0].decode()
    assert 'gateway_stale_output_refused_total{instance="mine"} 2.0' in metrics


async def test_a_transfer_that_comes_before_the_202_has_answered_the_word(tmp_path):
    """The word is not put to the bot again when nobody takes the dialog."""
    async with standing(tmp_path) as (gateway, bot):
        gateway.platform().failures.append(Refused("nobody is here", code="offline"))
        early = []

        async def calls_back_first(turn):
            if turn["cause"]["body"]["type"] == "said":
                early.append(await bot.says(turn["callback_url"], {"transfer": True}))
            return web.Response(status=202)

        bot.answer = calls_back_first
        await gateway.channel().writes("agent, please")
        await bot.asked(2)
        await gateway.settled()

        assert [status for status, _ in early] == [200]
        assert [turn["cause"]["body"]["type"] for turn in bot.turns] == ["said", "left"]


async def test_an_address_that_was_changed_is_none(promised):
    _gateway, bot, turn = promised
    for end in ("1", "x", "1-", "1-1-1", "1-" + "9" * 30):
        url = f"{turn['push_url']}/{end}"
        assert (await bot.says(url, "x"))[0] == 401


async def test_the_bot_speaks_unasked_after_an_agent_has_left(promised):
    gateway, bot, turn = promised
    await bot.says(turn["push_url"], {"transfer": True}, message_id="1")
    await gateway.until(lambda: bool(gateway.platform().openings))
    await gateway.platform().joins()
    await gateway.platform().ends()
    await bot.asked(2)
    await gateway.settled()
    old_turn = await bot.says(turn["callback_url"], "of the old turn", message_id="2")
    unasked = await bot.says(turn["push_url"], "by the way", message_id="3")
    await gateway.settled()

    assert old_turn[0] == 409
    assert unasked[0] == 200
    assert gateway.channel().texts()[-1] == "by the way"


async def test_the_end_comes_later(promised):
    gateway, bot, turn = promised
    assert (await bot.says(turn["callback_url"], {"text": "bye", "close": True}))[0] == 200
    assert (await gateway.conversation()).floor is Floor.CLOSED
    assert (await bot.says(turn["push_url"], "hello?", message_id="2"))[0] == 409


async def test_a_mistake_is_told_and_may_be_corrected(promised):
    _gateway, bot, turn = promised
    wrong = await bot.says(turn["callback_url"], {"txt": "x"})
    right = await bot.says(turn["callback_url"], {"text": "x"})

    assert wrong == (400, {"error": "$.txt: unknown member"})
    assert right == (200, {"duplicate": False, "number": 2})


async def test_what_was_said_is_corrected(promised):
    gateway, bot, turn = promised
    _, said = await bot.says(turn["callback_url"], "one moment", message_id="1")
    await gateway.settled()
    correction = {"messages": [{"text": "here it is", "edits": said["number"]}]}
    assert (await bot.says(turn["push_url"], correction, message_id="2"))[0] == 200
    await gateway.settled()

    assert gateway.channel().texts() == ["one moment"]
    assert [outgoing.message.text for _, outgoing in gateway.channel().edited] == ["here it is"]


async def test_strangers_learn_nothing(promised):
    gateway, bot, turn = promised
    url = turn["callback_url"]
    token = url.split("/hooks/mine/")[1].split("/")[0]
    answers = [
        await bot.says(url, "x", secret=OLD_SECRET),
        await bot.says(url.replace(token, "guess"), "x"),
        await bot.says(f"{gateway.url}/hooks/mine", "x"),
        await bot.says(url.replace(turn["conversation"]["id"], "another"), "x"),
    ]
    async with aiohttp.ClientSession() as http:
        for headers in (
            {},
            {**signed('"x"', "1"), "webhook-signature": "v1"},
            {**signed('"x"', "1"), "webhook-timestamp": "1"},
        ):
            async with http.post(url, data='"x"', headers=headers) as response:
                answers.append((response.status, await response.json()))

    assert [status for status, _ in answers] == [401] * 7
    assert gateway.channel().texts() == []


async def test_only_post_is_taken(promised):
    _gateway, _bot, turn = promised
    async with (
        aiohttp.ClientSession() as http,
        http.put(turn["push_url"], data='"x"', headers=signed('"x"', "1")) as answer,
    ):
        assert answer.status == 405
