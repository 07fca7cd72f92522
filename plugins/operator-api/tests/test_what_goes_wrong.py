# mypy: allow-untyped-defs, allow-untyped-calls
"""Faults of the other side, crashes in the middle, and callers who should not be here."""

from __future__ import annotations

import asyncio
from importlib import import_module

import pytest

from gateway import Delivery, UserMistake
from gateway.testing.operator_api import FakeDesk

kit = import_module("plugins.operator-api.tests.operator_kit")

HISTORY = ["Ann: a", "Bot: hi a", "Ann: agent"]


async def handed_over(here, lines=HISTORY):
    """Ann says `a`, then asks for a human; the desk gets three lines."""
    here.bot.answer = kit.transferring(history=20)
    await here.ann.writes("a")
    await here.sees("hi a")
    await here.ann.writes("agent")
    await here.desk.until(lambda: bool(here.desk.dialogs) and here.desk.dialog.lines == lines)


def keys_of(desk, method):
    return [call.headers["idempotency-key"] for call in desk.calls if call.what == method]


@pytest.fixture
async def driving(tmp_path):
    folder = tmp_path / "driving"
    folder.mkdir()
    async with kit.driving_a_desk(folder) as here:
        yield here


@pytest.fixture
async def being(tmp_path):
    folder = tmp_path / "being"
    folder.mkdir()
    async with kit.desk_of_tovie(folder) as here:
        yield here


# --- the desk has faults ---------------------------------------------------------------------------------------------


async def test_a_burst_of_5xx_repeats_nothing_and_loses_nothing(driving):
    driving.desk.refuse("selectDestination", 502)
    driving.desk.refuse("sendText", 503, skip=1, times=2)
    driving.bot.answer = kit.transferring(history=20)
    await driving.ann.writes("agent")
    await driving.ann.writes("please")
    await driving.reads("Ann: agent", "please")

    assert len(driving.desk.dialog.selected) == 1


async def test_the_desks_own_delay_is_respected(driving):
    await driving.transferred(history=0)
    driving.desk.limit("sendText", 30)
    await driving.ann.writes("hello")
    await driving.logs(Delivery)
    driving.gateway.advance(20)
    await driving.ann.writes("you")
    assert driving.desk.dialog.lines == ["agent"]

    driving.gateway.advance(11)
    await driving.reads("agent", "hello", "you")


async def test_a_lost_answer_repeats_one_line_under_the_same_key(driving):
    driving.desk.drop("sendText", after=True, skip=1)
    driving.bot.answer = kit.transferring(history=20)
    await driving.ann.writes("a")
    await driving.sees("hi a")
    await driving.ann.writes("agent")
    await driving.reads("Ann: a", "Bot: hi a", "Bot: hi a", "Ann: agent")

    first, second, third, fourth = keys_of(driving.desk, "sendText")
    assert second == third and len({first, second, fourth}) == 3


@pytest.mark.parametrize("done", [0, 1, 2, 3], ids=["before it", "after one", "after two", "before the last answer"])
async def test_a_crash_in_the_middle_of_the_opening(tmp_path, done):
    async with FakeDesk() as desk:
        hold = desk.delay("sendText", skip=done) if done < 3 else desk.delay("sendText", skip=2)
        async with kit.driver(tmp_path, desk) as here:
            here.bot.answer = kit.transferring(history=20)
            await here.ann.writes("a")
            await here.sees("hi a")
            await here.ann.writes("agent")
            await hold.reached.wait()
        hold.release()
        async with kit.driver(tmp_path, desk) as here:
            await desk.until(lambda: "Ann: agent" in desk.dialog.lines)
            await here.waits_in_queue()

            once = list(dict.fromkeys(desk.dialog.lines))
            assert once == HISTORY
            assert len(desk.dialog.lines) <= len(HISTORY) + 1
            assert len(desk.dialog.selected) == 1
            assert (await desk.says("still here")).status == 200
            await here.sees("still here")


async def test_a_restart_tells_the_new_address(tmp_path):
    async with FakeDesk() as desk:
        async with kit.driver(tmp_path, desk) as here:
            await here.transferred()
            before = desk.webhook
        async with kit.driver(tmp_path, desk) as here:
            assert desk.webhook != before
            assert (await desk.says("hello")).status == 200
            await here.sees("hello")


async def test_a_desk_that_is_down_at_the_start_is_waited_for_only_if_it_knows_us(tmp_path):
    async with FakeDesk() as desk:
        server = {"server": {"port": kit.free_port(), "shutdown_seconds": 1}}
        config = {**kit.driving(desk.api_url), **server}
        desk.refuse("setWebhook", 503)
        with pytest.raises(UserMistake, match="could not start: the desk cannot take it now"):
            await kit.Harness(config, folder=tmp_path).__aenter__()
        async with kit.Harness(config, folder=tmp_path):
            pass
        desk.refuse("setWebhook", 503)
        async with kit.Harness(config, folder=tmp_path) as gateway:
            assert gateway.gateway.instances["center"].healthy


async def test_a_desk_that_was_down_at_the_start_and_forgot_us_is_told_again_before_the_next_dialog(tmp_path):
    async with FakeDesk() as desk:
        config = {**kit.driving(desk.api_url), "server": {"port": kit.free_port(), "shutdown_seconds": 1}}
        async with kit.Harness(config, folder=tmp_path):
            desk.webhook = ""
        desk.refuse("setWebhook", 503)
        async with kit.Harness(config, folder=tmp_path) as gateway:
            here = kit.Driver(gateway, desk)
            assert desk.webhook == ""
            await here.transferred()

            assert (await desk.says("hello")).status == 200
            await here.sees("hello")


async def test_refused_credentials_make_it_unhealthy_with_the_cure(driving):
    await driving.transferred(history=0)
    driving.desk.refuse("sendText", 401)
    await driving.ann.writes("hello")
    running = driving.gateway.gateway.instances["center"]
    await driving.gateway.until(lambda: not running.healthy)
    answer = await driving.desk.request("GET", f"{driving.gateway.url}/health/ready")

    assert answer.status == 503
    reason = answer.body["instances"]["center"]["reason"]
    assert reason == "the desk does not let us in (status 401); correct the options `url` and `headers`"


async def test_a_wrong_url_is_told_at_the_start_without_it(tmp_path):
    async with FakeDesk() as desk:
        config = kit.driving(f"{desk.url}/api/a-secret-in-the-path?and=one-in-the-query")
        with pytest.raises(UserMistake) as error:
            await kit.Harness(config, folder=tmp_path).__aenter__()

        assert "the desk refuses it (status 404); is `url` its whole API URL" in str(error.value)
        assert "secret" not in str(error.value) and "one-in" not in str(error.value)


async def test_a_desk_that_forgot_a_dialog_gives_it_back(driving):
    await driving.transferred(history=0)
    driving.desk.dialogs.clear()
    await driving.ann.writes("hello?")

    await driving.sees("back: refused", "hi hello?")


async def test_a_line_the_desk_cannot_take_is_reported(driving):
    await driving.transferred(history=0)
    driving.desk.refuse("sendText", 400)
    await driving.ann.writes("strange")
    await driving.ann.writes("fine")
    await driving.reads("agent", "fine")

    assert "delivery" in await driving.transcript()


# --- events twice, in the wrong order, and from nobody ----------------------------------------------------------------


async def test_events_that_come_twice_happen_once(driving):
    await driving.transferred()
    driving.desk.duplicate(3)
    await driving.desk.says("one")
    await driving.desk.moves("2", "Service")
    await driving.desk.says("two")
    await driving.sees("two")

    assert driving.ann.texts().count("one") == driving.ann.texts().count("two") == 1
    assert (await driving.transcript()).count("moved") == 1


async def test_words_the_end_has_overtaken_are_refused_and_the_desk_is_told(driving):
    await driving.transferred()
    await driving.desk.says("hello")
    driving.desk.reorder(2)
    await driving.desk.says("good bye")
    answer = await driving.desk.closes()
    await driving.sees("back: closed")

    assert answer.status == 404 and "is over" in answer.body["error"]
    assert "good bye" not in driving.ann.texts()


async def test_ids_may_begin_again_in_every_dialog(driving):
    await driving.transferred()
    await driving.desk.says("one", event_id="1")
    await driving.desk.tells("Closed", event_id="2")
    await driving.sees("back: closed")
    await driving.transferred("agent again")
    await driving.desk.says("two", event_id="1")

    await driving.sees("two")


async def test_a_file_does_not_fall_behind_the_words_after_it(driving):
    await driving.transferred()
    driving.desk.keep("slow.png", kit.PNG, "image/png")
    hold = driving.desk.delay("slow.png")
    sending = asyncio.create_task(driving.desk.sends(f"{driving.desk.url}/file/slow.png", "slow.png", comment="this"))
    await hold.reached.wait()
    saying = asyncio.create_task(driving.desk.says("as you see"))
    await asyncio.sleep(0)
    hold.release()
    await asyncio.gather(sending, saying)

    await driving.sees("Bo Ek is here.", "this", "as you see")


# --- callers: both halves the same -----------------------------------------------------------------------------------


async def test_a_wrong_secret_learns_nothing(driving, being):
    for here, path in (
        (driving, "/hooks/center/x"),
        (driving, "/hooks/center"),
        (driving, "/hooks/center/%ff%fe"),
        (being, "/hooks/tovie/x/sendText"),
        (being, "/hooks/tovie/%D0%BA/sendText"),
        (being, "/hooks/tovie//sendText"),
    ):
        side = getattr(here, "desk", None) or here.tovie
        answer = await side.request("POST", here.gateway.url + path, {"id": "1"})

        assert (answer.status, answer.body) == (404, {"error": "nobody listens here"})


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'"words"', 400),
        (b"\xff\xfe", 400),
        (b"{}", 400),
        (b'{"id":"1","userId":"","type":"TextMessage"}', 400),
        (b'{"id":"1","userId":"x","type":"FileMessage","url":"file:///etc/passwd"}', 400),
        (b'{"id":"1","userId":"x","type":"FileMessage","url":{}}', 400),
        (b'{"id":"1","userId":"x","type":"SelectDestination"}', 400),
        (b'{"id":"1","userId":"x","type":"TextMessage","text":"hi","employee":7}', 400),
        (b'{"id":"1","userId":"nobody","type":"TextMessage","text":"hi"}', 404),
        (b'{"id":"1","userId":"nobody","type":"Closed"}', 200),
        (b'{"id":1,"userId":2,"type":"Delivered","what":"ever"}', 200),
        (b'{"text":"' + b"x" * 2_000_000 + b'"}', 413),
    ],
)
async def test_malformed_events(driving, raw, status):
    answer = await driving.desk.request("POST", driving.hook, raw=raw)

    assert answer.status == status


@pytest.mark.parametrize(
    ("method", "raw", "status"),
    [
        ("setWebhook", b"{", 400),
        ("setWebhook", b'{"url":"ftp://example.com"}', 400),
        ("setWebhook", b"{}", 400),
        ("selectDestination", b"{}", 400),
        ("selectDestination", b'{"userId":"x","destinationId":null,"attributes":["a"],"customData":"{"}', 200),
        ("sendText", b'{"userId":"x"}', 400),
        ("sendText", b'{"userId":"' + b"x" * 300 + b'","text":"hi"}', 400),
        ("sendFile", b'{"userId":"x","url":"javascript:alert(1)"}', 400),
        ("closeChat", b'{"userId":"never seen","text":"bye"}', 200),
        ("blowUp", b"{}", 404),
        ("", b"{}", 404),
        ("sendText", b'{"userId":"x","text":"' + b"x" * 2_000_000 + b'"}', 413),
    ],
)
async def test_malformed_calls(being, method, raw, status):
    answer = await being.tovie.request("POST", f"{being.api_url}/{method}", raw=raw)

    assert answer.status == status


async def test_wrong_verbs(driving, being):
    assert (await driving.desk.request("GET", driving.hook)).status == 405
    assert (await being.tovie.request("GET", f"{being.api_url}/sendText")).status == 405


async def test_unknown_events_are_logged_once_per_kind(driving, capsys):
    await driving.transferred()
    for kind in ("Delivered", "Typing", "Delivered", "Delivered"):
        assert (await driving.desk.tells(kind)).status == 200

    lines = [line for line in capsys.readouterr().out.splitlines() if "input.ignored" in line]
    assert len(lines) == 2
    assert driving.gateway.gateway.metrics.ignored("center")._value.get() == 4


async def test_no_secret_is_logged(driving, being, capsys):
    await driving.transferred()
    driving.desk.refuse("sendText", 503)
    await driving.ann.writes("hello")
    await driving.desk.request("POST", driving.hook, raw=b"{")
    await being.tovie.transfers()
    await being.tovie.calls_method("sendText", {})
    await being.opened()
    being.tovie.refuse("TextMessage", 500)
    await being.agents.writes("good day")
    await being.tovie.until(lambda: bool(being.tovie.calls))

    shown = "".join(capsys.readouterr())
    for secret in (kit.KEY, driving.desk.webhook.rpartition("/")[2], "0123456789abcdef", "4f1c7a1e"):
        assert secret not in shown


# --- Tovie has faults ------------------------------------------------------------------------------------------------


async def test_events_survive_a_burst_of_5xx_in_order_and_once(being):
    await being.tovie.transfers()
    await being.opened()
    being.tovie.refuse("TextMessage", 500)
    being.tovie.drop("TextMessage", after=True)
    for words in ("one", "two"):
        await being.agents.writes(words)
    await being.agents.ends()
    while not being.tovie.told("Closed"):
        await being.tovie.until(lambda: bool(being.tovie.calls))
        being.gateway.advance(3)
        await being.gateway.settled()

    assert being.tovie.texts() == ["one", "two"]
    assert len(being.tovie.told("Closed")) == 1


async def test_the_end_is_told_after_a_crash(tmp_path):
    async with kit.FakeTovie() as tovie:
        async with kit.office(tmp_path, tovie) as here:
            await tovie.transfers()
            await here.opened()
            await here.agents.joins()
            hold = tovie.delay("Closed")
            await here.agents.ends()
            await hold.reached.wait()
        hold.release()
        async with kit.office(tmp_path, tovie, connected=False) as here:
            await here.told("Closed")
            await here.gateway.settled()

            assert len(tovie.told("Closed")) == 1
            assert len({call.body["id"] for call in tovie.calls if call.what == "Closed"}) == 1


async def test_calls_with_the_same_key_happen_once(being):
    await being.tovie.transfers()
    for _ in range(2):
        body = {"userId": "ann", "text": "hello"}
        url = f"{being.api_url}/sendText"
        assert (await being.tovie.request("POST", url, body, headers={"Idempotency-Key": "k1"})).status == 200
    await being.read("hello")


async def test_a_dialog_tovie_no_longer_knows_is_a_failed_delivery(being):
    await being.tovie.transfers()
    await being.opened()
    being.tovie.refuse("TextMessage", 404)
    await being.agents.writes("good day")
    await being.gateway.until(lambda: not being.gateway.gateway.dispatcher.pending())

    assert (await being.transcript())[-1] == "delivery"
