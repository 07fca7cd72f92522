"""What fuzzing has found so far, each a fault once."""

from __future__ import annotations

import json

import pytest

from tests.fuzz.entries import ENTRIES
from tests.fuzz.mutations import changed_at
from tests.fuzz.surface import ORIGIN
from tests.fuzz.wire import Request

INFINITE, DEEP, LONG_NUMBER = float("inf"), "[" * 5_000, "9" * 5_000

BODIES = {
    "half a character that becomes a key of the store": ("jivo-chat webhooks", 0, ("widget_id",), "\ud800"),
    "a place that is nowhere": ("telegram", 3, ("message", "location", "latitude"), INFINITE),
    "a size that is infinite": ("operator-api events", 1, ("size",), INFINITE),
    "JSON in a string, nested too deeply": ("operator-api selectDestination", 0, ("attributes",), DEEP),
    "an address that is none": ("chat-api", 1, ("data",), "http://[::1"),
    "a size with too many digits": ("chat-api", 1, ("data", 0, "size"), LONG_NUMBER),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body(surface, name):
    entry, sample, path, value = BODIES[name]
    body = json.dumps(changed_at(ENTRIES[entry].samples(surface)[sample], path, value)).encode()
    answer = surface.send(ENTRIES[entry].request(surface, body))

    assert answer.status in {200, 400}, answer


@pytest.mark.parametrize("header", [b"\xff", b"\xed\xa0\x80"])
def test_a_secret_that_is_no_text_is_a_wrong_one(surface, header):
    odd = {b"X-Telegram-Bot-Api-Secret-Token": header}
    assert surface.send(ENTRIES["telegram"].request(surface, b"{}", headers=odd)).status == 401


@pytest.mark.parametrize("tail", [b"%ED%A0%80", b"%FF", b"\xff"])
@pytest.mark.parametrize(
    "path", [b"/hooks/jivobot/", b"/hooks/jivo/", b"/hooks/center/", b"/hooks/tovie/", b"/hooks/mine/"]
)
def test_an_address_that_is_no_text_is_a_wrong_one(surface, path, tail):
    assert surface.send(Request(path=path + tail, body=b"{}")).status in {400, 401, 404}


@pytest.mark.parametrize("cookie", [b"anna." + b"9" * 5_000 + b".x", b"anna.9999999999.\xff", "anna.９.x".encode()])
def test_a_cookie_nobody_signed_is_nobodys(surface, cookie):
    request = Request(method=b"GET", path=b"/desk/session", headers={b"Cookie": b"gateway_desk_desk=" + cookie})
    assert surface.send(request).json() == {"agent": None}


def test_an_origin_that_is_none_is_a_strange_one(surface):
    entry = ENTRIES["desk sign-in"]
    assert surface.send(entry.request(surface, b"{}", headers={b"Origin": b"http://["})).status == 401


@pytest.mark.parametrize("path", [b"/hooks/jivo/a-secret/\x01", b"/ /", b"no-path"])
def test_what_is_no_http_is_refused_without_a_traceback_that_repeats_it(surface, path):
    assert surface.send(Request(path=path)).status == 400


def test_whoever_goes_away_before_the_answer_is_no_fault(surface):
    upgrade = {b"Connection": b"Upgrade", b"Upgrade": b"websocket", b"Sec-WebSocket-Version": b"13"}
    key = {b"Sec-WebSocket-Key": b"dGhlIHNhbXBsZSBub25jZQ==", b"Origin": ORIGIN.encode()}
    surface.send(Request(method=b"GET", path=b"/site/socket", headers={**upgrade, **key}, tail=b"\0"))
