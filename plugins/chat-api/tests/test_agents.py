# mypy: allow-untyped-defs, allow-untyped-calls
"""While an agent has the floor, and on the way there and back."""

from __future__ import annotations

import asyncio
from importlib import import_module

import pytest

from gateway import (
    AgentWrote,
    Attachment,
    BotReply,
    ClientBlocked,
    Media,
    MediaKind,
    Message,
    Outcome,
    Peer,
    Text,
    Transfer,
    text_message,
)

kit = import_module("plugins.chat-api.tests.chat_kit")
BO = Peer(id="bo", name="Bo van Ek", avatar_url="/files/0123456789012345678901/bo.png")


@pytest.fixture
async def here(tmp_path):
    async with kit.stage(tmp_path) as here:
        yield here


async def test_a_query_to_an_agent_is_answered_at_once_and_reaches_them(here):
    await here.with_agent()
    answer = await here.site.asks("where is my order?")
    await here.gateway.until(lambda: "where is my order?" in here.desk.texts())

    assert answer["data"]["replies"] == []
    assert (answer["floor"], answer["complete"]) == ("agent", True)


async def test_a_query_in_the_queue_is_answered_at_once(here):
    await here.site.asks("agent")
    await here.gateway.settled()
    answer = await here.site.asks("hello?")

    assert answer["data"]["replies"] == []
    assert answer["floor"] == "waiting"


async def test_an_agents_words_come_by_webhook_with_who_spoke(here):
    await here.with_agent()
    picture = Media(kind=MediaKind.IMAGE, attachment=Attachment(url="https://c.example/a.png", name="a.png"))
    message = Message(contents=(Text(text="look"), picture))
    await here.desk.context.receive(AgentWrote(session=here.desk.session, agent=BO, message=message))
    await here.site.until(lambda: "look" in here.site.words)
    item = here.site.items[-1]

    assert item["author"] == {
        "role": "agent", "id": "bo", "name": "Bo van Ek", "avatarUrl": f"{here.gateway.url}{BO.avatar_url}",
    }  # fmt: skip
    assert item["employee"] == {
        "employeeId": "bo", "firstName": "Bo", "lastName": "van Ek", "avatarUrl": f"{here.gateway.url}{BO.avatar_url}",
    }  # fmt: skip
    assert item["data"]["nlpClass"] == ""
    assert item["data"]["replies"] == [
        {"type": "text", "text": "look", "markup": "plain"}, {"type": "image", "imageUrl": "https://c.example/a.png"},
    ]  # fmt: skip


async def test_what_becomes_of_a_dialog_is_posted_without_replies(here):
    await here.with_agent()
    await here.desk.writes("hello")
    await here.desk.ends(Outcome.RETURNED)
    await here.site.until(lambda: any(item.get("event") == "left" for item in here.site.items))
    await here.gateway.settled()
    told = [item for item in here.site.items if item["kind"] == "status"]

    assert [item["event"] for item in told] == ["transferred", "queued", "joined", "left"]
    assert all(item["data"]["replies"] == [] for item in told)
    assert told[2]["author"]["name"] == "Bo"
    assert told[3]["outcome"] == "returned"
    assert not any(reply["type"] == "switch" for item in here.site.items for reply in item["data"]["replies"])
    numbers = [item["number"] for item in here.site.items]
    assert numbers == sorted(numbers)


async def test_a_site_that_wants_words_only_gets_words_only(tmp_path):
    async with kit.stage(tmp_path, webhook_status=False) as here:
        await here.with_agent()
        await here.desk.writes("hello")
        await here.gateway.settled()

        assert {item["kind"] for item in here.site.items} == {"reply"}
        assert "joined" in [item.get("event") for item in await here.site.reads(news="true")]


async def test_the_end_of_a_session_is_told(here):
    await here.site.asks("bye")
    await here.site.until(lambda: any(item.get("event") == "closed" for item in here.site.items))

    assert here.site.items[-1]["data"]["endSession"] is True


async def test_the_close_phrase_is_answered_by_the_bot(here):
    await here.with_agent()
    answer = await here.site.asks("back")

    assert kit.texts(answer)[-1] == "back: client_left back"
    assert answer["floor"] == "bot"


async def test_an_agent_who_comes_while_the_bot_thinks_ends_the_wait(here):
    here.bot.answer = lambda turn: BotReply(
        messages=(text_message("asked them"),), transfer=Transfer(one_time_message=True, first_message="look, please")
    )
    await here.site.asks("leave a message")
    await here.gateway.until(lambda: bool(here.desk.openings))
    await here.gateway.settled()
    here.bot.gate.clear()
    asking = asyncio.create_task(here.site.asks("meanwhile?"))
    await here.gateway.until(lambda: len(here.bot.turns) == 2)
    await here.desk.writes("I am here")
    answer = await asking
    here.bot.gate.set()

    assert answer["floor"] == "agent"
    assert kit.texts(answer) == ["Bo is here."]
    await here.site.until(lambda: "I am here" in here.site.words)
    await here.gateway.settled()
    assert here.site.words.count("asked them") == 0


async def test_without_a_bot_the_client_gets_to_agents_at_once(tmp_path):
    async with kit.stage(tmp_path, bot=False) as here:
        answer = await here.site.asks("hello")

        assert answer["floor"] == "waiting"
        await here.gateway.until(lambda: bool(here.desk.openings))


async def test_a_blocked_client_gets_403(here):
    await here.with_agent()
    await here.desk.context.receive(ClientBlocked(session=here.desk.session, agent=BO))
    answer = await here.site.request("POST", here.site.at(), {"clientId": "ann", "query": "hi"})

    assert answer.status == 403
