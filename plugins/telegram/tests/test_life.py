"""Starting, stopping, coming back, and what goes wrong between us and Telegram."""

from __future__ import annotations

import aiohttp
import pytest

from gateway import UserMistake
from gateway.testing import Clock, Harness
from gateway.testing.telegram import FakeTelegram
from gateway.testing.telegram.faults import BotApiError
from plugins.telegram.tests.kit import PNG, config, place

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


@pytest.fixture(params=["polling", "webhook"])
def mode(request):
    return request.param


@pytest.fixture
async def telegram():
    async with FakeTelegram() as telegram:
        yield telegram


# --- the webhook's own life -----------------------------------------------------------------------------------------


async def test_the_webhook_is_set_and_stays(tmp_path, telegram):
    async with place(tmp_path, telegram, mode="webhook") as here:
        set_, info = telegram.called("setWebhook"), telegram.called("getWebhookInfo")

        assert set_[0].params["url"] == f"{here.gateway.url}/hooks/tg"
        assert len(set_[0].params["secret_token"]) >= 32
        assert "callback_query" in set_[0].params["allowed_updates"]
        assert len(info) == 1
    assert telegram.called("deleteWebhook") == []
    assert telegram.webhook


async def test_the_webhook_is_removed_when_asked(tmp_path, telegram):
    async with place(tmp_path, telegram, mode="webhook", remove_webhook=True):
        assert telegram.webhook
    assert not telegram.webhook


async def test_polling_removes_a_webhook_left_over_and_loses_nothing(tmp_path, telegram):
    ann = telegram.person()
    async with place(tmp_path, telegram, mode="webhook"):
        pass
    ann.writes("hi")
    async with place(tmp_path, telegram) as here:
        await here.sees(ann, "echo hi")
    assert not telegram.webhook


async def test_telegrams_cloud_needs_https(tmp_path):
    whole = config(FakeTelegram(), mode="webhook", api_url="https://api.telegram.org")
    gateway = Harness(whole, folder=tmp_path)
    channel = gateway.gateway.instances["tg"].component

    with pytest.raises(Exception, match=r"set server.public_url to the https address .* or take `mode: polling`"):
        await channel._set_webhook()


async def test_a_webhook_somebody_else_took_is_noticed(tmp_path, telegram):
    async def other(_given):
        return {"url": "https://other.example/hook"}

    telegram._get_webhook_info = other
    with pytest.raises(UserMistake, match=r"Telegram calls https://other.example/hook and not .*; another program"):
        async with place(tmp_path, telegram, mode="webhook"):
            pass


@pytest.fixture
def impatient(monkeypatch):
    """Look after the webhook all the time."""
    monkeypatch.setattr("gateway_telegram.watch.LOOK_SECONDS", 0.01)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("url", ["https://other.example/hook", ""])
async def test_a_webhook_that_is_taken_while_we_run_is_noticed_until_it_is_ours_again(tmp_path, telegram, url):
    async with place(tmp_path, telegram, mode="webhook") as here:
        running = here.gateway.gateway.instances["tg"]
        ours = telegram.webhook["url"]
        telegram.webhook["url"] = url
        await telegram.until(lambda: not running.healthy)
        assert f"Telegram calls {url or 'nobody'} and not {ours}" in running.reason

        telegram.webhook["url"] = ours
        await telegram.until(lambda: running.healthy)


@pytest.mark.usefixtures("impatient")
async def test_a_webhook_telegram_cannot_reach_is_noticed_until_it_can(tmp_path, telegram):
    async with place(tmp_path, telegram, mode="webhook") as here:
        running = here.gateway.gateway.instances["tg"]
        ann = telegram.person()
        here.gateway.gateway.engine.open = False
        ann.writes("hi")
        await telegram.until(lambda: not running.healthy)
        assert "cannot reach" in running.reason

        here.gateway.gateway.engine.open = True
        await here.sees(ann, "echo hi")
        await telegram.until(lambda: running.healthy)


@pytest.mark.usefixtures("impatient")
async def test_a_token_revoked_behind_a_webhook_is_noticed(tmp_path, telegram):
    async with place(tmp_path, telegram, mode="webhook") as here:
        running = here.gateway.gateway.instances["tg"]
        fault = telegram.refuse("getWebhookInfo", 401, "Unauthorized", times=10**6)
        await telegram.until(lambda: not running.healthy)
        assert "option `token`" in running.reason

        fault.error = BotApiError(500, "Internal Server Error")
        seen = len(telegram.called("getWebhookInfo"))
        await telegram.until(lambda: len(telegram.called("getWebhookInfo")) > seen + 2)
        fault.times = 0
        await telegram.until(lambda: running.healthy)


STRANGERS = {
    "no secret": ("POST", {}, b'{"update_id": 1}', 401),
    "wrong secret": ("POST", {SECRET_HEADER: "x" * 43}, b'{"update_id": 1}', 401),
    "secret in other letters": ("POST", {SECRET_HEADER: "ä"}, b'{"update_id": 1}', 401),
    "other verb": ("GET", {}, None, 401),
    "not JSON": ("POST", {SECRET_HEADER: None}, b"{", 400),
    "not an update": ("POST", {SECRET_HEADER: None}, b"[]", 200),
    "unknown kind": ("POST", {SECRET_HEADER: None}, b'{"update_id": 1, "telepathy": {}}', 200),
}


@pytest.mark.parametrize("case", STRANGERS.values(), ids=STRANGERS)
async def test_what_comes_to_the_webhook(tmp_path, telegram, case):
    verb, headers, body, status = case
    async with place(tmp_path, telegram, mode="webhook") as here, aiohttp.ClientSession() as http:
        secret = telegram.webhook["secret_token"]
        headers = {name: secret if value is None else value for name, value in headers.items()}
        async with http.request(verb, telegram.webhook["url"], headers=headers, data=body) as response:
            said = await response.text()

        assert response.status == status
        assert secret not in said
        assert here.bot.turns == []


async def test_a_body_too_large_is_refused(tmp_path, telegram):
    whole = config(telegram, mode="webhook")
    whole["server"] = {"port": 0, "max_body_bytes": 1024}
    async with Harness(whole, folder=tmp_path), aiohttp.ClientSession() as http:
        headers = {SECRET_HEADER: telegram.webhook["secret_token"]}
        async with http.post(telegram.webhook["url"], headers=headers, data=b" " * 2000) as response:
            assert response.status == 413


# --- coming back ----------------------------------------------------------------------------------------------------


async def test_what_was_written_meanwhile_is_caught_up_on(tmp_path, telegram, mode):
    ann = telegram.person()
    async with place(tmp_path, telegram, mode=mode) as here:
        ann.writes("one")
        await here.sees(ann, "echo one")
    for word in ("two", "three", "four"):
        ann.writes(word)
    async with place(tmp_path, telegram, mode=mode) as here:
        await here.sees(ann, "echo one", "echo two", "echo three", "echo four")
        assert (await here.transcript(ann)).count("client: one") == 1


async def test_a_restart_before_telegram_knows_what_was_read(tmp_path, telegram):
    """Updates are confirmed by the next question; if there is none, they come again and happen once."""
    ann = telegram.person()
    async with place(tmp_path, telegram) as here:
        ann.writes("one")
        await here.hears()
        await here.gateway.settled()
        waiting = telegram.updates.waiting()
    telegram.updates._waiting = list(waiting) or [{"update_id": 1, "message": {}}]
    async with place(tmp_path, telegram) as here:
        ann.writes("two")
        await here.sees(ann, "echo one", "echo two")


async def test_a_stop_in_the_middle_of_an_update(tmp_path, telegram, mode):
    """What was fetched but not committed is still at Telegram."""
    ann = telegram.person()
    go = telegram.delay("getFile")
    async with place(tmp_path, telegram, mode=mode):
        ann.sends_file("photo", PNG, caption="look")
        await telegram.until(lambda: telegram.held == ["getFile"])
    go.set()
    async with place(tmp_path, telegram, mode=mode) as here:
        (media,) = (await here.hears()).message.contents

        assert (media.caption, media.attachment.size) == ("look", len(PNG))


async def test_an_offset_that_was_not_stored_does_no_harm(tmp_path, telegram):
    ann = telegram.person()
    async with place(tmp_path, telegram) as here:
        said = ann.writes("one")
        await here.sees(ann, "echo one")
        await here.gateway.gateway.store.kv_put("tg", f"offset/{telegram.token.partition(':')[0]}", None)
        telegram.updates._waiting.insert(0, {"update_id": 1, "message": said})
        ann.writes("two")
        await here.telegram.until(lambda: ann.texts()[-1:] == ["echo two"])

        assert ann.texts() == ["echo one", "echo two"]


async def test_a_long_backlog_comes_in_order(tmp_path, telegram):
    ann, bo = telegram.person("Ann"), telegram.person("Bo")
    for number in range(130):
        (bo if number % 3 else ann).writes(f"w{number}")
    async with place(tmp_path, telegram) as here:
        await telegram.until(lambda: len(ann.shown) + len(bo.shown) == 130)

        assert ann.texts() == [f"echo w{number}" for number in range(0, 130, 3)]
        assert [line for line in await here.transcript(bo) if line.startswith("client")] == [
            f"client: w{number}" for number in range(130) if number % 3
        ]


async def test_an_agents_dialog_goes_on_after_a_restart(tmp_path, telegram, mode):
    ann = telegram.person()
    async with place(tmp_path, telegram, mode=mode) as here:
        ann.writes("agent")
        await here.gateway.until(lambda: bool(here.desk.openings))
        await here.desk.joins()
        await here.gateway.settled()
    ann.writes("are you there?")
    async with place(tmp_path, telegram, mode=mode) as here:
        await here.gateway.until(lambda: here.desk.texts() == ["are you there?"])


# --- what goes wrong on the way in ----------------------------------------------------------------------------------


async def test_what_comes_twice_happens_once(tmp_path, telegram, mode):
    async with place(tmp_path, telegram, mode=mode) as here:
        ann = telegram.person()
        telegram.duplicate(2)
        ann.writes("one")
        ann.writes("two")
        ann.writes("three")
        await here.sees(ann, "echo one", "echo two", "echo three")
        await telegram.until(lambda: not telegram.updates.waiting())

        assert len(here.bot.turns) == 3


async def test_what_comes_in_the_wrong_order_is_put_right(tmp_path, telegram):
    async with place(tmp_path, telegram) as here:
        ann = telegram.person()
        telegram.reorder(3)
        for word in ("one", "two", "three"):
            ann.writes(word)
        await here.sees(ann, "echo one", "echo two", "echo three")


async def test_a_webhook_is_delivered_again_until_the_store_can_write(tmp_path, telegram):
    async with place(tmp_path, telegram, mode="webhook") as here:
        ann = telegram.person()
        here.gateway.gateway.engine.open = False
        ann.writes("hi")
        await telegram.until(lambda: 503 in telegram.webhook_answers)
        here.gateway.gateway.engine.open = True
        await here.sees(ann, "echo hi")

        assert telegram.webhook_answers[-1] == 200


FAULTS = {
    "overloaded": {"status": 429, "retry_after": 0},
    "broken": {"status": 502, "description": "Bad Gateway"},
    "another reader": {"status": 409, "description": "Conflict: terminated by other getUpdates request"},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_polling_goes_on_after(tmp_path, telegram, fault, monkeypatch):
    monkeypatch.setattr("gateway_telegram.polling.PAUSES_SECONDS", (0.0,))
    async with place(tmp_path, telegram) as here:
        ann = telegram.person()
        telegram.refuse("getUpdates", times=2, **fault)
        ann.writes("one")
        await here.sees(ann, "echo one")
        ann.writes("two")
        await here.sees(ann, "echo one", "echo two")


async def test_polling_goes_on_after_the_connection_is_cut(tmp_path, telegram, monkeypatch):
    monkeypatch.setattr("gateway_telegram.polling.PAUSES_SECONDS", (0.0,))
    async with place(tmp_path, telegram) as here:
        ann = telegram.person()
        telegram.drop("getUpdates", times=2)
        ann.writes("one")
        await here.sees(ann, "echo one")


async def test_polling_that_hears_nothing_makes_it_unhealthy_until_it_hears_again(tmp_path, telegram, monkeypatch):
    monkeypatch.setattr("gateway_telegram.polling.PAUSES_SECONDS", (0.0,))
    async with place(tmp_path, telegram) as here:
        running = here.gateway.gateway.instances["tg"]
        ann = telegram.person()
        fault = telegram.refuse("getUpdates", 401, "Unauthorized", times=10**6)
        await telegram.until(lambda: not running.healthy)
        async with aiohttp.ClientSession() as http, http.get(f"{here.gateway.url}/health/ready") as response:
            health = await response.json()
            assert response.status == 503

        assert "option `token`" in health["instances"]["tg"]["reason"]
        fault.times = 0
        ann.writes("hi")
        await here.sees(ann, "echo hi")
        await telegram.until(lambda: running.healthy)


async def test_another_reader_of_the_same_bot_is_told_after_some_tries(tmp_path, telegram, monkeypatch):
    monkeypatch.setattr("gateway_telegram.polling.PAUSES_SECONDS", (0.0,))
    async with place(tmp_path, telegram) as here:
        running = here.gateway.gateway.instances["tg"]
        conflict = "Conflict: terminated by other getUpdates request"
        telegram.refuse("getUpdates", 409, conflict, times=2)
        ann = telegram.person()
        ann.writes("hi")
        await here.sees(ann, "echo hi")
        assert running.healthy

        telegram.refuse("getUpdates", 409, conflict, times=10**6)
        ann.writes("there?")
        await telegram.until(lambda: not running.healthy)
        assert "another program reads this bot's messages" in running.reason


# --- what goes wrong on the way out ---------------------------------------------------------------------------------


async def test_telegram_asks_us_to_wait(tmp_path, telegram):
    clock = Clock()
    async with Harness(config(telegram), folder=tmp_path, clock=clock) as gateway:
        ann = telegram.person()
        telegram.refuse("sendMessage", 429, retry_after=30, chat=ann.id)
        ann.writes("hi")
        await telegram.until(lambda: bool(telegram.called("sendMessage")))
        await gateway.until(lambda: any(lane.alarm for lane in gateway.gateway.dispatcher._lanes.values()))
        (lane,) = gateway.gateway.dispatcher._lanes.values()

        assert 25 < lane.waiting[0].due_at - clock() <= 30
        bo = telegram.person("Bo")
        bo.writes("hi")  # Others need not wait.
        await telegram.until(lambda: bo.texts() == ["echo hi"])
        gateway.advance(31)
        await telegram.until(lambda: ann.texts() == ["echo hi"])


async def test_a_limit_of_the_bot_lets_everybody_wait(tmp_path, telegram):
    """Telegram says the same for a chat's limit and the bot's; a second chat that is refused tells them apart."""
    clock = Clock()
    async with Harness(config(telegram), folder=tmp_path, clock=clock) as gateway:
        ann, bo, cid = (telegram.person(name) for name in ("Ann", "Bo", "Cid"))
        for number, person in enumerate((ann, bo), start=1):
            telegram.refuse("sendMessage", 429, retry_after=30, chat=person.id)
            person.writes("hi")
            await lanes_waiting(gateway, number)
        for word in ("one", "two"):
            cid.writes(word)
        await lanes_waiting(gateway, 3)
        assert [call.params["chat_id"] for call in telegram.called("sendMessage")] == [ann.id, bo.id]

        gateway.advance(31)
        await telegram.until(lambda: cid.texts() == ["echo one", "echo two"])
        await telegram.until(lambda: ann.texts() == bo.texts() == ["echo hi"])


async def lanes_waiting(gateway, count):
    """Wait until so many lanes wait for their next try."""
    lanes = gateway.gateway.dispatcher._lanes
    await gateway.until(lambda: sum(bool(lane.alarm) for lane in lanes.values()) == count)


async def test_an_agent_reads_that_the_client_blocked_the_bot(tmp_path, telegram):
    async with place(tmp_path, telegram) as here:
        ann = telegram.person()
        ann.writes("agent")
        await here.gateway.until(lambda: bool(here.desk.openings))
        await here.desk.joins()
        await here.gateway.settled()
        ann.chat.blocked = True
        await here.desk.writes("hello?")
        await here.gateway.settled()
        (delivery,) = [entry.body for entry in await here.log(ann) if entry.body.type == "delivery"]

        assert (delivery.state.value, delivery.reason) == ("failed", "the client has blocked the bot")


REFUSALS = {
    "gone": (403, "Forbidden: user is deactivated", "the client's Telegram account is gone"),
    "never written": (
        403,
        "Forbidden: bot can't initiate conversation with a user",
        "the client has not written to the bot yet",
    ),
    "other": (403, "Forbidden: no", "Telegram forbids it: no"),
    "wrong": (400, "Bad Request: chat not found", "Telegram refuses it: chat not found"),
    "too large": (413, "Request Entity Too Large", "Telegram refuses it: the file is too big"),
    "odd": (418, "I'm a teapot", "Telegram refuses sendMessage: I'm a teapot"),
}


@pytest.mark.parametrize(("status", "description", "reason"), REFUSALS.values(), ids=REFUSALS)
async def test_what_telegram_will_not_do_is_said_once(tmp_path, telegram, status, description, reason):
    async with place(tmp_path, telegram) as here:
        ann = telegram.person()
        telegram.refuse("sendMessage", status, description)
        ann.writes("hi")
        await here.hears()
        await here.gateway.settled()
        (delivery,) = [entry.body for entry in await here.log(ann) if entry.body.type == "delivery"]

        assert (delivery.state.value, delivery.reason) == ("failed", reason)
        assert len(telegram.called("sendMessage")) == 1


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 502, "description": "Bad Gateway"}])
async def test_a_fault_of_telegrams_is_tried_again(tmp_path, telegram, fault):
    async with place(tmp_path, telegram) as here:
        ann = telegram.person()
        telegram.refuse("sendMessage", **fault)
        ann.writes("hi")
        await here.sees(ann, "echo hi")


async def test_a_page_of_a_proxy_is_no_answer(tmp_path, telegram):
    from gateway.testing.telegram import Fault

    async with place(tmp_path, telegram) as here:
        ann = telegram.person()
        telegram.faults.add(Fault(method="sendMessage", status=200))
        ann.writes("hi")
        await here.sees(ann, "echo hi")


async def test_a_connection_that_is_cut_is_tried_again(tmp_path, telegram):
    async with place(tmp_path, telegram) as here:
        ann = telegram.person()
        telegram.drop("sendMessage")
        ann.writes("hi")
        await here.sees(ann, "echo hi")


async def test_an_answer_that_is_lost_may_double_a_message(tmp_path, telegram):
    """Telegram knows no idempotency key: at least once is the truth, and the README says so."""
    async with place(tmp_path, telegram) as here:
        ann = telegram.person()
        telegram.drop("sendMessage", after=True)
        ann.writes("hi")
        await here.sees(ann, "echo hi", "echo hi")


# --- the token ------------------------------------------------------------------------------------------------------


async def test_a_wrong_token_does_not_start(tmp_path, telegram):
    with pytest.raises(UserMistake, match=r"'tg' .* does not know the bot's token; copy it again .* option `token`"):
        async with place(tmp_path, telegram, token="123456789:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"):
            pass


async def test_a_token_that_is_revoked_makes_it_unhealthy(tmp_path, telegram):
    async with place(tmp_path, telegram) as here:
        ann = telegram.person()
        telegram.refuse("sendMessage", 401, "Unauthorized")
        ann.writes("hi")
        running = here.gateway.gateway.instances["tg"]
        await telegram.until(lambda: not running.healthy)

        assert "option `token`" in running.reason


@pytest.mark.parametrize("where", ["before", "after", "status", "repeated", "nobody", "file"])
async def test_the_token_is_never_told(tmp_path, telegram, where, caplog, capsys):
    """Whatever goes wrong: neither logs, nor the dialog's log, nor dead letters, nor health have it."""
    from gateway.testing.telegram import Fault

    clock = Clock()
    async with Harness(config(telegram), folder=tmp_path, clock=clock) as gateway:
        ann = telegram.person()
        if where in {"before", "after"}:
            telegram.drop("", after=where == "after", times=50)
        elif where == "status":
            telegram.faults.add(Fault(status=302, times=50))
        elif where == "repeated":
            telegram.refuse("sendMessage", 400, f"Bad Request: /bot{telegram.token}/sendMessage is odd")
        elif where == "file":
            telegram.faults.add(Fault(method="file", drop="before", times=50))
            ann.sends_file("photo", b"x")
        ann.writes("hi")
        if where == "nobody":
            await telegram.__aexit__()
        else:
            before = len(telegram.calls)
            await telegram.until(lambda: len(telegram.calls) >= before + 2)
        seen = gateway.gateway.instances["tg"]
        for _ in range(3):
            gateway.advance(30)
            await gateway.gateway.engine.drain()
        dead = await gateway.gateway.store.dead_letters()
        async with aiohttp.ClientSession() as http, http.get(f"{gateway.url}/health/ready") as response:
            health = await response.text()
        told = repr((dead, seen.reason, health, vars(seen.component), seen.component._options))
    output = capsys.readouterr()

    assert telegram.token not in told + caplog.text + output.out + output.err
