# mypy: allow-untyped-defs, allow-untyped-calls
"""Every reply reaches its caller once: in the answer, or later by webhook. The races."""

from __future__ import annotations

import asyncio
import random
from importlib import import_module

import pytest

from gateway import BotReply, BotSpoke, Button, Buttons, Permanent, Refused, Text, Transfer, text_message

kit = import_module("plugins.chat-api.tests.chat_kit")


@pytest.fixture
async def here(tmp_path):
    async with kit.stage(tmp_path) as here:
        yield here


@pytest.fixture
def repeated(here, monkeypatch):
    """Wait until so many repetitions were known as such."""
    observer = here.gateway.gateway.engine._observer
    seen = asyncio.Semaphore(0)
    before = observer.duplicate

    def duplicate(instance):
        before(instance)
        seen.release()

    async def wait(count):
        async with asyncio.timeout(20):
            for _ in range(count):
                await seen.acquire()

    monkeypatch.setattr(observer, "duplicate", duplicate)
    return wait


async def test_what_was_given_in_an_answer_is_not_posted(here):
    for words in ("one", "two", "three"):
        await here.site.asks(words)
    await here.gateway.settled()

    assert here.site.calls == []


async def test_two_queries_at_once_get_each_its_own_answer(here):
    here.bot.gate.clear()
    asking = [asyncio.create_task(here.site.asks(words)) for words in ("one", "two", "three")]
    await here.logged(3)
    here.bot.gate.set()
    answers = await asyncio.gather(*asking)

    assert [kit.texts(answer) for answer in answers] == [["echo one"], ["echo two"], ["echo three"]]
    assert len({answer["questionId"] for answer in answers}) == 3
    await here.gateway.settled()
    assert here.site.calls == []


async def test_many_clients_at_once_get_each_its_own_answer(here):
    asking = [here.site.asks(f"hi {number}", f"client-{number}") for number in range(30)]
    answers = await asyncio.gather(*asking)

    assert [answer["data"]["answer"] for answer in answers] == [f"echo hi {number}" for number in range(30)]


async def test_an_asynchronous_question_is_answered_by_webhook(here):
    taken = await here.site.asks("hello", tail="/async")
    await here.site.hears("echo hello")
    [item] = here.site.items

    assert taken == {"questionId": item["questionId"]}
    assert item["token"] == kit.TOKEN
    assert (item["clientId"], item["author"]) == ("ann", {"role": "bot"})
    assert item["data"]["newSessionStarted"] is True


async def test_a_message_of_several_parts_is_one_item(here):
    parts = (Buttons(buttons=(Button(text="a"),)), Buttons(buttons=(Button(text="b"),)), Text(text="x" * 60_000))
    here.bot.answer = kit.saying(*parts)
    await here.site.asks("hello", tail="/async")
    await here.gateway.settled()
    [item] = [item for item in here.site.items if item["kind"] == "reply"]

    assert [reply["type"] for reply in item["data"]["replies"]] == ["buttons", "buttons", "text", "text"]
    assert sum(len(text) for text in kit.texts(item)) == 60_000


async def test_replies_to_asynchronous_questions_name_theirs(here):
    here.bot.gate.clear()
    first = await here.site.asks("one", tail="/async")
    second = await here.site.asks("two", tail="/async")
    here.bot.gate.set()
    await here.site.hears("echo one", "echo two")

    assert [item["questionId"] for item in here.site.items] == [first["questionId"], second["questionId"]]


async def test_an_asynchronous_and_a_synchronous_question_do_not_mix(here):
    here.bot.gate.clear()
    await here.site.asks("one", tail="/async")
    asking = asyncio.create_task(here.site.asks("two"))
    await here.logged(2)
    here.bot.gate.set()
    await here.site.hears("echo one")

    assert kit.texts(await asking) == ["echo two"]
    await here.gateway.settled()
    assert here.site.words == ["echo one"]


async def test_a_slow_bots_answer_comes_by_webhook(tmp_path):
    async with kit.stage(tmp_path, wait_seconds=0.1) as here:
        here.bot.gate.clear()
        answer = await here.site.asks("hello")
        here.bot.gate.set()
        await here.site.hears("echo hello")

        assert answer["data"]["replies"] == []
        assert answer["complete"] is False
        assert here.site.items[0]["questionId"] == answer["questionId"]


async def test_no_wait_at_all_is_like_asynchronous(tmp_path):
    async with kit.stage(tmp_path, wait_seconds=0) as here:
        answer = await here.site.asks("hello")
        await here.gateway.settled()

        assert (kit.texts(answer) or here.site.words) == ["echo hello"]


async def test_the_answer_of_a_caller_who_hung_up_is_posted(here):
    here.bot.gate.clear()
    async with here.site.hung("hello"):
        await here.logged(1)
    here.bot.gate.set()
    await here.site.hears("echo hello")

    assert await here.site.asks("and now?")
    await here.gateway.settled()
    assert here.site.words == ["echo hello"]


async def test_a_repetition_while_the_first_still_waits_gets_the_same_answer(here, repeated):
    here.bot.gate.clear()
    key = {"Idempotency-Key": "m1"}
    asking = [asyncio.create_task(here.site.asks("hello", headers=key)) for _ in range(2)]
    await here.logged(1)
    asking.append(asyncio.create_task(here.site.asks("hello", headers=key)))
    await repeated(2)
    here.bot.gate.set()
    first, second, third = await asyncio.gather(*asking)

    assert first["questionId"] == second["questionId"] == third["questionId"]
    assert kit.texts(first) == kit.texts(second) == kit.texts(third) == ["echo hello"]
    assert len(here.bot.turns) == 1
    await here.gateway.settled()
    assert here.site.calls == []


async def test_a_repetition_after_the_first_hung_up_saves_the_webhook_the_way(here, repeated):
    here.bot.gate.clear()
    async with here.site.hung("hello", messageId="m1"):
        await here.logged(1)
        asking = asyncio.create_task(here.site.asks("hello", messageId="m1"))
        await repeated(1)
    here.bot.gate.set()

    assert kit.texts(await asking) == ["echo hello"]
    await here.gateway.settled()
    assert here.site.calls == []


async def test_a_repetition_after_the_answer_gets_it_again(here):
    first = await here.site.asks("hello", messageId="m1")
    await here.site.asks("something else")
    again = await here.site.asks("hello", messageId="m1")

    assert again["questionId"] == first["questionId"]
    assert again["data"] == first["data"]
    assert len(here.bot.turns) == 2


async def test_a_repeated_start_gets_its_greeting_again(here):
    first = await here.site.asks(None, event="/start", messageId="m1")
    again = await here.site.asks(None, event="/start", messageId="m1")

    assert again["questionId"] == first["questionId"]
    assert kit.texts(again) == ["hello"]
    assert await here.log() == ["started", "bot: hello"]


async def test_a_repetition_that_is_asynchronous_tells_the_same_id(here):
    first = await here.site.asks("hello", tail="/async", messageId="m1")
    again = await here.site.asks("hello", tail="/async", messageId="m1")
    await here.gateway.settled()

    assert first == again
    assert here.site.words == ["echo hello"]


async def test_a_repetition_from_before_the_conversation_changes_nothing(here):
    await here.site.asks("bye", messageId="m1")
    await here.site.asks("hi")
    again = await here.site.asks("bye", messageId="m1")

    assert again["data"]["replies"] == []
    assert (await here.log()) == ["client: hi", "bot: echo hi"]


async def test_the_same_id_of_another_client_is_another_message(here):
    await here.site.asks("hello", "ann", messageId="m1")

    assert kit.texts(await here.site.asks("hello", "bob", messageId="m1")) == ["echo hello"]


async def test_a_restart_in_the_middle_loses_and_doubles_nothing(tmp_path):
    async with kit.Site() as site:
        async with kit.stage(tmp_path, site=site) as here:
            await site.asks("before")
            here.bot.gate.clear()
            asking = asyncio.create_task(site.request("POST", site.at(), {"clientId": "ann", "query": "during"}))
            await here.logged(3)
        cut = await asking
        async with kit.stage(tmp_path, site=site) as here:
            await site.hears("echo during")
            again = await site.asks("after")
            await here.gateway.settled()

            assert cut.status in {0, 200}
            assert cut.status == 0 or cut.body["complete"] is False
            assert kit.texts(again) == ["echo after"]
            assert site.words == ["echo during"]


async def test_what_was_answered_while_the_gateway_stopped_is_not_posted_after_its_restart(tmp_path):
    async with kit.Site() as site:
        async with kit.stage(tmp_path, site=site) as here:
            here.desk.gate.clear()
            asking = asyncio.create_task(site.asks("agent"))
            await here.logged(3)
        answer = await asking
        async with kit.stage(tmp_path, site=site) as here:
            await here.gateway.until(lambda: bool(here.desk.openings))
            await here.gateway.settled()

            assert kit.texts(answer) == ["calling"]
            assert site.words == ["We are finding somebody to help you."]


async def test_a_webhook_that_is_down_gets_it_later_in_order(here):
    here.site.refuse("hook", 503, times=2)
    await here.site.asks("one", tail="/async")
    await here.site.asks("two", tail="/async")
    await here.site.hears("echo one", "echo two")

    keys = [call.headers["idempotency-key"] for call in here.site.calls]
    assert keys[0] == keys[1] == keys[2] != keys[3]


async def test_a_webhook_that_does_not_know_us_makes_the_instance_unhealthy(here):
    here.site.refuse("hook", 401)
    await here.site.asks("one", tail="/async")
    running = here.gateway.gateway.instances["rest"]
    await here.gateway.until(lambda: not running.healthy)

    assert "webhook_headers" in running.reason
    assert here.site.url not in running.reason


async def test_the_webhook_gets_the_headers_of_the_options(tmp_path):
    async with kit.stage(tmp_path, webhook_headers={"Authorization": "Bearer x"}) as here:
        await here.site.asks("one", tail="/async")
        await here.site.hears("echo one")

        assert here.site.calls[0].headers["authorization"] == "Bearer x"


async def test_words_the_bot_says_by_itself_are_posted(here):
    await here.site.asks("hello")
    turn = here.bot.turns[0]
    await here.bot.context.receive(BotSpoke(conversation=turn.conversation.id, messages=(text_message("by the way"),)))
    await here.site.hears("by the way")


async def test_a_failed_turn_is_answered_with_the_apology(here):
    here.bot.failures.append(Permanent("broken"))
    [text] = kit.texts(await here.site.asks("hello"))

    assert text.startswith("Sorry")


async def test_a_handoff_is_answered_with_what_comes_of_it(here):
    answer = await here.site.asks("agent")

    assert kit.texts(answer)[0] == "calling"
    assert answer["floor"] == "waiting"
    await here.gateway.settled()
    assert len([*kit.texts(answer), *here.site.words]) == 2


async def test_a_refused_handoff_is_answered_with_what_the_bot_says_then(here):
    here.desk.failures.append(Refused("nobody", code="offline"))
    answer = await here.site.asks("agent")

    assert kit.texts(answer) == ["calling", "back: offline"]
    assert answer["floor"] == "bot"
    await here.gateway.settled()
    assert here.site.words == []


async def test_a_handoff_that_takes_long_does_not_keep_the_caller(here, monkeypatch):
    questions = import_module("gateway_chat_api.questions")
    monkeypatch.setattr(questions, "HANDOFF_SECONDS", 0.1)
    here.desk.gate.clear()
    answer = await here.site.asks("agent")
    here.desk.gate.set()
    await here.gateway.settled()

    assert kit.texts(answer) == ["calling"]
    assert here.site.words == ["We are finding somebody to help you."]


async def test_a_long_answer_before_a_handoff_is_all_in_the_answer(here):
    here.bot.answer = lambda _turn: BotReply(
        messages=tuple(text_message(text) for text in "abc"), transfer=Transfer(message_before="d")
    )
    answer = await here.site.asks("hi")
    await here.gateway.settled()

    assert kit.texts(answer)[:4] == ["a", "b", "c", "d"]
    assert "superseded" not in str(await here.gateway.log("ann", "rest"))


async def test_in_a_crowd_every_reply_reaches_its_caller_once(here):
    """Synchronous, asynchronous and repeated requests of many clients at once, and a webhook that stumbles."""
    chance = random.Random(7)
    here.site.refuse("hook", 503, times=5, skip=3)
    heard: dict[str, list[str]] = {}

    async def asks(client, number):
        tail = chance.choice(["", "", "/async"])
        words = f"{client} {number}"
        answers = await asyncio.gather(
            *(here.site.asks(words, client, tail=tail, messageId=words) for _ in range(chance.choice([1, 1, 2])))
        )
        assert len({answer["questionId"] for answer in answers}) == 1
        texts = [] if tail else kit.texts(answers[0])
        heard.setdefault(answers[0]["questionId"], []).extend([words, *texts])

    await asyncio.gather(*(asks(f"c{client}", number) for client in range(15) for number in range(6)))
    await here.gateway.settled()
    for item in here.site.items:
        heard[item["questionId"]] += [item["data"]["answer"]]

    assert len(heard) == len(here.bot.turns) == 90
    assert [words for words in heard.values() if words[1:] != [f"echo {words[0]}"]] == []
