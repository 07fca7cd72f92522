"""What the bot's refusals and mistakes mean."""

from __future__ import annotations

import pytest
from aiohttp import web

from gateway import BotFailed
from gateway_webhook.reply import Mistake, Replies
from plugins.webhook.tests.kit import standing


async def test_a_faulty_bot_is_asked_again_with_the_same_id(tmp_path):
    async with standing(tmp_path) as (gateway, bot):
        answers = [web.Response(status=503), {"text": "here again"}]
        bot.answer = lambda _turn: answers.pop(0)
        await gateway.channel().writes("hi")
        await gateway.settled()

        assert gateway.channel().texts() == ["here again"]
        assert len({turn["id"] for turn in bot.turns}) == 1


async def test_a_bot_that_hangs_up_is_asked_again(tmp_path):
    async with standing(tmp_path) as (gateway, bot):
        answers = [None, {"text": "here again"}]
        bot.answer = lambda _turn: answers.pop(0)
        await gateway.channel().writes("hi")
        await gateway.settled()

        assert gateway.channel().texts() == ["here again"]
        assert len(bot.turns) == 2


async def test_a_mistake_in_the_answer_is_told_with_its_place(tmp_path):
    async with standing(tmp_path) as (gateway, bot):
        bot.answer = lambda _turn: {"messages": ["ok", {"text": "x", "buttons": [{"txt": "y"}]}]}
        await gateway.channel().writes("hi")
        await gateway.settled()
        [failed] = [entry.body for entry in await gateway.log() if isinstance(entry.body, BotFailed)]

        assert "$.messages[1].buttons[0].txt: unknown member" in failed.reason
        assert "ok" not in gateway.channel().texts()


async def test_an_endless_answer_is_not_read_to_its_end(tmp_path):
    async with standing(tmp_path) as (gateway, bot):
        bot.answer = lambda _turn: web.Response(body=b" " * (1024 * 1024 + 1))
        await gateway.channel().writes("hi")
        await gateway.settled()
        [failed] = [entry.body for entry in await gateway.log() if isinstance(entry.body, BotFailed)]

        assert "longer than" in failed.reason


async def test_a_refused_signature_makes_the_instance_unhealthy(tmp_path):
    async with standing(tmp_path) as (gateway, bot):
        bot.answer = lambda _turn: web.Response(status=401)
        running = gateway.gateway.instances["mine"]
        await gateway.channel().writes("hi")
        await bot.asked()
        await gateway.until(lambda: not running.healthy)

        assert "`secret`" in running.reason


class Here:
    """As much of the core as reading a reply needs."""

    def url(self, path):
        return f"https://gw.example.com{path}"


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("", "it is empty; answer with status 204 to say nothing, or 202 to answer later"),
        ("{", "it is not JSON: EOF while parsing an object at line 1 column 1"),
        ("5", "$: an object is wanted here"),
        ('{"reply": "hi"}', "$.reply: unknown member"),
        ('{"text": ""}', "$.text: must not be empty"),
        ('["a", {"text": 5}]', "$[1].text: input should be a valid string"),
        ('{"messages": [{}]}', "$.messages[0]: nothing is said; add `text`"),
        ('{"text": "a", "messages": ["b"]}', "$: either `messages`, or one message's own members such as `text`"),
        ('{"text": "a", "contents": [{"type": "text", "text": "b"}]}',
         "$: either `contents`, or `text`, `image` and `buttons`"),
        ('{"contents": [{"type": "text", "text": 5}]}', "$.contents[0].text: input should be a valid string"),
        ('{"text": "a", "buttons": ["b", {"text": "c", "url": "javascript:x"}]}',
         "$.buttons[1].url: an address begins with https: or http: or mailto: or tel:"),
        ('{"image": "file:///etc/passwd"}', "$.image.url: an address begins with https: or http:"),
        ('{"close": "yes"}', "$.close: input should be a valid boolean"),
        ('{"transfer": {"history": -1}}', "$.transfer.history: input should be greater than or equal to 0"),
        ('{"transfer": {"to": "x"}}', "$.transfer.to: unknown member"),
        ('{"state": []}', "$.state: an object is wanted here"),
        ('{"a": 1, "b": 2, "c": 3, "d": 4}',
         "$.a: unknown member; $.b: unknown member; $.c: unknown member; and 1 more"),
    ],
)  # fmt: skip
def test_a_mistake_is_told(body, complaint):
    with pytest.raises(Mistake) as caught:
        Replies(Here()).read(body.encode())

    assert str(caught.value) == complaint


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"state":' * 50_000, b"\xff\xfe", b'"\\ud800"', b"1e999", b"NaN"])
def test_nothing_a_bot_sends_is_more_than_a_mistake(body):
    with pytest.raises(Mistake):
        Replies(Here()).read(body)
