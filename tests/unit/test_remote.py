"""What another system's answers mean, and that none of its addresses gets out."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.doors import check_secret
from gateway.errors import AuthenticationFailed, NotHere, Permanent, Temporary
from gateway.remote import Rejected, Remote, RemoteAnswer, failure_of
from gateway.transport.clients import http_client
from gateway.wire import read_json, write_json

NOW = 1_790_000_000.0


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (301, Rejected), (307, Rejected), (400, Rejected), (404, Rejected), (410, Rejected), (422, Rejected),
        (401, AuthenticationFailed), (403, AuthenticationFailed), (407, AuthenticationFailed),
        (408, Temporary), (423, Temporary), (425, Temporary), (429, Temporary), (500, Temporary), (503, Temporary),
    ],
)  # fmt: skip
def test_a_status_has_a_meaning(status, meaning):
    failure = failure_of(status, {}, who="the desk", cure="correct `url`")

    assert type(failure) is meaning
    assert "the desk" in failure.reason and str(status) in failure.reason


def test_the_delay_it_names_is_kept():
    asked_to_wait = failure_of(429, {"Retry-After": "7"}, who="it", cure="")

    assert isinstance(asked_to_wait, Temporary) and asked_to_wait.retry_after_seconds == 7


@pytest.mark.parametrize(("status", "gone"), [(404, True), (410, True), (400, False), (302, False)])
def test_a_refusal_tells_whether_it_is_gone(status, gone):
    failure = failure_of(status, {}, who="it", cure="")

    assert isinstance(failure, Rejected) and failure.gone is gone


@pytest.mark.parametrize(("status", "named"), [(404, True), (405, True), (410, True), (302, True), (400, False)])
def test_nothing_at_its_address_is_told_with_the_option_that_has_it(status, named):
    failure = failure_of(status, {}, who="the bot", cure="give it the token", where="url")

    assert ("correct the option `url`" in failure.reason) is named


@pytest.mark.parametrize("given", ["", "secre", "secret2", "Secret", "sécret", "\ud800"])
def test_a_wrong_secret_opens_nothing(given):
    check_secret("secret", "secret")
    with pytest.raises(NotHere):
        check_secret(given, "secret")


@pytest.fixture(params=["aiohttp", "lean"])
async def transport(request):
    """Both transports must mean the same."""
    async with aiohttp.ClientSession() as session:
        client = http_client(request.param, session)
        yield client
        await client.close()


@pytest.fixture
async def desk(transport):
    """A server that answers what the test puts there, and a `Remote` that calls it."""
    seen = []
    answers: dict[str, Any] = {}

    async def answer(request):
        seen.append((request.method, dict(request.headers), await request.read()))
        if answers.get("silent"):
            await asyncio.Event().wait()
        if answers.get("hang"):
            request.transport.abort()
        if answers.get("cut"):
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b"one")
            request.transport.abort()
            return response
        return web.Response(status=answers.get("status", 200), body=answers.get("body", b"{}"))

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    async with TestServer(app) as server:
        context = SimpleNamespace(client=transport, now=lambda: NOW)
        remote = Remote(context, who="the desk", cure="correct `url`", headers={"X-Own": "1"}, answer_bytes=100)
        yield SimpleNamespace(remote=remote, url=str(server.make_url("/secret-part")), seen=seen, answers=answers)


async def test_json_goes_out_with_its_key(desk):
    answer = await desk.remote.post(desk.url, {"a": "ü"}, key="k1")

    [(method, headers, body)] = desk.seen
    assert (method, headers["X-Own"], headers["Idempotency-Key"]) == ("POST", "1", "k1")
    assert headers["Content-Type"] == "application/json"
    assert body == '{"a":"ü"}'.encode() and answer.json() == {}


async def test_bytes_go_out_as_they_are(desk):
    await desk.remote.post(desk.url, b"signed", headers={"Content-Type": "application/json"})

    [(_, headers, body)] = desk.seen
    assert body == b"signed" and headers["Content-Type"] == "application/json" and "Idempotency-Key" not in headers


@pytest.mark.parametrize(
    ("answers", "failure"),
    [
        ({"status": 404, "body": b"no /secret-part"}, Rejected),
        ({"status": 302}, Rejected),
        ({"hang": True}, Temporary),
        ({"body": b"x" * 101}, Permanent),
    ],
)
async def test_what_goes_wrong_names_no_address(desk, answers, failure):
    desk.answers.update(answers)
    with pytest.raises(failure) as raised:
        await desk.remote.get(desk.url)

    assert "secret-part" not in str(raised.value) and "127.0.0.1" not in str(raised.value)


async def test_an_answer_can_be_read_while_it_comes(desk):
    desk.answers["body"] = b"one two"
    async with desk.remote.streamed(desk.url, {"a": 1}) as stream:
        body = b"".join([chunk async for chunk in stream.chunks])

    assert (stream.status, body) == (200, b"one two")
    assert desk.seen[0][2] == b'{"a":1}'


@pytest.mark.parametrize(
    ("answers", "failure"),
    [
        ({"status": 503}, Temporary),
        ({"status": 400}, Rejected),
        ({"hang": True}, Temporary),
        ({"cut": True}, Temporary),
        ({"body": b"x" * 101}, Permanent),
    ],
)
async def test_a_stream_goes_wrong_like_any_answer(desk, answers, failure):
    desk.answers.update(answers)
    with pytest.raises(failure) as raised:
        async with desk.remote.streamed(desk.url, {}) as stream:
            assert [chunk async for chunk in stream.chunks]

    assert "secret-part" not in str(raised.value) and "127.0.0.1" not in str(raised.value)


@pytest.mark.parametrize("status", [200, 302, 401, 429, 503])
async def test_where_bodies_say_it_the_status_decides_nothing(desk, status):
    desk.answers.update(status=status, body=b'{"ok": false}')
    answer = await desk.remote.exchange(desk.url, {"a": "ü"})

    [(method, headers, body)] = desk.seen
    assert (method, headers["X-Own"], body) == ("POST", "1", '{"a":"ü"}'.encode())
    assert headers["Content-Type"] == "application/json"
    assert (answer.status, answer.json()) == (status, {"ok": False})


@pytest.mark.parametrize(
    ("answers", "failure", "reason"),
    [
        ({"hang": True}, Temporary, "cannot be reached"),
        ({"cut": True}, Temporary, "cannot be reached"),
        ({"silent": True}, Temporary, "did not answer within 0.2 s"),
        ({"body": b"x" * 101, "status": 400}, Permanent, "longer than 100 bytes"),
    ],
)
async def test_an_exchange_without_an_answer_is_a_failure(desk, answers, failure, reason):
    desk.answers.update(answers)
    with pytest.raises(failure, match=reason) as raised:
        await desk.remote.exchange(desk.url, {}, timeout_seconds=0.2 if "silent" in answers else None)

    assert "secret-part" not in str(raised.value) and "127.0.0.1" not in str(raised.value)


async def test_nobody_there_is_temporary(desk, unused_tcp_port):
    with pytest.raises(Temporary, match="cannot be reached: nothing listens at its address") as raised:
        await desk.remote.get(f"http://127.0.0.1:{unused_tcp_port}/secret-part")

    assert "secret-part" not in str(raised.value) and str(unused_tcp_port) not in str(raised.value)


async def test_an_answer_that_is_no_json_is_not_guessed_at(desk):
    desk.answers["body"] = b"<html>"
    answer = await desk.remote.get(desk.url)

    with pytest.raises(Permanent, match="not JSON"):
        answer.json()


async def test_a_time_out_of_somebody_elses_is_told_too():
    """Without a limit of its own a call can still run into one, such as the system's."""

    async def fetch(*_: Any, **__: Any):
        raise TimeoutError

    context: Any = SimpleNamespace(client=SimpleNamespace(fetch=fetch), now=lambda: NOW)
    remote = Remote(context, who="the desk", cure="", timeout_seconds=None)

    with pytest.raises(Temporary, match="the desk did not answer in time"):
        await remote.get("http://desk.example.com/secret-part")


def test_half_a_character_in_an_answer_becomes_a_question_mark():
    answer = RemoteAnswer(status=200, body=rb'{"a\ud83d": ["\uDE00", "\ud83d\ude00", 1.5, null]}')

    assert answer.json() == {"a?": ["?", "😀", 1.5, None]}


def test_json_is_read_from_text_too():
    assert read_json('{"a": "\\ud83d \\ud83d\\ude00"}') == {"a": "? 😀"}
    assert read_json('"\ud83d"') == "?"
    with pytest.raises(ValueError, match="nested too deeply"):
        read_json("[" * 100_000)


def test_large_numbers_stay_what_they_are():
    assert read_json(b'{"id": 123456789012345678901234567890}') == {"id": 123456789012345678901234567890}
    assert write_json({"id": 123456789012345678901234567890}) == b'{"id": 123456789012345678901234567890}'
    assert read_json(write_json({"id": 2**64 - 1})) == {"id": 2**64 - 1}
    assert write_json({1: "a key that is no string"}) == b'{"1": "a key that is no string"}'


def test_an_answer_nested_without_end_is_no_json():
    with pytest.raises(Permanent, match="not JSON"):
        RemoteAnswer(status=200, body=b"[" * 100_000).json()
