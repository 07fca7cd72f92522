"""Whatever a browser sends over a socket: it is answered or sent away, and the next one is served as ever."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.conftest import EXAMPLES
from tests.fuzz.entries import ENTRIES, agent_frames, visitor_frames
from tests.fuzz.mutations import as_json, bodies, values
from tests.fuzz.surface import AGENT_TOKEN, ORIGIN
from tests.fuzz.wire import ANSWER_SECONDS, Request

FUZZ = settings.get_profile("fuzz")
pytestmark = [pytest.mark.timeout(0 if EXAMPLES else 120)]
CLOSED = {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING}
EXPECTED_CODES = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1013, 4400, 4401, None}
"""Everything but 1011, which means a fault."""

frames = st.sampled_from(["json", "json", "json", "bytes", "binary"])


@asynccontextmanager
async def socket(surface, path, headers):
    url = f"http://127.0.0.1:{surface.port}{path}"
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(url, headers={"Host": "gw.example.com", "Origin": ORIGIN, **headers}, max_msg_size=0) as line,
    ):
        yield line


async def say(line, kind, body):
    """Send one frame of a kind; whether it is text is not our business."""
    if kind == "binary":
        await line.send_bytes(body)
    else:
        await line._writer.send_frame(body, aiohttp.WSMsgType.TEXT)


async def pinged(line):
    """Return whether the other side still answers; it may also have closed."""
    while True:
        message = await line.receive(timeout=ANSWER_SECONDS)
        if message.type in CLOSED:
            assert line.close_code in EXPECTED_CODES, line.close_code
            return False
        if message.type is aiohttp.WSMsgType.TEXT and message.json()["type"] == "pong":
            return True


async def converse(surface, path, headers, greeting, sent):
    async with socket(surface, path, headers) as line:
        for frame in greeting:
            await line.send_json(frame)
        try:
            for kind, body in sent:
                await say(line, kind, body)
            await line.send_json({"type": "ping"})
        except ConnectionError:
            return
        await pinged(line)


def hello(surface):
    asked = Request(path=b"/site/session", body=b"{}", headers={b"Origin": ORIGIN.encode()})
    return {"type": "hello", "token": surface.send(asked).json()["token"], "conversation": "", "after": 0}


def cookie(surface):
    entry = ENTRIES["desk sign-in"]
    answer = surface.send(entry.request(surface, json.dumps({"token": AGENT_TOKEN}).encode()))
    return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}


def dialog(surface):
    """Return a session in the desk's queue: a visitor of the Chat API who was transferred."""
    entry = ENTRIES["chat-api"]
    known = surface.run(surface.harness.gateway.engine.of_client("rest", "dora"))
    if known is None or known.handoff is None:
        surface.send(entry.request(surface, json.dumps({"clientId": "dora", "query": "agent"}).encode()))
        known = surface.run(surface.harness.gateway.engine.of_client("rest", "dora"))
    assert known.handoff.platform == "desk"
    return known.handoff.session


@pytest.mark.parametrize("samples", [visitor_frames, None], ids=["widget", "desk"])
def test_the_samples_are_taken(surface, samples):
    path, headers, greeting = _place(surface, samples)
    sent = samples() if samples else agent_frames(dialog(surface))

    async def refused():
        async with socket(surface, path, headers) as line:
            for frame in [*greeting, *sent]:
                await line.send_json(frame)
            found = []
            while (told := (await line.receive_json(timeout=ANSWER_SECONDS)))["type"] != "pong":
                found += [told] if told["type"] in {"error", "refused"} else []
            return found

    assert surface.run(refused()) == []
    surface.check(sent)


def _place(surface, samples):
    return ("/site/socket", {}, [hello(surface)]) if samples else ("/desk/socket", cookie(surface), [])


@pytest.mark.parametrize("samples", [visitor_frames, None], ids=["widget", "desk"])
def test_frames_like_valid_ones_break_nothing(surface, samples):
    @FUZZ
    @given(st.data())
    def fuzz(data):
        path, headers, greeting = _place(surface, samples)
        valid = list(samples() if samples else agent_frames(dialog(surface)))
        sent = [
            (data.draw(frames), data.draw(bodies(sample)))
            for sample in data.draw(st.lists(st.sampled_from(valid), min_size=1, max_size=4))
        ]
        surface.run(converse(surface, path, headers, greeting, sent))
        surface.check(sent)

    fuzz()


@FUZZ
@given(st.data())
def test_a_hello_like_a_valid_one_breaks_nothing(surface, data):
    greeting = as_json(data.draw(values(hello(surface))))
    sent = [(data.draw(frames), greeting)]
    surface.run(converse(surface, "/site/socket", {}, [], sent))
    surface.check(sent)


@FUZZ
@given(st.binary(min_size=1, max_size=60), st.sampled_from([b"/site/socket", b"/desk/socket", b"/site/events"]))
def test_bytes_that_are_no_frames_break_nothing(surface, garbage, path):
    upgrade = {
        b"Connection": b"Upgrade",
        b"Upgrade": b"websocket",
        b"Sec-WebSocket-Version": b"13",
        b"Sec-WebSocket-Key": b"dGhlIHNhbXBsZSBub25jZQ==",
        b"Origin": ORIGIN.encode(),
        b"Cookie": cookie(surface)["Cookie"].encode(),
        b"Content-Length": b"0",
    }
    surface.send(Request(method=b"GET", path=path, headers=upgrade, tail=garbage))
