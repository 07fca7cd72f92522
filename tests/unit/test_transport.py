"""Both transports against a server that does what servers should not."""

from __future__ import annotations

import asyncio
import gc
from contextlib import asynccontextmanager

import aiohttp
import pytest

from gateway.errors import UserMistake
from gateway.transport import AiohttpClient, HttpAnswer, Overlong, PyreqwestClient, Unreachable, http_client

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@asynccontextmanager
async def serving(answers):
    """A server on bare sockets: each request gets the next of the answers, a list of byte strings; None hangs up."""
    requests = []
    open_ones = set()

    async def serve(reader, writer):
        open_ones.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    (int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"), 0
                )
                requests.append(head + await reader.readexactly(length))
                for part in answers[min(len(requests), len(answers)) - 1]:
                    if part is None:
                        writer.close()
                        return
                    if part == b"...":
                        await asyncio.Event().wait()
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(0.01)  # so that parts are packets of their own
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except asyncio.CancelledError:
            return

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/secret", requests
    finally:
        server.close()
        for writer in open_ones:
            writer.close()


@pytest.fixture(params=["aiohttp", "pyreqwest"])
async def client(request):
    async with aiohttp.ClientSession() as session:
        client = http_client(request.param, session)
        yield client
        await client.close()


@pytest.fixture(params=["fetched", "streamed"])
def ask(request):
    return {"fetched": fetched, "streamed": streamed}[request.param]


async def fetched(client, url, *, body=b"hello", seconds=5.0, most=1000):
    headers = {"X-Key": "k"}
    return await client.fetch("POST", url, headers=headers, body=body, timeout_seconds=seconds, most_bytes=most)


async def streamed(client, url, *, body=b"hello", seconds=5.0, most=1000):
    headers = {"X-Key": "k"}
    async with client.stream(
        "POST", url, headers=headers, body=body, timeout_seconds=seconds, most_bytes=most
    ) as answer:
        whole = b"".join([chunk async for chunk in answer.chunks])
        return HttpAnswer(answer.status, answer.headers, whole)


GOOD_ANSWERS = {
    "whole": [GOOD],
    "byte by byte": [GOOD[at : at + 1] for at in range(len(GOOD))],
    "headers in two parts": [GOOD[:20], GOOD[20:]],
    "chunked": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n", b"1\r\nk\r\n0\r\n\r\n"],
    "until the end": [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\no", b"k", None],
    "after 100 Continue": [b"HTTP/1.1 100 Continue\r\n\r\n", GOOD],
    "after 103 Early Hints": [b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", GOOD],
}


@pytest.mark.parametrize("parts", GOOD_ANSWERS.values(), ids=GOOD_ANSWERS)
async def test_whatever_the_pieces_the_answer_is_whole(client, ask, parts):
    async with serving([parts]) as (url, requests):
        answer = await ask(client, url)

    assert (answer.status, answer.body) == (200, b"ok")
    assert requests[0].startswith(b"POST /secret HTTP/1.1\r\n") and requests[0].endswith(b"\r\n\r\nhello")


NO_ANSWERS = {
    "nothing": [None],
    "half a status": [b"HTTP/1.1 2", None],
    "half a head": [b"HTTP/1.1 200 OK\r\nContent-", None],
    "half a body": [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok", None],
    "half a chunk": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok", None],
    "another protocol": [b"SSH-2.0-OpenSSH_9.2\r\n\r\n", None],
    "no length that is one": [b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok", None],
}


@pytest.mark.parametrize("parts", NO_ANSWERS.values(), ids=NO_ANSWERS)
async def test_what_is_no_answer_is_told_without_the_address(client, ask, parts):
    async with serving([parts]) as (url, _):
        with pytest.raises(Unreachable) as raised:
            await ask(client, url)

    assert "secret" not in str(raised.value) and "127.0.0.1" not in str(raised.value)


async def test_garbage_after_an_answer_is_not_the_next_one(client, ask):
    async with serving([[GOOD + b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"], [GOOD]]) as (url, _):
        assert (await ask(client, url)).status == 200
        assert (await ask(client, url)).status == 200


@pytest.mark.parametrize("parts", [[b"..."], [b"HTTP/1.1 200 OK\r\n", b"..."], [GOOD[:-1], b"..."]])
async def test_a_server_that_dawdles_is_not_waited_for(client, ask, parts):
    async with serving([parts]) as (url, _):
        with pytest.raises(TimeoutError):
            await ask(client, url, seconds=0.3)


async def test_a_slow_loris_runs_into_the_same_limit(client, ask):
    dribble = [b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", *[b"x"] * 200]
    async with serving([dribble]) as (url, _):
        with pytest.raises(TimeoutError):
            await ask(client, url, seconds=0.3)


@pytest.mark.parametrize("head", [b"Content-Length: 5000\r\n\r\n", b"Connection: close\r\n\r\n"])
async def test_an_answer_over_the_limit_is_cut_off(client, ask, head):
    async with serving([[b"HTTP/1.1 200 OK\r\n" + head, *[b"x" * 1000] * 5, None]]) as (url, _):
        with pytest.raises(Overlong):
            await ask(client, url, most=2000)


async def test_a_post_whose_connection_died_is_not_made_again_by_itself(client, ask):
    """Only the core knows whether it may be repeated."""
    async with serving([[GOOD], [None], [GOOD]]) as (url, requests):
        await ask(client, url)
        with pytest.raises(Unreachable):
            await ask(client, url)

        assert len(requests) == 2


async def test_an_answer_is_read_while_it_comes(client):
    """The second part is only sent once the first one has been read."""
    async with (
        serving([[GOOD[:-1], b"..."]]) as (url, _),
        client.stream("GET", url, headers={}, timeout_seconds=5.0, most_bytes=10) as answer,
    ):
        assert await anext(answer.chunks) == b"o"


async def test_redirects_are_answers(client, ask):
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n"
    async with serving([[moved]]) as (url, requests):
        answer = await ask(client, url)

    assert (answer.status, answer.headers["location"], len(requests)) == (302, "http://192.0.2.1/", 1)


async def test_a_call_can_be_given_up(client, ask):
    async with serving([[b"..."]]) as (url, requests):
        asking = asyncio.create_task(ask(client, url, seconds=60.0))
        async with asyncio.timeout(5):
            while not requests:  # noqa: ASYNC110 - a list tells nobody
                await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        gc.collect()


@pytest.mark.parametrize("url", ["http://", "nonsense", "ftp://127.0.0.1/x", "http://127.0.0.1:1/x", "http://[::1"])
async def test_an_address_nobody_answers_at(client, ask, url):
    with pytest.raises(Unreachable):
        await ask(client, url)


async def test_many_calls_share_connections(client, ask):
    async with serving([[GOOD]]) as (url, requests):
        answers = await asyncio.gather(*(ask(client, url) for _ in range(50)))

    assert {each.body for each in answers} == {b"ok"} and len(requests) == 50


# --- which one -------------------------------------------------------------------------------------------------------


async def test_the_fastest_is_taken_where_it_is_installed():
    async with aiohttp.ClientSession() as session:
        client = http_client("auto", session)
        assert isinstance(client, PyreqwestClient)
        await client.close()


async def test_without_it_aiohttp_serves(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyreqwest.client", None)
    async with aiohttp.ClientSession() as session:
        assert isinstance(http_client("auto", session), AiohttpClient)
        with pytest.raises(UserMistake, match=r"integration-gateway\[fast\]"):
            http_client("pyreqwest", session)
