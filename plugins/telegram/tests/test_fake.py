"""The fake keeps Telegram's rules; three client libraries say so too (`test_oracles.py`)."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest
from aiohttp import web

from gateway.testing.telegram import FakeTelegram
from plugins.telegram.tests.kit import PNG


@pytest.fixture
async def telegram():
    async with FakeTelegram() as telegram:
        yield telegram


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def call(telegram, http):
    """Calls a method with JSON; returns status and answer."""

    async def call(method, token=telegram.token, **params):
        async with http.post(f"{telegram.url}/bot{token}/{method}", json=params) as response:
            return response.status, await response.json()

    return call


@pytest.fixture
async def hook():
    """A webhook that answers what it is told, and remembers."""

    class Hook:
        def __init__(self):
            self.got, self.statuses, self.body, self.url = [], [], {}, ""

        async def handle(self, request):
            self.got.append((request.headers.get("X-Telegram-Bot-Api-Secret-Token"), await request.json()))
            return web.json_response(self.body, status=self.statuses.pop(0) if self.statuses else 200)

    found, app = Hook(), web.Application()
    app.router.add_post("/hook", found.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield found
    await runner.cleanup()


def texts(answer):
    return [update["message"]["text"] for update in answer["result"]]


async def test_tokens(call, telegram):
    assert (await call("getMe"))[1]["result"] == telegram.me
    assert await call("getMe", token="1:wrong") == (
        401,
        {"ok": False, "error_code": 401, "description": "Unauthorized"},
    )
    assert (await call("getMe", token="nonsense"))[0] == 404
    assert (await call("getMoon"))[0] == 404


async def test_an_offset_confirms(call, telegram):
    ann = telegram.person()
    for text in ("one", "two", "three"):
        ann.writes(text)
    first = (await call("getUpdates", limit=2))[1]
    again = (await call("getUpdates", limit=2))[1]
    rest = (await call("getUpdates", offset=first["result"][-1]["update_id"] + 1))[1]

    assert texts(first) == texts(again) == ["one", "two"]
    assert texts(rest) == ["three"]


async def test_a_negative_offset_leaves_the_last(call, telegram):
    ann = telegram.person()
    for text in ("one", "two", "three"):
        ann.writes(text)

    assert texts((await call("getUpdates", offset=-1))[1]) == ["three"]
    assert texts((await call("getUpdates"))[1]) == ["three"]


async def test_a_question_is_held_until_there_is_an_answer(call, telegram):
    asked = asyncio.create_task(call("getUpdates", timeout=9))
    await telegram.until(lambda: telegram._question == 1)
    telegram.person().writes("hi")

    assert texts((await asked)[1]) == ["hi"]


async def test_a_second_question_ends_the_first(call, telegram):
    first = asyncio.create_task(call("getUpdates", timeout=9))
    await telegram.until(lambda: telegram._question == 1)
    second = asyncio.create_task(call("getUpdates", timeout=9))
    status, answer = await first
    telegram.person().writes("hi")

    assert (status, answer["error_code"]) == (409, 409)
    assert texts((await second)[1]) == ["hi"]


async def test_no_questions_while_there_is_a_webhook(call, hook):
    await call("setWebhook", url=hook.url)
    status, answer = await call("getUpdates")

    assert status == 409
    assert answer["description"].startswith("Conflict: can't use getUpdates method while webhook is active")
    await call("deleteWebhook")
    assert (await call("getUpdates"))[0] == 200


async def test_only_kinds_asked_for_are_kept(call, telegram):
    ann = telegram.person()
    telegram.push("chat_member", {"chat": {"id": 1}})
    await call("getUpdates", allowed_updates=["edited_message"])
    ann.edits(ann.writes("one"), "two")
    (update,) = (await call("getUpdates"))[1]["result"]

    assert update["edited_message"]["text"] == "two"


async def test_a_webhook_is_called_until_it_answers(call, telegram, hook):
    hook.statuses = [500, 404]
    ann, bo = telegram.person("Ann"), telegram.person("Bo")
    await call("setWebhook", url=hook.url, secret_token="s3cret")
    ann.writes("one")
    ann.writes("two")
    await telegram.until(lambda: not telegram.updates.waiting())
    bo.writes("three")
    await telegram.until(lambda: len(telegram.webhook_answers) == 5)
    info = (await call("getWebhookInfo"))[1]["result"]

    assert [update["message"]["text"] for _, update in hook.got] == ["one", "one", "one", "two", "three"]
    assert {secret for secret, _ in hook.got} == {"s3cret"}
    assert (info["url"], info["pending_update_count"]) == (hook.url, 0)


async def test_a_webhook_may_answer_with_a_method(call, telegram, hook):
    ann = telegram.person()
    hook.body = {"method": "sendMessage", "chat_id": ann.id, "text": "hello"}
    await call("setWebhook", url=hook.url)
    ann.writes("hi")
    await telegram.until(lambda: ann.texts() == ["hello"])


@pytest.mark.parametrize(
    ("params", "description"),
    [
        ({"url": "http://shop.example/hook"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        ({"url": "https://shop.example", "secret_token": "a b"}, "secret token contains unallowed characters"),
    ],
)
async def test_a_bad_webhook(call, params, description):
    assert (await call("setWebhook", **params))[1]["description"] == f"Bad Request: {description}"


async def test_all_four_ways_to_pass_parameters(telegram, http):
    ann = telegram.person()
    ann.writes("hi")
    address = f"{telegram.url}/bot{telegram.token}/sendMessage"
    given = {"chat_id": str(ann.id), "text": "words"}
    form = aiohttp.FormData(given)
    form.add_field("unused", b"x", filename="x")
    for body in ({"params": given}, {"json": given}, {"data": given}, {"data": form}):
        async with http.post(address, **body) as response:
            assert response.status == 200

    assert ann.texts() == ["words"] * 4


@pytest.mark.parametrize("field", ["document", "attached"])
async def test_both_ways_to_upload(telegram, http, call, field):
    ann = telegram.person()
    ann.writes("hi")
    form = aiohttp.FormData({"chat_id": str(ann.id)})
    form.add_field(field, b"bytes", filename="a.txt", content_type="text/plain")
    if field != "document":
        form.add_field("document", f"attach://{field}")
    async with http.post(f"{telegram.url}/bot{telegram.token}/sendDocument", data=form) as response:
        sent = (await response.json())["result"]
    found = (await call("getFile", file_id=sent["document"]["file_id"]))[1]["result"]
    async with http.get(f"{telegram.url}/file/bot{telegram.token}/{found['file_path']}") as response:
        content = await response.read()
    async with http.get(f"{telegram.url}/file/bot1:wrong/{found['file_path']}") as response:
        stranger = response.status

    assert (content, sent["document"]["file_name"], stranger) == (b"bytes", "a.txt", 404)
    assert (await call("sendDocument", chat_id=ann.id, document=sent["document"]["file_id"]))[0] == 200


REFUSED = {
    "empty": ({"text": " "}, "message text is empty"),
    "too long": ({"text": "x" * 4097}, "message is too long"),
    "too long in UTF-16": ({"text": "😀" * 2049}, "message is too long"),
    "entity outside": (
        {"text": "x", "entities": [{"type": "bold", "offset": 0, "length": 2}]},
        "entity beginning at UTF-16 offset 0 ends after the end of the text",
    ),
    "long data": (
        {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "x" * 65}]]}},
        "BUTTON_DATA_INVALID",
    ),
    "odd link": (
        {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "url": "javascript:1"}]]}},
        "inline keyboard button URL 'javascript:1' is invalid: Unsupported URL protocol",
    ),
    "no chat": ({"text": "x", "chat_id": 1}, "chat not found"),
}


@pytest.mark.parametrize(("params", "description"), REFUSED.values(), ids=REFUSED)
async def test_what_is_refused(telegram, call, params, description):
    ann = telegram.person()
    ann.writes("hi")
    status, answer = await call("sendMessage", **{"chat_id": ann.id, **params})

    assert (status, answer["description"]) == (400, f"Bad Request: {description}")
    assert ann.shown == []


async def test_who_may_be_written_to(telegram, call):
    ann = telegram.person()
    shy = await call("sendMessage", chat_id=ann.id, text="x")
    ann.writes("hi")
    ann.blocks()
    blocked = await call("sendMessage", chat_id=ann.id, text="x")

    assert shy[1]["description"] == "Forbidden: bot can't initiate conversation with a user"
    assert blocked[0] == 403
    assert blocked[1]["description"] == "Forbidden: bot was blocked by the user"


async def test_pictures_must_be_pictures(telegram, http):
    ann = telegram.person()
    ann.writes("hi")
    for content, status in ((PNG, 200), (b"text", 400)):
        form = aiohttp.FormData({"chat_id": str(ann.id)})
        form.add_field("photo", content, filename="a.png")
        async with http.post(f"{telegram.url}/bot{telegram.token}/sendPhoto", data=form) as response:
            assert response.status == status


async def test_editing(telegram, call):
    ann = telegram.person()
    ann.writes("hi")
    sent = (await call("sendMessage", chat_id=ann.id, text="one"))[1]["result"]
    same = await call("editMessageText", chat_id=ann.id, message_id=sent["message_id"], text="one")
    other = await call("editMessageText", chat_id=ann.id, message_id=sent["message_id"], text="two")

    assert same[1]["description"].startswith("Bad Request: message is not modified")
    assert other[0] == 200
    assert ann.texts() == ["two"]
    assert (await call("deleteMessage", chat_id=ann.id, message_id=sent["message_id"]))[1]["result"] is True
    assert ann.texts() == []


async def test_a_press_is_answered_once(telegram, call):
    ann = telegram.person()
    ann.writes("hi")
    keys = {"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]}
    await call("sendMessage", chat_id=ann.id, text="?", reply_markup=json.dumps(keys))
    press = ann.presses("Yes")

    assert (await call("answerCallbackQuery", callback_query_id=press))[0] == 200
    assert (await call("answerCallbackQuery", callback_query_id=press))[0] == 400
    with pytest.raises(LookupError):
        ann.presses("No")


async def test_faults_happen_as_often_as_they_are_told(telegram, call):
    telegram.refuse("getMe", 429, retry_after=7, times=2)
    answers = [await call("getMe") for _ in range(3)]

    assert [status for status, _ in answers] == [429, 429, 200]
    assert answers[0][1]["parameters"] == {"retry_after": 7}
    telegram.drop("getMe")
    with pytest.raises(aiohttp.ClientError):
        await call("getMe")
    go = telegram.delay("getMe")
    waiting = asyncio.create_task(call("getMe"))
    await call("getWebhookInfo")
    assert not waiting.done()
    go.set()
    assert (await waiting)[0] == 200


async def test_updates_twice_and_in_the_wrong_order(telegram, call):
    ann = telegram.person()
    telegram.duplicate()
    ann.writes("one")
    telegram.reorder(2)
    ann.writes("two")
    ann.writes("three")

    assert texts((await call("getUpdates"))[1]) == ["one", "one", "three", "two"]
