# mypy: allow-untyped-defs, allow-untyped-calls
"""`/events` and `/history`."""

from __future__ import annotations

import asyncio
from importlib import import_module

import pytest

from gateway import Outcome

kit = import_module("plugins.chat-api.tests.chat_kit")


@pytest.fixture
async def here(tmp_path):
    """A caller without a webhook."""
    async with kit.stage(tmp_path, webhook=False) as here:
        yield here


def said(items):
    """What items say, in short."""
    return [item["data"]["answer"] if item["kind"] == "reply" else item.get("event") or item["query"] for item in items]


async def test_nobody_has_no_events_and_no_history(here):
    assert await here.site.reads() == await here.site.reads("history") == []
    assert await here.site.reads(after=3) == await here.site.reads("history", after=3) == []


async def test_agents_words_are_events_once(here):
    await here.with_agent()
    await here.gateway.settled()
    await here.site.reads()
    await here.desk.writes("hello")
    await here.desk.writes("how can I help?")
    first, second = await here.site.reads(), await here.site.reads()

    assert said(first) == ["hello", "how can I help?"]
    assert first[0]["author"] == {"role": "agent", "id": "bo", "name": "Bo"}
    assert second == []
    assert "token" not in first[0]


async def test_what_was_given_in_an_answer_is_no_news(here):
    await here.site.asks("hello")

    assert await here.site.reads() == await here.site.reads(news="true") == []


async def test_news_are_also_what_becomes_of_a_dialog(here):
    await here.with_agent()
    await here.desk.writes("hello")
    await here.desk.ends(Outcome.RETURNED)
    await here.gateway.settled()

    assert said(await here.site.reads()) == ["hello"]
    told = said(await here.site.reads(news="true"))
    assert [each for each in told if " " not in each] == ["transferred", "queued", "joined", "hello", "left"]


async def test_all_tells_everything(here):
    await here.site.asks("hello", messageId="m1")
    items = await here.site.reads(all="true")

    assert said(items) == ["hello", "echo hello"]
    assert items[0]["messageId"] == "m1"
    assert [item["questionId"] for item in items] == [items[0]["id"]] * 2


async def test_a_page_hears_what_other_pages_said_and_heard(here):
    await here.site.asks("one", cid="page 1")
    await here.site.asks("two", cid="page@2")

    assert said(await here.site.reads(all="true", cid="page 1")) == ["two", "echo two"]
    assert said(await here.site.reads(all="true", cid="page@2")) == ["one", "echo one"]
    assert await here.site.reads(all="true", cid="page@2") == []


async def test_a_late_answer_is_an_event_also_for_its_own_page(tmp_path):
    async with kit.stage(tmp_path, webhook=False, wait_seconds=0.1) as here:
        here.bot.gate.clear()
        await here.site.asks("hello", cid="p1")
        here.bot.gate.set()
        await here.gateway.settled()

        assert said(await here.site.reads(news="true", cid="p1")) == ["echo hello"]
        assert said(await here.site.reads(all="true", cid="p1")) == ["echo hello"]
        assert said(await here.site.reads("history")) == ["hello", "echo hello"]


async def test_the_answer_of_a_caller_who_hung_up_is_an_event(here):
    here.bot.gate.clear()
    async with here.site.hung("hello"):
        await here.logged(1)
    here.bot.gate.set()
    await here.gateway.settled()

    assert await here.site.reads() == []
    assert said(await here.site.reads(news="")) == ["echo hello"]
    assert await here.site.reads(news="") == []


async def test_what_a_caller_waits_for_is_not_told_to_others_as_late(here):
    here.bot.answer = kit.transferring
    here.desk.gate.clear()
    asking = asyncio.create_task(here.site.asks("agent"))
    await here.logged(3)
    during = await here.site.reads(news="true")
    here.desk.gate.set()
    answer = await asking
    await here.gateway.settled()
    after = await here.site.reads(news="true")

    assert during == []
    assert kit.texts(answer)[0] == "calling"
    assert "calling" not in said(after)


async def test_events_can_be_read_from_any_place(here):
    await here.with_agent()
    for number in range(5):
        await here.desk.writes(f"word {number}")
    everything = await here.site.reads(after=0)
    third = next(item for item in everything if said([item]) == ["word 2"])

    assert said(await here.site.reads(after=third["id"])) == ["word 3", "word 4"]
    assert said(await here.site.reads(after=third["number"])) == ["word 3", "word 4"]
    assert said(await here.site.reads(lastEventId=third["id"])) == ["word 3", "word 4"]
    assert said(await here.site.reads(headers={"Last-Event-ID": third["id"]})) == ["word 3", "word 4"]
    assert await here.site.reads(after=0) == everything
    assert await here.site.reads() == everything


async def test_no_call_tells_more_than_250(here):
    await here.with_agent()
    for number in range(260):
        await here.desk.writes(f"word {number}")
    first, second = await here.site.reads(), await here.site.reads()

    assert (len(first), said(second)[-1]) == (250, "word 259")
    assert len({item["id"] for item in first + second}) == len(first) + len(second)
    assert len(await here.site.reads("history")) == 250
    assert said(await here.site.reads("history", limit=2)) == ["word 258", "word 259"]


async def test_events_go_on_over_the_end_of_a_conversation(here):
    await here.with_agent()
    await here.site.reads(all="true")
    await here.desk.writes("good-bye")
    await here.desk.context.receive(kit.closing(here.desk.session))
    await here.gateway.settled()
    await here.site.asks("hi again", messageId="m9")
    events = said(await here.site.reads(all="true"))

    assert events.index("good-bye") < events.index("closed") < events.index("hi again")


async def test_who_names_no_client_gets_everybodys_events_once(here):
    assert await here.site.reads(client="") == []
    for client in ("ann", "bob"):
        await here.with_agent(client)
        await here.desk.writes(f"hello {client}")
    first = await here.site.reads(client="")
    await here.desk.writes("still there?")
    second = await here.site.reads(client="")

    assert {(item["clientId"], item["data"]["answer"]) for item in first} == {
        ("ann", "hello ann"),
        ("bob", "hello bob"),
    }
    assert [(item["clientId"], item["data"]["answer"]) for item in second] == [("bob", "still there?")]
    assert await here.site.reads(client="") == []
    assert len(await here.site.reads(client="", cid="another")) == 3
    assert (await here.site.request("GET", here.site.at("/events", after="1"))).status == 400


async def test_everybodys_events_are_told_in_portions(here):
    await here.site.reads(client="")
    for client in ("ann", "bob", "cy"):
        await here.with_agent(client)
        for number in range(3):
            await here.desk.writes(f"{client} {number}")
    portions = [await here.site.reads(client="", limit=4) for _ in range(4)]

    assert [len(portion) for portion in portions] == [4, 4, 1, 0]
    told = [item["data"]["answer"] for portion in portions for item in portion]
    assert sorted(told) == [f"{client} {number}" for client in ("ann", "bob", "cy") for number in range(3)]


async def test_more_conversations_than_one_look_are_all_seen(here):
    await here.site.reads(client="", all="true")
    for number in range(110):
        await here.site.asks("hi", f"client-{number}")
    portions = [await here.site.reads(client="", all="true") for _ in range(3)]

    assert [len(portion) for portion in portions] == [220, 0, 0]


async def test_what_had_ended_before_anybody_asked_is_past(here):
    await here.site.asks("bye", "ann")
    await here.site.asks("hi", "bob")
    first = await here.site.reads(client="", all="true")
    await here.site.asks("hi", "ann")
    second = await here.site.reads(client="", all="true")

    assert said(first) == said(second) == ["hi", "echo hi"]
    assert [item["clientId"] for item in first + second] == ["bob", "bob", "ann", "ann"]


async def test_everybodys_events_survive_a_restart(tmp_path):
    async with kit.Site() as site:
        async with kit.stage(tmp_path, site=site, webhook=False) as here:
            await here.with_agent()
            await here.desk.writes("one")
            await site.reads(client="")
            await here.desk.writes("two")
        async with kit.stage(tmp_path, site=site, webhook=False) as here:
            assert said(await site.reads(client="")) == ["two"]


async def test_events_survive_a_restart(tmp_path):
    async with kit.Site() as site:
        async with kit.stage(tmp_path, site=site, webhook=False) as here:
            await here.with_agent()
            await here.desk.writes("one")
            await site.reads()
            await here.desk.writes("two")
        async with kit.stage(tmp_path, site=site, webhook=False) as here:
            assert said(await site.reads()) == ["two"]


async def test_history_is_paged_both_ways_over_all_conversations(here):
    for words in ("one", "bye", "three", "four"):
        await here.site.asks(words)
    everything = await here.site.reads("history")
    wanted = ["one", "echo one", "bye", "goodbye", "closed", "three", "echo three", "four", "echo four"]
    middle = everything[4]["id"]

    assert said(everything) == wanted
    assert said(await here.site.reads("history", before=middle, limit=3)) == wanted[1:4]
    assert said(await here.site.reads("history", after=middle, limit=3)) == wanted[5:8]
    assert said(await here.site.reads("history", before=everything[0]["id"])) == []


async def test_history_tells_files_and_starts(here):
    url = here.site.keep("cat.png", kit.PNG, "image/png")
    await here.site.asks(None, event="/start")
    await here.site.asks(None, event="fileEvent", data=[{"url": url}])
    start, _, file, _ = await here.site.reads("history")

    assert (start["kind"], start["event"], start["payload"]) == ("request", "/start", "")
    assert file["files"][0]["fileUrl"].startswith(f"{here.gateway.url}/files/")


async def test_history_tells_nothing_that_is_the_agents_business(here):
    await here.with_agent()
    await here.desk.context.receive(kit.note(here.desk.session, "a difficult one"))
    await here.desk.ends(Outcome.RETURNED, "told her off")
    await here.gateway.settled()
    told = str(await here.site.reads("history"))

    assert "difficult" not in told
    assert "told her off" not in [item.get("note") for item in await here.site.reads("history")]


async def test_a_client_sees_no_other_client(here):
    await here.site.asks("hello", "ann")
    await here.site.asks("hello", "bob")

    assert {item["clientId"] for item in await here.site.reads("history", "bob")} == {"bob"}
    [first, *_] = await here.site.reads("history", "ann")
    assert await here.site.reads("history", "cy", before=first["id"]) == []


@pytest.mark.parametrize(
    "query",
    [
        {"after": "x"},
        {"after": ".5"},
        {"after": "1.²"},
        {"limit": "0"},
        {"limit": "251"},
        {"before": "-"},
        {"all": "perhaps"},
    ],
    ids=str,
)
async def test_a_place_that_is_none_is_refused(here, query):
    await here.site.asks("hello")
    answer = await here.site.request("GET", here.site.at("/history", clientId="ann", **query))

    assert answer.status == 400
