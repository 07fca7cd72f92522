# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs
"""A simulation without a browser: what is served, to whom, what goes wrong when told to, and what the wire log says."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from gateway.errors import UserMistake
from gateway.testing.simulate import Simulation, Span, Upload, marked
from gateway.testing.simulate.operator_desk import DeskStage
from gateway.testing.simulate.operator_tovie import TovieStage
from gateway.testing.simulate.stage import Given, NotNow
from gateway.testing.simulate.telegram import TelegramStage, spans

NOWHERE = "http://127.0.0.1:9"
SECONDS = 10


class Page:
    """What the page's scripts do."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url = url
        self.http = http
        self.state: dict[str, Any] = {}
        self.wire: dict[int, dict[str, Any]] = {}

    async def act(self, name: str, chat: str = "", files=(), **values: str) -> tuple[int, Any]:
        body = {"act": name, "chat": chat, "values": values, "files": list(files)}
        async with self.http.post(f"{self.url}/-/act", json=body) as answer:
            return answer.status, await answer.json()

    async def trouble(self, **values: str) -> int:
        async with self.http.post(f"{self.url}/-/troubles", json={"values": values}) as answer:
            return answer.status

    async def until(self, condition) -> None:
        """Read the stream from its beginning, until a condition is true."""
        self.state, self.wire = {}, {}
        async with asyncio.timeout(SECONDS), self.http.get(f"{self.url}/-/events") as stream:
            event = ""
            async for raw in stream.content:
                name, _, data = raw.decode().rstrip("\n").partition(": ")
                if name == "event":
                    event = data
                elif name == "data":
                    self._hear(event, json.loads(data))
                    if self.state and condition():
                        return

    def _hear(self, event: str, data: Any) -> None:
        if event == "state":
            self.state = data
        else:
            self.wire.update({exchange["id"]: exchange for exchange in data})

    def calls(self, name: str) -> list[dict[str, Any]]:
        return [exchange for exchange in self.wire.values() if exchange["call"] == name]


@asynccontextmanager
async def page_of(stage, gateway: str = NOWHERE):
    async with Simulation(stage, gateway=gateway).running() as url, aiohttp.ClientSession() as http:
        yield Page(url, http)


@pytest.fixture
async def desk():
    async with page_of(DeskStage()) as page:
        yield page


@pytest.fixture
async def telegram():
    async with page_of(TelegramStage()) as page:
        page.bot = f"{page.url}/bot{TelegramStage()._telegram.token}"
        yield page


def words(chat):
    return ["".join(span["text"] for span in line["spans"]) for line in chat["lines"]]


# --- who is served ---


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}, {"Host": "evil.example:8181"}],
)
@pytest.mark.parametrize("path", ["/", "/-/events", "/-/static/main.js"])
async def test_other_sites_are_turned_away(desk, headers, path):
    async with desk.http.get(f"{desk.url}{path}", headers=headers) as answer:
        assert answer.status == 403


async def test_the_page_may_load_its_own_parts_and_the_gateways_files_only(desk):
    async with desk.http.get(f"{desk.url}/") as answer:
        policy = answer.headers["Content-Security-Policy"]

    assert "default-src 'none'; script-src 'self'" in policy
    assert f"img-src 'self' data: blob: {NOWHERE};" in policy


@pytest.mark.parametrize("name", ["../server.py", "..%2fserver.py", "nothing.js", ""])
async def test_nothing_but_the_pages_parts_is_served(desk, name):
    async with desk.http.get(f"{desk.url}/-/static/{name}") as answer:
        assert answer.status in {403, 404}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b'{"values": 3}', b'{"files": 7}', b'{"act": {}}'])
@pytest.mark.parametrize("path", ["/-/act", "/-/troubles"])
async def test_what_makes_no_sense_is_refused_with_a_reason(desk, path, body):
    async with desk.http.post(f"{desk.url}{path}", data=body) as answer:
        assert answer.status in {200, 400, 409}
        assert await answer.json()


async def test_a_port_that_is_taken_is_said_in_one_line(desk):
    port = int(desk.url.rpartition(":")[2])
    with pytest.raises(UserMistake, match=f"port {port} is taken: stop what listens there, or choose another"):
        async with Simulation(DeskStage(), gateway=NOWHERE).running(port):
            pass


# --- the wire log ---


async def test_the_wire_log_has_both_halves_of_a_call(desk):
    address = f"{desk.url}/api/0123456789abcdef"
    body = {"userId": "u1", "destinationId": "1", "userName": "Ann"}
    async with desk.http.post(f"{address}/selectDestination", json=body, headers={"Idempotency-Key": "k"}) as answer:
        assert answer.status == 200
    await desk.until(lambda: desk.calls("selectDestination"))

    (call,) = desk.calls("selectDestination")
    assert (call["direction"], call["verb"], call["status"]) == ("in", "POST", 200)
    assert call["request"] == {"json": body}
    assert call["response"] == {"json": {}}
    assert call["request_headers"]["Idempotency-Key"] == "k"
    assert desk.state["chats"][0]["title"] == "Ann"


async def test_the_wire_log_shows_a_form_by_its_fields(telegram):
    await telegram.act("write", "1001", text="hello")
    form = aiohttp.FormData({"chat_id": "1001", "caption": "look"})
    form.add_field("document", b"paid", filename="receipt.txt", content_type="text/plain")
    async with telegram.http.post(f"{telegram.bot}/sendDocument", data=form) as answer:
        assert answer.status == 200
    await telegram.until(lambda: telegram.calls("sendDocument"))

    (call,) = telegram.calls("sendDocument")
    assert {"name": "document", "file": "receipt.txt", "type": "text/plain", "bytes": 4} in call["request"]["form"]
    (file,) = telegram.state["chats"][0]["lines"][-1]["files"]
    async with telegram.http.get(f"{telegram.url}/-/file/{file['url'].removeprefix('file:')}") as answer:
        assert (await answer.read(), answer.content_type) == (b"paid", "text/plain")


async def test_polls_without_news_are_quiet_and_words_wait_until_one_takes_them(telegram):
    await telegram.act("write", "1001", text="hello")
    await telegram.until(lambda: telegram.state["chats"][0]["lines"])
    assert telegram.state["chats"][0]["lines"][0]["waiting"]

    async with telegram.http.get(f"{telegram.bot}/getUpdates") as answer:
        (update,) = (await answer.json())["result"]
    async with telegram.http.get(f"{telegram.bot}/getUpdates?offset={update['update_id'] + 1}") as answer:
        assert (await answer.json())["result"] == []
    await telegram.until(lambda: len(telegram.calls("getUpdates")) == 2)
    assert [call["quiet"] for call in telegram.calls("getUpdates")] == [False, True]  # one has brought something
    assert not telegram.state["chats"][0]["lines"][0]["waiting"]


async def test_what_the_page_fetches_for_itself_is_no_call_of_the_gateway(desk):
    missing = f"{desk.url}/file/1-teapot.png"
    for headers in ({"Sec-Fetch-Mode": "no-cors"}, {}):
        async with desk.http.get(missing, headers=headers) as answer:
            assert answer.status == 404
    await desk.until(lambda: desk.calls("file"))
    assert len(desk.calls("file")) == 1


async def test_calls_that_go_out_are_in_the_wire_log(aiohttp_server):
    from aiohttp import web

    async def live(_request):
        return web.json_response({})

    async def take(request):
        return web.json_response({"took": (await request.json())["url"][:4]})

    gateway = web.Application()
    gateway.router.add_post("/hooks/tovie/simulated-tovie-key-0001/setWebhook", take)
    gateway.router.add_get("/health/live", live)
    server = await aiohttp_server(gateway, host="127.0.0.1")
    async with page_of(TovieStage(), str(server.make_url("")).rstrip("/")) as page:
        await page.until(lambda: any(call["response"] for call in page.calls("setWebhook")))

        (call,) = page.calls("setWebhook")
        assert (call["direction"], call["status"]) == ("out", 200)
        assert call["request"]["json"]["url"].startswith(page.url)
        assert call["response"] == {"json": {"took": "http"}}


# --- troubles ---


async def test_so_many_calls_are_refused_as_the_other_side_refuses(telegram):
    assert (
        await telegram.trouble(refuse_status="429", refuse_call="sendMessage", refuse_times="2", retry_after="7") == 200
    )
    await telegram.act("write", "1001", text="hello")
    answers = []
    for _ in range(3):
        async with telegram.http.post(f"{telegram.bot}/sendMessage", json={"chat_id": 1001, "text": "hi"}) as answer:
            answers.append((answer.status, answer.headers.get("Retry-After"), await answer.json()))

    assert [status for status, *_ in answers] == [429, 429, 200]
    assert answers[0][1] == "7"
    assert answers[0][2]["parameters"] == {"retry_after": 7}


async def test_polls_are_not_what_is_refused_next(telegram):
    await telegram.trouble(refuse_status="503", refuse_times="1")
    async with telegram.http.get(f"{telegram.bot}/getUpdates") as answer:
        assert answer.status == 200
    async with telegram.http.get(f"{telegram.bot}/getMe") as answer:
        assert answer.status == 503


async def test_who_is_away_cuts_connections_until_they_are_back(desk):
    address = f"{desk.url}/api/0123456789abcdef/getDestinations"
    await desk.trouble(away="yes")
    with pytest.raises(aiohttp.ClientError):
        await desk.http.get(address)
    await desk.until(lambda: desk.calls("getDestinations"))
    assert {call["status"] for call in desk.calls("getDestinations")} == {0}

    await desk.trouble()
    async with desk.http.get(address) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("values", [{"refuse_status": "200"}, {"refuse_status": "x"}, {"slow_seconds": "soon"}])
async def test_troubles_that_make_no_sense_are_refused(desk, values):
    assert await desk.trouble(**values) == 409


# --- stages ---


async def test_what_the_gateway_did_not_take_can_be_sent_again_with_the_same_id(desk, aiohttp_server):
    from aiohttp import web

    taken = []
    statuses = [503, 200]

    async def hook(request):
        taken.append(await request.json())
        return web.json_response({}, status=statuses.pop(0))

    gateway = web.Application()
    gateway.router.add_post("/hook", hook)
    server = await aiohttp_server(gateway, host="127.0.0.1")
    address = f"{desk.url}/api/0123456789abcdef"
    await desk.http.post(f"{address}/setWebhook", json={"url": str(server.make_url("/hook"))})
    await desk.http.post(f"{address}/selectDestination", json={"userId": "u1", "destinationId": "1"})
    assert await desk.act("write", "u1", text="hello", speaker="8") == (200, {"chat": "u1"})
    await desk.until(lambda: desk.state["chats"][0]["lines"][-1]["problem"])
    line = desk.state["chats"][0]["lines"][-1]
    assert line["problem"] == "the gateway answered 503"

    await desk.act(line["retry"]["act"], "u1", value=line["retry"]["value"])
    await desk.until(lambda: not desk.state["chats"][0]["lines"][-1]["problem"])
    assert taken[0] == taken[1]
    assert taken[0]["employee"]["firstName"] == "Eva"


async def test_nobody_answers_before_the_gateway_has_named_its_address(desk):
    address = f"{desk.url}/api/0123456789abcdef"
    await desk.http.post(f"{address}/selectDestination", json={"userId": "u1", "destinationId": "1"})

    status, said = await desk.act("write", "u1", text="hello")

    assert status == 409
    assert "setWebhook" in said["error"]
    await desk.until(lambda: desk.state["notices"])


@pytest.mark.parametrize("stage", [DeskStage, TovieStage, TelegramStage])
async def test_acts_nobody_knows_are_refused(stage):
    with pytest.raises(NotNow):
        await stage().act("dance", Given(chat="nobody"))


async def test_a_picture_is_sent_as_a_photo_and_anything_else_as_a_document():
    stage = TelegramStage()
    for media_type in ("image/png", "application/zip"):
        await stage.act("write", Given(chat="1001", files=(Upload(name="a", media_type=media_type, content=b"x"),)))

    assert [
        next(iter(set(update["message"]) & {"photo", "document"})) for update in stage._telegram.updates.waiting()
    ] == [
        "photo",
        "document",
    ]


def test_looks_are_cut_at_utf16_units():
    entities = [
        {"type": "bold", "offset": 3, "length": 4},
        {"type": "text_link", "offset": 8, "length": 3, "url": "https://a"},
    ]

    assert spans("🫖 hot here", entities) == (
        Span(text="🫖 "),
        Span(text="hot ", marks=("bold",)),
        Span(text="h"),
        Span(text="ere", url="https://a"),
    )
    assert spans("", ()) == ()


def test_markdown_is_shown_by_its_looks():
    assert marked("on **Monday** at [nine](https://a) or `ten`") == (
        Span(text="on "),
        Span(text="Monday", marks=("bold",)),
        Span(text=" at "),
        Span(text="nine", url="https://a"),
        Span(text=" or "),
        Span(text="ten", marks=("code",)),
    )
