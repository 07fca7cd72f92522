# mypy: allow-untyped-defs, allow-untyped-calls
"""The fake Jivo is as strict as its page, and as impatient."""

from __future__ import annotations

import time
from uuid import uuid4

import pytest

from gateway.testing.jivo import FakeJivo
from plugins.jivo.tests.kit import standing

TEXT = {"type": "TEXT", "text": "hi", "timestamp": int(time.time())}


@pytest.fixture
async def jivo():
    async with FakeJivo() as jivo:
        yield jivo


def posted(chat, event="BOT_MESSAGE", **members):
    return {"event": event, "id": str(uuid4()), "client_id": chat.client_id, "chat_id": chat.chat_id, **members}


async def post(jivo, body, path=""):
    return await jivo.request("POST", jivo.url + (path or f"/webhooks/{jivo.provider_id}/{jivo.token}"), body)


async def test_what_is_right_is_taken(jivo):
    chat = jivo.chat()
    for body in (
        posted(chat, message=TEXT),
        posted(chat, "CLIENT_INFO", email="a@b.c"),
        posted(chat, "INIT_RATE"),
        posted(chat, "INVITE_AGENT"),
    ):
        assert (await post(jivo, body)).status == 200
    assert chat.texts() == ["hi"] and chat.info == {"email": "a@b.c"} and chat.rate_asked == chat.invited == 1


@pytest.mark.parametrize(
    "message",
    [
        None,
        {},
        {"type": "TEXT"},
        {**TEXT, "timestamp": time.time()},
        {**TEXT, "timestamp": int(time.time() * 1000)},
        {**TEXT, "text": " "},
        {**TEXT, "extra": 1},
        {**TEXT, "type": "STICKER"},
        {**TEXT, "type": ["TEXT"]},
        {"type": "PHOTO", "file": "/files/x", "timestamp": TEXT["timestamp"]},
        {"type": "LOCATION", "latitude": "1", "longitude": 2, "timestamp": TEXT["timestamp"]},
        {"type": "MARKDOWN", "content": "*a*", "timestamp": TEXT["timestamp"]},
        {
            "type": "BUTTONS",
            "title": "a",
            "text": "a",
            "force_reply": False,
            "buttons": [{"text": "b"}],
            "timestamp": TEXT["timestamp"],
        },
    ],
)
async def test_a_message_that_is_wrong_is_refused(jivo, message):
    answer = await post(jivo, posted(jivo.chat(), message=message))

    assert answer.status == 400 and answer.body["error"]["code"] == "invalid_request"


async def test_an_envelope_that_is_wrong_is_refused(jivo):
    chat = jivo.chat()
    good = posted(chat, "INVITE_AGENT")
    for wrong in ({"id": "1"}, {"client_id": 1233}, {"chat_id": "9999"}, {"client_id": "9"}, {"site_id": "1"}):
        assert (await post(jivo, {**good, **wrong})).status == 400
    assert (await post(jivo, {**good, "event": "AGENT_JOINED"})).status == 405
    assert (await post(jivo, good, f"/webhooks/{jivo.provider_id}/wrong")).status == 401
    assert (await post(jivo, good, f"/webhooks/wrong/{jivo.token}")).status == 404
    assert chat.invited == 0


@pytest.mark.parametrize("state", ["closed", "agent"])
async def test_a_bot_that_does_not_lead_may_not_speak(jivo, state):
    chat = jivo.chat()
    chat.is_closed, chat.led_by = state == "closed", "agent" if state == "agent" else "bot"

    assert (await post(jivo, posted(chat, message=TEXT))).status == 400
    assert not chat.texts()


async def test_a_bot_that_is_silent_is_asked_three_times_and_loses_the_client(jivo):
    async with FakeJivo() as silent:
        silent.delay("", times=3)
        jivo.endpoint, jivo.timeout_seconds = f"{silent.url}/", 0.2
        chat = jivo.chat()
        await chat.says("hello")

        assert len(jivo.tries) == 3 and len({each.id for each in jivo.tries}) == 1
        assert chat.led_by == "agent"
        assert (await chat.says("anybody?")).status == 204


async def test_events_in_the_opposite_order_are_taken_as_they_come(tmp_path):
    async with standing(tmp_path) as here:
        here.jivo.reorder(2)
        chat = here.jivo.chat()
        await chat.says("a")
        await chat.says("b")

        await here.sees(chat, "hi b", "hi a")


async def test_an_agent_who_comes_by_himself_when_invited(tmp_path):
    async with standing(tmp_path) as here:
        here.jivo.on_invite = "join"
        chat = here.jivo.chat()
        await chat.says("agent")
        await here.jivo.until(lambda: any(each.event == "AGENT_JOINED" for each in here.jivo.tries))

        assert (await here.conversation(chat)).handoff.agent.name == "Bo Ek"
