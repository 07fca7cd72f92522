# mypy: allow-untyped-defs, allow-untyped-calls
"""Answers that come later: by webhook, by polling, twice, out of order, too late, and after a restart."""

from __future__ import annotations

import asyncio

import pytest

from gateway import BadInput, Floor, Turn
from gateway.testing import Clock
from gateway.testing.tovie import TOKEN, FakeTovieBot, text
from plugins.tovie.tests.kit import WEBHOOK_KEY, beside, free_port, saying, talking, told_by_webhook

POLL = {"poll_seconds": 0.05}


# --- by webhook ------------------------------------------------------------------------------------------------------


async def test_an_answer_comes_by_webhook(tmp_path):
    async with told_by_webhook(tmp_path, asynchronous=True) as here:
        await here.ann.writes("hello")
        await here.sees("echo hello")

        assert [call.what for call in here.tovie.calls] == ["async"]


async def test_an_item_that_is_posted_twice_is_said_once(tmp_path):
    async with told_by_webhook(tmp_path, asynchronous=True) as here:
        here.tovie.duplicate(1)
        await here.ann.writes("hello")
        await here.sees("echo hello")
        await here.tovie.until(lambda: bool(here.tovie.posted))
        answer = await here.tovie.tells_again()
        await here.gateway.settled()

        assert answer.status == 200
        assert here.ann.texts() == ["echo hello"]


async def test_two_answers_in_the_wrong_order_are_both_said(tmp_path):
    async with told_by_webhook(tmp_path, asynchronous=True) as here:
        here.tovie.reorder(2)
        await here.ann.writes("one")
        await here.ann.writes("two")
        await here.sees("echo two", "echo one")


async def test_an_answer_that_was_not_taken_may_be_posted_again(tmp_path):
    async with FakeTovieBot() as tovie:
        port = free_port()
        server = {"port": port}
        async with beside(tmp_path, tovie, asynchronous=True, webhook_key=WEBHOOK_KEY, server=server) as here:
            tovie.webhook = ""
            await here.ann.writes("hello")
            await here.asked("hello")
            await tovie.until(lambda: bool(tovie.events))
            await here.gateway.settled()
        async with beside(tmp_path, tovie, asynchronous=True, webhook_key=WEBHOOK_KEY, server=server) as here:
            await tovie._post(tovie.events[-1].item)
            await here.sees("echo hello")


async def test_a_late_answer_is_not_said_over_an_agent(tmp_path):
    async with told_by_webhook(tmp_path, asynchronous=True) as here:
        await here.ann.writes("agent")
        await here.gateway.until(lambda: bool(here.desk.openings))
        await here.tovie.until(lambda: bool(here.tovie.posted))
        await here.desk.joins()
        question = here.tovie.questions[-1]
        item = here.tovie._item(question.client, here.tovie.posted[-1][0]["questionId"], {"replies": [text("late")]})
        answer = await here.tovie._post(item)
        await here.gateway.settled()

        assert answer.status == 200
        assert "late" not in here.ann.texts()


async def test_an_answer_of_before_the_agent_is_not_said_after(tmp_path):
    async with told_by_webhook(tmp_path, asynchronous=True) as here:
        await here.ann.writes("agent")
        await here.gateway.until(lambda: bool(here.desk.openings))
        await here.tovie.until(lambda: bool(here.tovie.posted))
        old = here.tovie.posted[-1][0]["questionId"]
        await here.desk.joins()
        await here.desk.ends()
        await here.sees("event livechatFinished")
        await here.tovie._post(here.tovie._item("web:ann", old, {"replies": [text("late")]}))
        await here.gateway.settled()

        assert "late" not in here.ann.texts()


async def test_an_answer_of_the_last_conversation_is_not_said_in_the_next(tmp_path):
    async with told_by_webhook(tmp_path, asynchronous=True) as here:
        await here.ann.writes("hello")
        await here.sees("echo hello")
        await here.tovie.until(lambda: bool(here.tovie.posted))
        old = here.tovie.posted[-1][0]["questionId"]
        await here.ann.ends()
        await here.ann.writes("hello again")
        await here.sees("echo hello again")
        answer = await here.tovie._post(here.tovie._item("web:ann", old, {"replies": [text("late")]}))
        await here.gateway.settled()

        assert answer.status == 200
        assert "late" not in here.ann.texts()


async def test_a_turn_that_was_asked_is_not_asked_again_after_a_crash(tmp_path):
    """The question was accepted and remembered; the gateway fell before its turn was over."""
    async with told_by_webhook(tmp_path, asynchronous=True) as here:
        await here.ann.writes("hello")
        await here.sees("echo hello")
        bot = here.gateway.gateway.instances["tovie"].component
        conversation = await here.gateway.conversation()
        [entry] = [each for each in here.entries if each.number == 1]
        again = Turn(id=f"{conversation.id}.1", conversation=conversation, cause=entry, epoch=1)
        await bot.reply(again)

        assert here.tovie.asked() == ["hello"]


async def test_tovie_waits_itself_where_it_can_say_so(tmp_path):
    async with told_by_webhook(tmp_path) as here:
        here.tovie.script = lambda question: (
            [text("Which one?"), {"type": "timeout", "interval": 60, "targetState": "/Silent"}]
            if question.query
            else [text("Still there?")]
        )
        await here.ann.writes("hello")
        await here.sees("Which one?")
        assert (await here.gateway.conversation()).again_at is None

        await here.tovie.script_goes_on("/Silent")
        await here.sees("Which one?", "Still there?")


async def test_the_gateway_waits_where_it_is_told_to(tmp_path):
    async with told_by_webhook(tmp_path, timeouts="gateway") as here:
        here.tovie.script = lambda _: [text("a"), {"type": "timeout", "interval": 60, "targetState": "/B"}]
        await here.ann.writes("hello")
        await here.sees("a")

        assert (await here.gateway.conversation()).again_at is not None


async def test_a_campaign_is_said(tmp_path):
    async with told_by_webhook(tmp_path) as here:
        await here.ann.writes("hello")
        await here.sees("echo hello")
        await here.tovie.campaign("News!")

        await here.sees("echo hello", "News!")


async def test_a_campaign_takes_nothing_from_the_buttons_before_it(tmp_path):
    async with told_by_webhook(tmp_path) as here:
        here.tovie.script = saying(text("Well?"), {"type": "buttons", "buttons": [{"text": "Yes", "transition": "/Y"}]})
        await here.ann.writes("hello")
        await here.sees("Well?")
        await here.tovie.campaign("News!")
        await here.sees("Well?", "News!")
        await here.tovie.tells([], kind="status", event="queued")
        await here.ann.writes("Yes")

        assert (await here.asked("hello", "Yes")).data["button"] == {"text": "Yes", "transition": "/Y"}
        assert here.ignored() == 1


async def test_a_later_switch_hands_over(tmp_path):
    async with told_by_webhook(tmp_path) as here:
        await here.ann.writes("hello")
        await here.sees("echo hello")
        await here.tovie.tells([{"type": "switch", "state": "/Agent", "destination": "7"}])
        await here.gateway.until(lambda: bool(here.desk.openings))

        assert here.desk.openings[-1].destination == "7"
        assert await here.floor() is Floor.WAITING


# --- who may post, and what ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("a-key-for-the-testz", [], 404),
        ("", [], 404),
        (f"{WEBHOOK_KEY}/more", [], 404),
        (WEBHOOK_KEY, [{"token": "Wrong123:0", "clientId": "web:ann", "data": {"replies": []}}], 401),
        (WEBHOOK_KEY, "hello", 400),
        (WEBHOOK_KEY, {"ping": True}, 400),
        (WEBHOOK_KEY, [], 200),
        (WEBHOOK_KEY, [{"clientId": "web:nobody", "data": {"replies": []}}], 200),
        (WEBHOOK_KEY, [{"clientId": 7, "data": 5}], 200),
        (WEBHOOK_KEY, [{"what": "is this"}, "and this"], 200),
        (WEBHOOK_KEY, {"clientId": "web:nobody"}, 200),
    ],
    ids=repr,
)
async def test_what_may_be_posted(tmp_path, path, body, status):
    async with told_by_webhook(tmp_path) as here:
        answer = await here.tovie.post(f"{here.gateway.url}/hooks/tovie/{path}", body)

        assert answer.status == status
        assert TOKEN not in str(answer.body)


async def test_malformed_json_is_refused(tmp_path):
    async with told_by_webhook(tmp_path) as here:
        assert (await here.tovie.request("POST", here.webhook, raw=b'[{"clientId":')).status == 400
        assert (await here.tovie.request("POST", here.webhook, raw=b"\xff\xfe")).status == 400
        assert (await here.tovie.request("GET", here.webhook)).status == 405


async def test_without_a_key_nobody_listens(tmp_path):
    async with talking(tmp_path) as here:
        assert (await here.tovie.post(here.webhook, [])).status == 404


# --- by polling ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("poll_by", ["client", "channel"])
@pytest.mark.parametrize("wraps", ["", "events"])
@pytest.mark.parametrize("forgets", [True, False], ids=["told once", "told again and again"])
async def test_answers_come_by_polling(tmp_path, wraps, forgets, poll_by):
    async with FakeTovieBot() as tovie:
        tovie.wraps, tovie.forgets = wraps, forgets
        async with beside(tmp_path, tovie, asynchronous=True, poll_by=poll_by, **POLL) as here:
            for words in "abc":
                await here.ann.writes(words)
                await here.sees(f"echo {words}")
            before = len(tovie.calls)
            await tovie.until(lambda: len(tovie.calls) > before + 2)
            await here.gateway.settled()

            assert here.ann.texts() == ["echo a", "echo b", "echo c"]


async def test_what_was_read_is_not_said_again_after_a_restart(tmp_path):
    async with FakeTovieBot() as tovie:
        tovie.forgets = False
        async with beside(tmp_path, tovie, asynchronous=True, **POLL) as here:
            await here.ann.writes("hello")
            await here.sees("echo hello")
        async with beside(tmp_path, tovie, asynchronous=True, **POLL) as here:
            before = len(tovie.calls)
            await tovie.until(lambda: len(tovie.calls) > before + 2)
            await here.gateway.settled()

            assert await here.transcript() == ["client: hello", "bot: echo hello"]


async def test_what_happens_elsewhere_is_passed_over(tmp_path):
    async with FakeTovieBot() as tovie, beside(tmp_path, tovie, asynchronous=True, **POLL) as here:
        await here.ann.writes("hello")
        await here.sees("echo hello")
        await tovie.tells([{"type": "text", "text": "my own words"}], type="clientRequest")
        await tovie.tells([], type="widgetState")
        await tovie.campaign("News!")
        await here.sees("echo hello", "News!")

        assert "my own words" not in here.ann.texts()
        assert here.ignored() >= 2


async def test_nobody_is_asked_for_once_the_conversation_is_over(tmp_path):
    async with FakeTovieBot() as tovie, beside(tmp_path, tovie, asynchronous=True, **POLL) as here:
        await here.ann.writes("hello")
        await here.sees("echo hello")
        bot = here.gateway.gateway.instances["tovie"].component
        storage = bot._context.storage
        assert list(await storage.items("events/")) == ["events/web:ann"]
        await here.ann.ends()

        async with asyncio.timeout(10):
            while await storage.items("events/"):  # a round that had begun before may note where it was
                await bot._polling._round()


async def test_polling_goes_on_after_trouble(tmp_path):
    async with FakeTovieBot() as tovie:
        tovie.limit("events", 0, times=2)
        tovie.drop("events")
        async with beside(tmp_path, tovie, asynchronous=True, **POLL) as here:
            await here.ann.writes("hello")
            await here.sees("echo hello")


async def test_an_event_that_cannot_be_taken_keeps_nothing_back(tmp_path, monkeypatch):
    async with FakeTovieBot() as tovie, beside(tmp_path, tovie, asynchronous=True, **POLL) as here:
        await here.ann.writes("hello")
        await here.sees("echo hello")
        intake = here.gateway.gateway.instances["tovie"].component._intake
        take = intake.take

        async def picky(raw, **more):
            if "bad" in str(raw):
                raise BadInput("not like this")
            await take(raw, **more)

        monkeypatch.setattr(intake, "take", picky)
        await tovie.campaign("bad news")
        await tovie.campaign("good news")
        await here.sees("echo hello", "good news")

        assert here.ignored() == 1


async def test_polling_stops_with_the_gateway(tmp_path):
    async with FakeTovieBot() as tovie:
        hold = tovie.delay("events")
        async with beside(tmp_path, tovie, asynchronous=True, poll_by="channel", **POLL) as here:
            await hold.reached.wait()
            polling = here.gateway.gateway.instances["tovie"].component._polling._task
            assert not polling.done()

        assert polling.done()


async def test_a_connection_filters_events(tmp_path):
    async with FakeTovieBot() as tovie, beside(tmp_path, tovie, asynchronous=True, connection_id="gw", **POLL) as here:
        await here.ann.writes("hello")
        await here.sees("echo hello")

        assert tovie.questions[-1].cid == "gw"


async def test_an_answer_that_is_not_known_by_its_id_counts_while_the_bot_has_the_floor(tmp_path):
    async with told_by_webhook(tmp_path, asynchronous=True) as here:
        await here.ann.writes("hello")
        await here.sees("echo hello")
        await here.tovie.script_goes_on("/Later")

        await here.sees("echo hello", "event /Later")


async def test_the_wait_survives_a_restart(tmp_path):
    clock = Clock()
    async with FakeTovieBot() as tovie:
        tovie.script = lambda question: (
            [text("a"), {"type": "timeout", "interval": 60, "targetState": "/B"}] if question.query else [text("b")]
        )
        async with beside(tmp_path, tovie, clock=clock) as here:
            await here.ann.writes("hello")
            await here.sees("a")
            await here.gateway.settled()
        clock.ahead += 61
        async with beside(tmp_path, tovie, clock=clock) as here:
            await here.sees("b")
