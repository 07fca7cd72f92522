"""What is refused, and how."""

from __future__ import annotations

import asyncio
import itertools
import json

import pytest
from aiohttp import ClientSession, CookieJar, WSServerHandshakeError

from plugins.desk.tests.kit import TOKENS


@pytest.fixture
async def stranger(place):
    async with ClientSession(base_url=place.url, cookie_jar=CookieJar(unsafe=True)) as http:
        yield http


async def signed_in(http, name="anna"):
    return await http.post("session", json={"token": TOKENS[name]})


async def test_the_page_forbids_what_it_does_not_need(stranger):
    answer = await stranger.get("")

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "<title>Support</title>" in await answer.text()


async def test_a_wrong_token_is_refused_without_repeating_it(stranger):
    answer = await stranger.post("session", json={"token": "wrong-token-canary"})

    assert answer.status == 401
    assert "canary" not in await answer.text()
    assert "Set-Cookie" not in answer.headers


async def test_guessing_is_slow_and_does_not_hold_up_who_has_a_token(place, stranger, monkeypatch):
    monkeypatch.setattr("gateway_desk.pages.WRONG_TOKEN_SECONDS", 60)

    async def guess():
        return (await stranger.post("session", json={"token": "wrong"})).status

    guesses = [asyncio.create_task(guess()) for _ in range(60)]
    turned_away = [await answer for answer in itertools.islice(asyncio.as_completed(guesses), 10)]
    async with ClientSession(base_url=place.url, cookie_jar=CookieJar(unsafe=True)) as http:
        assert (await signed_in(http)).status == 200

    assert turned_away == [503] * 10
    assert sum(each.done() for each in guesses) == 10
    for each in guesses:
        each.cancel()


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"token": 5}', b'{"token": "x", "more": 1}', b"\xff", b"x" * 5000]
)
async def test_a_malformed_sign_in_is_refused(stranger, body):
    answer = await stranger.post("session", data=body)

    assert answer.status in {400, 413}


async def test_the_cookie_is_not_for_scripts_nor_for_other_sites(stranger):
    cookie = (await signed_in(stranger)).headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/desk/" in cookie
    assert TOKENS["anna"] not in cookie


async def test_a_session_is_remembered_and_ended(stranger):
    await signed_in(stranger)
    assert (await (await stranger.get("session")).json())["agent"] == "anna"

    await stranger.delete("session")
    assert (await (await stranger.get("session")).json())["agent"] is None


async def test_a_session_ends(place, stranger):
    await signed_in(stranger)
    place.gateway.clock.ahead += 169 * 3600

    assert (await (await stranger.get("session")).json())["agent"] is None


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "anna",
        "anna.9999999999.",
        "anna.9999999999.00",
        "ben.{end}.{signature}",
        "anna.9{end}.{signature}",
        "..",
        "ä.1.2",
    ],
)
async def test_a_forged_cookie_is_worth_nothing(place, stranger, cookie):
    await signed_in(stranger)
    real = next(iter(stranger.cookie_jar)).value
    _, end, signature = real.split(".")
    forged = cookie.format(end=end, signature=signature)

    async with ClientSession(base_url=place.url, headers={"Cookie": f"gateway_desk_desk={forged}"}) as http:
        assert (await (await http.get("session")).json())["agent"] is None


@pytest.mark.parametrize("path", ["socket", "files"])
async def test_nothing_without_a_session(stranger, path):
    if path == "files":
        assert (await stranger.post("files?name=a.txt", data=b"x")).status == 401
    else:
        with pytest.raises(WSServerHandshakeError) as refused:
            await stranger.ws_connect("socket")
        assert refused.value.status == 401


async def test_other_sites_may_not_use_the_session(stranger):
    await signed_in(stranger)
    foreign = {"Origin": "https://evil.example.com"}

    with pytest.raises(WSServerHandshakeError) as refused:
        await stranger.ws_connect("socket", headers=foreign)
    assert refused.value.status == 401
    assert (await stranger.post("files?name=a.txt", data=b"x", headers=foreign)).status == 401
    assert (await stranger.post("session", json={"token": TOKENS["anna"]}, headers=foreign)).status == 401
    assert (await stranger.delete("session", headers=foreign)).status == 401


@pytest.mark.parametrize("name", ["../plugin.py", "..%2fplugin.py", "index.html", "nothing.js", "texts/"])
async def test_only_the_pages_own_parts_are_served(stranger, name):
    assert (await stranger.get(f"static/{name}")).status in {403, 404}


# --- frames -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("{", "Invalid JSON"),
        ("[]", "an object"),
        ('{"type": "dance"}', "'dance'"),
        ('{"type": "take", "session": "a.1"}', "ref"),
        ('{"type": "take", "session": "a.1", "ref": "short"}', "ref"),
        ('{"type": "take", "session": "a.1", "ref": "long-enough", "extra": 1}', "extra"),
        ('{"type": "follow", "session": "a.1", "after": -1}', "after"),
        ('{"type": "write", "ref": "long-enough", "session": "a.1", "text": "' + "x" * 16001 + '"}', "16000"),
    ],
)
async def test_a_malformed_frame_is_refused_and_disturbs_nothing(anna, frame, reason):
    await anna.sends(frame)

    refusal = await anna.hears("refused", code="malformed")
    assert reason in refusal["reason"]
    assert (await anna.does("status", online=True))["type"] == "ok"


async def test_a_file_from_elsewhere_cannot_be_sent(place, anna):
    file = {"url": "https://evil.example.com/x.png", "name": "x.png", "media_type": "image/png", "size": 1}
    await anna.sends({"type": "write", "ref": "long-enough", "session": "a.1", "files": [file]})

    assert "url" in (await anna.hears("refused", code="malformed"))["reason"]


async def test_a_frame_that_is_too_large_ends_the_connection(anna):
    await anna.sends(json.dumps({"type": "ping", "more": "x" * 200_000}))

    while not anna._socket.closed:
        await anna._socket.receive()
    assert anna._socket.close_code == 1009


# --- uploads ----------------------------------------------------------------------------------------------------------


async def test_an_upload_is_kept_and_can_be_sent(place, anna):
    answer = await anna.http.post("files?name=../hello.txt", data=b"hello", headers={"Content-Type": "text/plain"})
    file = await answer.json()
    assert (file["name"], file["size"]) == ("hello.txt", 5)

    session = await place.calls()
    await anna.sees(session)
    await anna.does("take", session=session)
    assert (await anna.does("write", session=session, files=[file]))["type"] == "ok"
    await place.gateway.settled()
    media = place.client.sent[-1].message.contents[0]
    assert media.attachment.name == "hello.txt"


async def test_an_upload_that_is_too_large_is_refused(place, anna):
    limit = place.desk._workspace.welcome("anna")["upload_bytes"]
    place.desk._pages._options = place.desk._pages._options.model_copy(update={"upload_bytes": 10})
    assert limit > 10

    assert (await anna.http.post("files?name=a.bin", data=b"x" * 11)).status == 413
