# mypy: allow-untyped-defs, allow-untyped-calls
"""Faults of Jivo, crashes in the middle, and callers who should not be here."""

from __future__ import annotations

import asyncio
from importlib import import_module

import pytest

from gateway import Delivery, UserMistake
from gateway_jivo_chat.matching import Matching

kit = import_module("plugins.jivo-chat.tests.jivo_chat_kit")

HISTORY = ["Ann: a", "Bot: hi a", "Ann: agent"]


@pytest.fixture
async def here(tmp_path):
    async with kit.both(tmp_path) as here:
        yield here


# --- Jivo has faults -------------------------------------------------------------------------------------------------


async def test_a_burst_of_5xx_repeats_nothing_and_loses_nothing(here):
    here.jivo.refuse("text", 503, times=2)
    here.jivo.refuse("text", 502, skip=1)
    here.bot.answer = kit.transferring()
    await here.ann.writes("agent")
    await here.ann.writes("please")

    await here.reads("Ann: agent", "please")


async def test_a_lost_answer_repeats_the_same_message(here):
    await here.transferred()
    here.jivo.drop("text", after=True)
    await here.ann.writes("hello")
    await here.jivo.until(lambda: len([call for call in here.jivo.calls if call.what == "text"]) == 3)
    await here.gateway.settled()
    first, second = [call.body["message"] for call in here.jivo.calls if call.what == "text"][1:]

    assert first == second
    assert here.jivo.chat.lines == ["Ann: agent", "hello"]


async def test_jivos_own_delay_is_respected(here):
    await here.transferred()
    here.jivo.limit("text", 30)
    await here.ann.writes("hello")
    await here.logs(Delivery)
    here.gateway.advance(20)
    assert here.jivo.chat.lines == ["Ann: agent"]

    here.gateway.advance(11)
    await here.reads("Ann: agent", "hello")


@pytest.mark.parametrize("done", [0, 1, 2], ids=["before it", "after one", "before the last answer"])
async def test_a_crash_in_the_middle_of_the_opening(tmp_path, done):
    async with kit.FakeJivoChat() as jivo:
        hold = jivo.delay("text", skip=done)
        async with kit.beside(tmp_path, jivo) as here:
            here.bot.answer = kit.transferring()
            await here.ann.writes("a")
            await here.sees("hi a")
            await here.ann.writes("agent")
            await hold.reached.wait()
        hold.release()
        async with kit.beside(tmp_path, jivo) as here:
            await here.queued()
            texts = [call.body["message"]["text"] for call in jivo.calls if call.what == "text"]

            assert jivo.chat.lines == HISTORY
            assert list(dict.fromkeys(texts)) == HISTORY and len(texts) <= len(HISTORY) + 1
            assert (await jivo.says("still here")).status == 200
            await here.sees("still here")


async def test_an_agent_may_answer_before_the_opening_is_through(here):
    hold = here.jivo.delay("text", skip=1)
    here.bot.answer = kit.transferring()
    await here.ann.writes("a")
    await here.sees("hi a")
    await here.ann.writes("agent")
    await hold.reached.wait()
    assert (await here.jivo.says("Hello")).status == 200
    await here.sees("Bo is here.", "Hello")
    hold.release()

    await here.reads(*HISTORY)


async def test_a_message_jivo_cannot_take_is_reported_with_its_reason(here):
    await here.transferred()
    here.jivo.refuse("text", 422)
    await here.ann.writes("strange")
    await here.ann.writes("fine")
    await here.reads("Ann: agent", "fine")

    [failed] = here.logged(Delivery)
    assert failed.reason.startswith("Jivo refuses it (status 422): ")


async def test_its_reason_is_short_and_has_no_secret_in_it(here):
    secrets = ["4hGfJ2pQsecret", "JIVOPUBLICID", kit.KEY, kit.WEBHOOKS_KEY]

    def repeat(request, _what, body):
        file = f"https://gw.example.com/files/{kit.KEY}"
        return 422, f"Cannot POST {request.path}\x1b[31m\n{' '.join(secrets)} {file} {body} {'x' * 5000}"

    await here.transferred()
    here.jivo._take = repeat
    await here.ann.writes("strange")
    await here.logs(Delivery)

    [failed] = here.logged(Delivery)
    assert failed.reason.startswith("Jivo refuses it (status 422): Cannot POST /***/*** [31m *** *** *** *** *** {")
    assert len(failed.reason) < 250
    assert not any(secret in failed.reason for secret in secrets)


async def test_a_removed_channel_gives_the_dialog_back(here):
    await here.transferred()
    here.jivo.refuse("text", 404)
    await here.ann.writes("hello?")

    await here.sees("back: refused", "hi hello?")


async def test_refused_credentials_make_it_unhealthy_with_the_cure(here):
    await here.transferred()
    here.jivo.refuse("text", 403)
    await here.ann.writes("hello")
    running = here.gateway.gateway.instances["jivo"]
    await here.gateway.until(lambda: not running.healthy)

    assert running.reason == (
        "Jivo does not let us in (status 403); correct the option `url`: copy it from the channel's settings in Jivo"
    )


async def test_a_wrong_url_is_told_at_the_start_without_it(tmp_path):
    async with kit.FakeJivoChat() as jivo:
        config = kit.config(f"{jivo.url}/a-secret-in-the-path?and=one-in-the-query")
        with pytest.raises(UserMistake) as error:
            await kit.Harness(config, folder=tmp_path).__aenter__()

        assert "Jivo refuses it (status 404); correct the option `url`" in str(error.value)
        assert "secret" not in str(error.value) and "one-in" not in str(error.value)


async def test_the_gateway_starts_although_jivo_is_down(tmp_path):
    async with kit.FakeJivoChat() as jivo:
        jivo.refuse("status", 503)
        async with kit.beside(tmp_path, jivo) as here:
            await here.transferred()


async def test_a_status_nobody_understands_means_somebody_is_there(here, monkeypatch):
    monkeypatch.setattr(type(here.jivo), "_take", _strange_status(type(here.jivo)._take))
    await here.transferred()


def _strange_status(take):
    def taken(self, request, what, body):
        return (200, "perhaps") if what == "status" else take(self, request, what, body)

    return taken


# --- events twice, in the wrong order, and late ----------------------------------------------------------------------


async def test_events_that_come_twice_happen_once(here):
    await here.transferred()
    here.jivo.duplicate(3)
    await here.jivo.says("one")
    await here.jivo.says("two", message_id="again")
    await here.jivo.says("two", message_id="again")
    await here.sees("two")

    assert here.ann.texts().count("one") == here.ann.texts().count("two") == 1


async def test_a_message_without_an_id_is_told_by_its_bytes(here):
    await here.transferred()
    message = {"type": "text", "text": "hello", "date": 1700000000}
    for date in (1700000000, 1700000000, 1700000001):
        body = {"sender": {"id": "7"}, "recipient": {"id": "web:ann"}, "message": {**message, "date": date}}
        assert (await here.jivo.request("POST", here.jivo.messages_url, body)).status == 200
    await here.gateway.settled()

    assert here.ann.texts().count("hello") == 2


async def test_a_file_does_not_fall_behind_the_words_after_it(here):
    await here.transferred()
    url = here.jivo.keep("slow.png", kit.PNG, "image/png")
    hold = here.jivo.delay("slow.png")
    sending = asyncio.create_task(here.jivo.sends("photo", url, text="this"))
    await hold.reached.wait()
    saying = asyncio.create_task(here.jivo.says("as you see"))
    await asyncio.sleep(0)
    hold.release()
    await asyncio.gather(sending, saying)

    await here.sees("this", "as you see")


async def test_the_end_by_webhook_does_not_overtake_a_slow_file(here, monkeypatch):
    found = asyncio.Event()
    find = Matching.find

    async def tell(self, hook):
        dialog = await find(self, hook)
        found.set()
        return dialog

    monkeypatch.setattr(Matching, "find", tell)
    await here.transferred()
    await here.jivo.says("Look")
    url = here.jivo.keep("slow.png", kit.PNG, "image/png")
    hold = here.jivo.delay("slow.png")
    sending = asyncio.create_task(here.jivo.sends("photo", url, text="this"))
    await hold.reached.wait()
    finishing = asyncio.create_task(here.jivo.finishes(user_token="web:ann"))
    await found.wait()
    hold.release()
    answers = await asyncio.gather(sending, finishing)
    await here.sees("back: closed")

    assert "this" in here.ann.texts()
    assert [answer.status for answer in answers] == [200, 200]


async def test_jivo_gives_up_on_4xx_and_tries_three_times_on_5xx(here):
    await here.transferred()
    await here.jivo.says("hello", client="web:nobody")
    here.gateway.gateway.engine.open = False
    await here.jivo.says("hello")
    here.gateway.gateway.engine.open = True

    assert [[answer.status for answer in post.answers] for post in here.jivo.posts] == [[404], [503, 503, 503]]


async def test_a_client_with_a_very_long_id_is_told_apart(here):
    for last in "ab":
        await here.transferred(client="x" * 300 + last)

    assert len(here.jivo.chats) == 2 and all(len(client) <= 255 for client in here.jivo.chats)


async def test_long_forgotten_dialogs_leave_nothing_behind(here):
    await here.transferred(attributes={"email": "ann@example.com"})
    await here.jivo.hook("chat_accepted", visitor={"email": "ann@example.com", "number": "17"})
    await here.jivo.finishes(chat={})
    await here.sees("back: closed")
    here.gateway.clock.ahead += 8 * 86400
    await here.transferred(client="bob", history=0)
    kept = await here.gateway.gateway.store.kv_items("jivo", "")

    assert not [key for key in kept if "ann" in key or key.startswith(("mark:", "ended:"))]
    assert "sender:web:bob" in kept


# --- callers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "/", "/x", "/%ff%fe", "/%D0%BA", f"/{kit.KEY}/x", f"/{kit.KEY[:-1]}"])
async def test_a_wrong_key_learns_nothing(here, path):
    answer = await here.jivo.request("POST", f"{here.gateway.url}/hooks/jivo{path}", {"id": "1"})

    assert (answer.status, answer.body) == (404, {"error": "nobody listens here"})


def event(**message):
    return {"recipient": {"id": "web:ann"}, "message": {"type": "text", "id": "1", "text": "hi", **message}}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([], 400),
        ("words", 400),
        ({}, 400),
        ({"recipient": {}, "message": {"type": "text"}}, 400),
        ({"recipient": {"id": "x" * 256}, "message": {"type": "text"}}, 400),
        ({"recipient": {"id": "web:ann"}}, 400),
        (event(type=""), 400),
        (event(type=None), 400),
        (event(type="photo"), 400),
        (event(type="photo", file="file:///etc/passwd"), 400),
        (event(type="photo", file={}), 400),
        (event(type="location"), 400),
        (event(type="location", latitude=91, longitude=0), 400),
        (event(text=""), 200),
        (event(text={}), 200),
        (event(type="keyboard", text="", keyboard="odd"), 200),
        (event(type="hologram"), 200),
        (event(type="typein"), 200),
        (event(type="seen"), 200),
        ({**event(), "sender": "odd"}, 200),
        ({**event(id=7, date="late"), "sender": {"id": 7, "name": None, "photo": "javascript:x"}}, 200),
        ({"recipient": {"id": "nobody"}, "message": {"type": "text", "text": "hi"}}, 404),
        ({"recipient": {"id": "nobody"}, "message": {"type": "stop"}}, 200),
    ],
)
async def test_odd_messages(here, body, status):
    await here.transferred()
    answer = await here.jivo.request("POST", here.jivo.messages_url, body)

    assert answer.status == status
    if status >= 400:
        assert isinstance(answer.body, bytes) and answer.body  # plain text


@pytest.mark.parametrize(("raw", "status"), [(b"{", 400), (b"\xff", 400), (b'{"x":"' + b"x" * 2_000_000 + b'"}', 413)])
async def test_bodies_that_are_no_json_or_too_long(here, raw, status):
    for url in (here.jivo.messages_url, here.jivo.webhooks_url):
        assert (await here.jivo.request("POST", url, raw=raw)).status == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([], 400),
        (7, 400),
        ({"event_name": [], "visitor": 7, "chat": "x", "tags": {}}, 200),
        ({"event_name": "chat_finished", "visitor": [], "chat": {"messages": [7, {"timestamp": "x"}]}}, 200),
        ({"event_name": "chat_finished", "user_token": "web:ann", "agent": "Bo", "chat": {"blacklisted": []}}, 200),
        ({"event_name": "chat_accepted", "user_token": "web:ann", "agent": None}, 200),
        ({"event_name": "chat_finished", "user_token": {"x": 1}, "chat_id": 1e400}, 200),
    ],
)
async def test_odd_webhooks(here, body, status):
    await here.transferred()

    assert (await here.jivo.request("POST", here.jivo.webhooks_url, body)).status == status


async def test_wrong_verbs(here):
    for url in (here.jivo.messages_url, here.jivo.webhooks_url):
        assert (await here.jivo.request("GET", url)).status == 405


async def test_refusals_are_counted(here):
    await here.jivo.says("hello", client="web:nobody")

    assert here.gateway.gateway.metrics.refused("jivo", "404")._value.get() == 1


async def test_no_secret_is_logged(here, capsys):
    await here.transferred()
    here.jivo.refuse("text", 503)
    await here.ann.writes("hello")
    await here.jivo.request("POST", here.jivo.messages_url, raw=b"{")
    await here.jivo.request("POST", here.jivo.webhooks_url, raw=b"{")
    await here.reads("Ann: agent", "hello")

    shown = "".join(capsys.readouterr())
    for secret in (kit.KEY, kit.WEBHOOKS_KEY, "4hGfJ2pQsecret"):
        assert secret not in shown
