"""A turn over real HTTP: what the bot is asked, and what its answers do."""

from __future__ import annotations

import pytest
from aiohttp import web

from gateway import (
    Attachment,
    Button,
    Buttons,
    ClientStarted,
    Floor,
    Media,
    MediaKind,
    Message,
    Outcome,
    Peer,
    Pressed,
    Text,
    Transfer,
)
from plugins.webhook.tests.kit import OLD_SECRET, SECRET, standing


async def test_the_bot_answers_and_remembers(tmp_path):
    async with standing(tmp_path) as (gateway, bot):
        bot.answer = lambda turn: {"text": f"echo {turn['text']}", "state": {"seen": turn["state"].get("seen", 0) + 1}}
        await gateway.channel().writes("one")
        await gateway.settled()
        await gateway.channel().writes("two")
        await gateway.settled()
        conversation = await gateway.conversation()

        assert gateway.channel().texts() == ["echo one", "echo two"]
        assert [turn["state"] for turn in bot.turns] == [{}, {"seen": 1}]
        assert conversation.bot_state == {"seen": 2}


async def test_what_the_bot_is_told(tmp_path):
    async with standing(tmp_path) as (gateway, bot):
        received = await gateway.channel().writes("hi")
        await gateway.settled()
        turn, request = bot.turns[0], bot.requests[0]

        assert turn["version"] == 1
        assert turn["id"] == request.headers["webhook-id"] == f"{received.conversation}.1"
        assert turn["bot"] == "mine"
        assert turn["text"] == "hi"
        assert turn["cause"]["body"]["type"] == "said"
        assert turn["cause"]["number"] == 1
        assert turn["conversation"]["client"] == {"id": "ann", "name": "Ann", "avatar_url": ""}
        assert turn["conversation"]["channel"] == "web"
        assert turn["conversation"]["route"] == "main"
        assert turn["agents_online"] is None
        assert turn["epoch"] == 1
        assert turn["callback_url"].startswith(f"{gateway.url}/hooks/mine/")
        assert request.headers["Content-Type"] == "application/json"


async def test_a_bot_may_wait_for_the_client(tmp_path):
    async with standing(tmp_path) as (gateway, bot):
        bot.answer = lambda turn: {"text": "Which one?", "again_after_seconds": 60} if turn["text"] else "Still there?"
        await gateway.channel().writes("hello")
        await gateway.until(lambda: gateway.channel().texts() == ["Which one?"])
        await gateway.settled()
        gateway.advance(61)
        await gateway.until(lambda: gateway.channel().texts() == ["Which one?", "Still there?"])

        assert bot.turns[-1]["cause"]["body"] == {"type": "waited"}


async def test_the_start_has_its_payload(tmp_path):
    async with standing(tmp_path) as (gateway, bot):
        await gateway.channel().context.receive(ClientStarted(client=Peer(id="ann"), payload="spring", language="de"))
        turn = await bot.asked()

        assert turn["cause"]["body"] == {"type": "started", "payload": "spring"}
        assert turn["text"] == ""
        assert turn["conversation"]["language"] == "de"


async def test_files_have_an_address_the_bot_can_reach_and_come_back(tmp_path):
    async with standing(tmp_path) as (gateway, bot):
        bot.answer = lambda turn: {"messages": [turn["cause"]["body"]["message"]]}
        media = Media(
            kind=MediaKind.IMAGE, attachment=Attachment(url="/files/k/a.png", name="a.png", media_type="image/png")
        )
        await gateway.channel().writes(Message(contents=(media,), id="m1"))
        await gateway.settled()

        [content] = bot.turns[0]["cause"]["body"]["message"]["contents"]
        assert content["attachment"]["url"] == f"{gateway.url}/files/k/a.png"
        assert gateway.channel().sent[0].message.contents == (media,)


async def test_a_button_says_its_value(tmp_path):
    async with standing(tmp_path) as (gateway, bot):
        bot.answer = lambda _turn: {"text": "Which?", "buttons": ["red", {"text": "Blue", "value": "b"}]}
        await gateway.channel().writes("hi")
        await gateway.settled()
        await gateway.channel().writes(Message(contents=(Pressed(value="b", text="Blue"),)))
        await gateway.settled()

        assert gateway.channel().sent[0].message.contents == (
            Text(text="Which?"),
            Buttons(buttons=(Button(text="red"), Button(text="Blue", value="b"))),
        )
        assert bot.turns[1]["text"] == "b"


async def test_a_transfer_and_the_way_back(tmp_path):
    async with standing(tmp_path) as (gateway, bot):
        bot.answer = lambda turn: (
            {"text": "calling", "transfer": "billing"} if turn["text"] == "agent" else {"text": "back"}
        )
        await gateway.channel().writes("agent")
        await gateway.until(lambda: bool(gateway.platform().openings))
        await gateway.platform().joins()
        await gateway.platform().writes("how can I help?")
        await gateway.platform().ends(note="solved")
        turn = await bot.asked(2)
        await gateway.settled()

        assert gateway.platform().openings[0].destination == "billing"
        assert turn["cause"]["body"]["type"] == "left"
        assert turn["cause"]["body"]["outcome"] == Outcome.RETURNED
        assert turn["cause"]["body"]["note"] == "solved"
        assert "how can I help?" in [entry["body"]["message"]["contents"][0]["text"] for entry in turn["transcript"]]
        assert gateway.channel().texts()[-1] == "back"


async def test_every_member_of_a_transfer_arrives(tmp_path):
    transfer = {
        "destination": "billing", "history": 3, "first_message": "refund", "message_before": "b",
        "waiting_message": "w", "last_message": "l", "close_phrases": ["stop"], "close_button": True,
        "attributes": {"a": "1"},
        "hidden_attributes": {"h": "2"}, "custom_data": {"url": "/files/x"}, "theme": "t", "ignore_offline": True,
        "one_time_message": False, "reason": "r", "summary": "s",
    }  # fmt: skip
    async with standing(tmp_path) as (gateway, bot):
        bot.answer = lambda _turn: {"transfer": transfer}
        await gateway.channel().writes("agent")
        await gateway.until(lambda: bool(gateway.platform().openings))

        assert gateway.platform().openings[0].transfer == Transfer(**{**transfer, "close_phrases": ("stop",)})


async def test_the_end_and_facts_about_the_client(tmp_path):
    async with standing(tmp_path) as (gateway, bot):
        bot.answer = lambda _turn: {"text": "bye", "close": True, "attributes": {"email": "ann@example.com", "age": 41}}
        await gateway.channel().writes("bye")
        await gateway.settled()
        conversation = await gateway.conversation()

        assert conversation.floor is Floor.CLOSED
        assert conversation.attributes == {"email": "ann@example.com", "age": "41"}


@pytest.mark.parametrize("status", [202, 204])
async def test_a_bot_may_be_silent(tmp_path, status):
    async with standing(tmp_path) as (gateway, bot):
        bot.answer = lambda _turn: web.Response(status=status)
        await gateway.channel().writes("hi")
        await gateway.settled()

        assert await gateway.transcript() == ["client: hi"]


async def test_headers_and_both_secrets_while_one_is_changed(tmp_path):
    headers = {"Authorization": "Bearer of-the-proxy"}
    async with standing(tmp_path, old_secret=OLD_SECRET, headers=headers) as (gateway, bot):
        bot.key = type(bot.key)(OLD_SECRET)
        await gateway.channel().writes("hi")
        await gateway.settled()

        assert gateway.channel().texts() == ["echo hi"]
        assert bot.requests[0].headers["Authorization"] == "Bearer of-the-proxy"
        assert len(bot.requests[0].headers["webhook-signature"].split()) == 2


async def test_no_secret_shows(tmp_path):
    async with standing(tmp_path, headers={"X-Key": "hidden-value"}) as (gateway, _bot):
        shown = repr(gateway.gateway.settings)

        assert SECRET not in shown and "hidden-value" not in shown


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"url": "bot.example.com"}, "not the address"),
        ({"url": "https://me:pw@bot.example.com"}, "headers"),
        ({"secret": "hunter2"}, "gateway webhook secret"),
        ({"secret": "whsec_c2hvcnQ="}, "24 to 64 bytes"),
        ({"headers": {"Webhook-Id": "1"}}, "another header"),
        ({"headers": {"X-A": "1\r\nX-B: 2"}}, "one line"),
    ],
)
def test_options_that_cannot_work_are_refused(options, complaint):
    from pydantic import ValidationError

    from gateway_webhook.options import WebhookOptions

    with pytest.raises(ValidationError, match=complaint):
        WebhookOptions(**{"url": "https://bot.example.com", "secret": SECRET, **options})
