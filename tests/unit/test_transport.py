"""Both transports against a server that does what servers should not."""

from __future__ import annotations

import asyncio
import gc
import gzip
import socket
import ssl
import zlib
from contextlib import asynccontextmanager
from itertools import pairwise

import aiohttp
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from gateway.transport import HttpAnswer, Overlong, Unreachable
from gateway.transport import lean as lean_client
from gateway.transport.clients import http_client
from gateway.transport.connection import Connection

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Heard(list):
    """The requests a server got, and how often somebody connected."""

    def __init__(self):
        self.connections = 0
        self.hung_up = asyncio.Event()


@asynccontextmanager
async def serving(answers, *, tls=None, host="127.0.0.1"):
    """A server on bare sockets: each request gets the next of the answers, a list of byte strings; None hangs up."""
    requests = Heard()
    open_ones = set()

    async def serve(reader, writer):
        requests.connections += 1
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
            requests.hung_up.set()
        except asyncio.CancelledError:
            return

    server = await asyncio.start_server(serve, host, 0, ssl=tls)
    try:
        scheme = "https" if tls else "http"
        shown = f"[{host}]" if ":" in host else host
        yield f"{scheme}://{shown}:{server.sockets[0].getsockname()[1]}/secret", requests
    finally:
        server.close()
        for writer in open_ones:
            writer.close()


@pytest.fixture
async def lean():
    async with aiohttp.ClientSession() as session:
        client = http_client("lean", session)
        yield client
        await client.close()


@pytest.fixture(params=["aiohttp", "lean"])
async def client(request):
    async with aiohttp.ClientSession() as session:
        client = http_client(request.param, session)
        yield client
        await client.close()


@pytest.fixture(params=["fetched", "streamed"])
def ask(request):
    return {"fetched": fetched, "streamed": streamed}[request.param]


async def fetched(client, url, *, body=b"hello", seconds=5.0, most=1000, headers=None):
    headers = headers or {"X-Key": "k"}
    return await client.fetch("POST", url, headers=headers, body=body, timeout_seconds=seconds, most_bytes=most)


async def streamed(client, url, *, body=b"hello", seconds=5.0, most=1000, headers=None):
    headers = headers or {"X-Key": "k"}
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
    "after both, at once": [b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + GOOD],
    "with trailers": [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nContent-Type: x/y\r\n\r\n",
    ],
    "packed though nobody asked": [
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzip.compress(b"ok"),
        None,
    ],
    "packed without a zlib header": [
        b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: 4\r\n\r\n" + zlib.compress(b"ok", wbits=-15),
    ],
    "from one who would change the protocol": [
        b"HTTP/1.1 200 OK\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\nok",
    ],
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
    "a length below nought": [b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok", None],
    "a length beyond all bounds": [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nok" % 2**70, None],
    "two lengths": [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 1\r\n\r\nok", None],
    "a length, and chunks": [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        None,
    ],
    "a chunk beyond all bounds": [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\nok" % 2**70,
        None,
    ],
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


async def test_space_around_a_header_is_no_part_of_it(client, ask):
    async with serving([[b"HTTP/1.1 503 Busy\r\nRetry-After: \t 7 \t\r\nContent-Length: 0\r\n\r\n"]]) as (url, _):
        assert (await ask(client, url)).headers["retry-after"] == "7"


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


NOWHERE = ["http://", "nonsense", "ftp://127.0.0.1/x", "http://127.0.0.1:1/x", "http://[::1", "http://a..b.invalid/x"]


@pytest.mark.parametrize("url", NOWHERE)
async def test_an_address_nobody_answers_at(client, ask, url):
    with pytest.raises(Unreachable):
        await ask(client, url)


async def test_many_calls_share_connections(client, ask):
    async with serving([[GOOD]]) as (url, requests):
        answers = await asyncio.gather(*(ask(client, url) for _ in range(50)))
        opened = requests.connections
        for _ in range(10):
            await ask(client, url)

        assert {each.body for each in answers} == {b"ok"}
        assert (len(requests), requests.connections) == (60, opened)


async def test_an_answer_without_a_body_leaves_the_connection_fit(client, ask):
    async with serving([[b"HTTP/1.1 204 No Content\r\n\r\n"], [GOOD]]) as (url, requests):
        assert (await ask(client, url)).body == b""
        assert (await ask(client, url)).body == b"ok"
        assert requests.connections == 1


async def test_a_body_that_grows_when_it_is_unpacked_is_cut_off(client, ask):
    bomb = gzip.compress(b"\0" * 1_000_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    async with serving([[head + bomb]]) as (url, _):
        with pytest.raises(Overlong):
            await ask(client, url, most=10_000)


@pytest.mark.parametrize("header", [{"X": "a\r\nY: b"}, {"X": "a\nb"}, {"X\r\nY": "b"}, {"X": "a\0b"}])
async def test_a_header_cannot_bring_another(client, ask, header):
    async with serving([[GOOD]]) as (url, requests):
        with pytest.raises(ValueError):
            await ask(client, url, headers=header)

    assert requests == []


@pytest.mark.parametrize(
    ("given", "sent"),
    [("?a=b%20c&d=é", "?a=b%20c&d=%C3%A9"), ("/ü/x y", "/%C3%BC/x%20y"), ("?q=1#part", "?q=1"), ("/a%2Fb", "/a%2Fb")],
)
async def test_an_address_goes_over_the_wire_as_it_must(client, ask, given, sent):
    async with serving([[GOOD]]) as (url, requests):
        await ask(client, url + given)

    assert requests[0].startswith(f"POST /secret{sent} HTTP/1.1\r\n".encode())


async def test_an_address_may_be_one_of_ipv6(client, ask):
    if not socket.has_ipv6:
        pytest.skip("platform: needs IPv6")
    async with serving([[GOOD]], host="::1") as (url, requests):
        assert (await ask(client, url)).body == b"ok"

    assert f"Host: {url.split('/')[2]}\r\n".encode() in requests[0]


async def test_credentials_in_an_address_become_a_header(client, ask):
    async with serving([[GOOD]]) as (url, requests):
        await ask(client, url.replace("//", "//ann:pass@"))

    assert b"Authorization: Basic YW5uOnBhc3M=\r\n" in requests[0]


@pytest.mark.parametrize("trusted", [True, False])
async def test_a_certificate_is_looked_at(tmp_path, monkeypatch, client, ask, trusted):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    ours = ssl.create_default_context(cafile=str(tmp_path / "authority.pem") if trusted else None)
    monkeypatch.setattr(lean_client, "_trusting", lambda: ours)
    async with serving([[GOOD]], tls=context) as (url, _), aiohttp.TCPConnector(ssl=ours) as connector:
        _standard(client)._session._connector = connector
        if trusted:
            assert (await ask(client, url)).body == b"ok"
        else:
            with pytest.raises(Unreachable, match="its certificate is not trusted") as raised:
                await ask(client, url)
            assert "127.0.0.1" not in str(raised.value)


@pytest.mark.parametrize("name", ["desk.example", "desk.example."])
async def test_a_certificate_is_for_a_name_with_or_without_its_last_dot(monkeypatch, client, ask, name):
    loop = asyncio.get_running_loop()
    look_up = loop.getaddrinfo
    monkeypatch.setattr(loop, "getaddrinfo", lambda _host, *args, **kwargs: look_up("127.0.0.1", *args, **kwargs))
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("desk.example").configure_cert(context)
    ours = ssl.create_default_context()
    authority.configure_trust(ours)
    monkeypatch.setattr(lean_client, "_trusting", lambda: ours)
    async with serving([[GOOD]], tls=context) as (url, _), aiohttp.TCPConnector(ssl=ours) as connector:
        _standard(client)._session._connector = connector
        assert (await ask(client, url.replace("127.0.0.1", name))).body == b"ok"


def _standard(client):
    return getattr(client, "_standard", client)


# --- the lean one alone ----------------------------------------------------------------------------------------------

KEYED = {"Idempotency-Key": "7.1"}


async def test_a_call_that_can_be_told_from_another_is_made_once_more(lean):
    async with serving([[GOOD], [None], [GOOD]]) as (url, requests):
        await fetched(lean, url)
        assert (await fetched(lean, url, headers=KEYED)).body == b"ok"

    assert requests[1] == requests[2]


NOT_CLEAR = {
    "a header on two lines": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
    "a length on the next line": b"HTTP/1.1 200 OK\r\nContent-Length:\r\n 2\r\n\r\nok",
    "lines without CR": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "a line without LF": b"HTTP/1.1 200 OK\r\nX: a\rContent-Length: 2\r\n\r\nok",
    "a zero byte": b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\nok",
    "a space before the colon": b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok",
    "a length with a sign": b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
    "a chunk's size without CR": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\nok\r\n0\r\n\r\n",
    "chunks that are not outermost": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, x\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "a body of what is no answer yet": b"HTTP/1.1 104 So Far\r\nContent-Length: 3\r\n\r\nabc" + GOOD,
    "packed twice over": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    % (2 * len(gzip.compress(b"o")))
    + gzip.compress(b"o") * 2,
}


@pytest.mark.parametrize("whole", NOT_CLEAR.values(), ids=NOT_CLEAR)
async def test_what_can_be_read_in_two_ways_is_no_answer(lean, whole):
    async with serving([[whole, None]]) as (url, _):
        with pytest.raises(Unreachable):
            await fetched(lean, url)


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_a_body_where_none_may_be_is_not_the_next_answer(lean, status):
    smuggled = b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"
    head = b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n" % (status, len(smuggled))
    async with serving([[head + smuggled], [GOOD]]) as (url, requests):
        assert (await fetched(lean, url)).body == b""
        assert (await fetched(lean, url)).status == 200

    assert requests.connections == 2


async def test_and_only_once(lean):
    async with serving([[GOOD], [None], [None], [GOOD]]) as (url, requests):
        await fetched(lean, url)
        with pytest.raises(Unreachable):
            await fetched(lean, url, headers=KEYED)

    assert len(requests) == 3


async def test_and_not_on_a_new_connection_or_after_something_was_answered(lean):
    async with serving([[None], [GOOD], [b"HTTP/1.1 2", None], [GOOD]]) as (url, requests):
        for sound in (False, True, False):
            if sound:
                await fetched(lean, url, headers=KEYED)
            else:
                with pytest.raises(Unreachable):
                    await fetched(lean, url, headers=KEYED)

    assert len(requests) == 3


async def test_what_comes_while_nothing_is_asked_is_no_answer(lean):
    async with serving([[GOOD, b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"], [GOOD]]) as (url, requests):
        await fetched(lean, url)
        async with asyncio.timeout(5):
            while lean._open:  # noqa: ASYNC110 - a set tells nobody
                await asyncio.sleep(0.01)
        assert (await fetched(lean, url)).status == 200

    assert requests.connections == 2


async def test_a_head_without_end_is_not_listened_to(lean):
    endless = [b"HTTP/1.1 200 OK\r\n", *[b"X-Filler: %b\r\n" % (b"x" * 4000)] * 40, b"..."]
    async with serving([endless]) as (url, _):
        with pytest.raises(Unreachable, match="too long"):
            await fetched(lean, url)


@pytest.mark.parametrize("endless", [b"2\r\nok\r\n0\r\nX: ", b"2;x="], ids=["trailer", "chunk extension"])
async def test_nor_is_anything_else_that_is_no_body(lean, endless):
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with serving([[chunked + endless, *[b"x" * 4000] * 40, b"..."]]) as (url, _):
        with pytest.raises(Unreachable, match="too long"):
            await fetched(lean, url)


async def test_other_protocols_are_not_changed_to(lean):
    switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"
    async with serving([[switch]]) as (url, _):
        with pytest.raises(Unreachable):
            await fetched(lean, url)


async def test_a_connection_without_calls_is_ended(lean, monkeypatch):
    monkeypatch.setattr(lean_client, "IDLE_SECONDS", 0.05)
    async with serving([[GOOD]]) as (url, requests), asyncio.timeout(5):
        await asyncio.gather(*(fetched(lean, url) for _ in range(3)))
        await requests.hung_up.wait()
        while lean._open or lean._sweep:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)


async def test_calls_under_way_end_when_it_is_closed(lean):
    async with serving([[b"..."]]) as (url, requests):
        asking = asyncio.create_task(fetched(lean, url, seconds=60.0))
        async with asyncio.timeout(5):
            while not requests:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
            await lean.close()
            with pytest.raises(Unreachable):
                await asking


async def test_and_are_not_made_again(lean):
    async with serving([[GOOD], [b"..."]]) as (url, requests):
        await fetched(lean, url)
        asking = asyncio.create_task(fetched(lean, url, seconds=60.0, headers=KEYED))
        async with asyncio.timeout(5):
            while len(requests) < 2:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
            await lean.close()
            with pytest.raises(Unreachable):
                await asking

    assert (len(requests), requests.connections) == (2, 1)


async def test_a_call_that_is_still_connecting_ends_with_the_others(lean, monkeypatch):
    looked_up, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    look_up = loop.getaddrinfo

    async def slowly(*args, **kwargs):
        looked_up.set()
        await go_on.wait()
        return await look_up(*args, **kwargs)

    monkeypatch.setattr(loop, "getaddrinfo", slowly)
    async with serving([[GOOD]]) as (url, requests), asyncio.timeout(5):
        asking = asyncio.create_task(fetched(lean, url))
        await looked_up.wait()
        await lean.close()
        go_on.set()
        with pytest.raises(Unreachable):
            await asking

    assert requests == []


async def test_a_call_given_up_takes_its_connection_along(lean):
    """Its answer would be taken for that of the next call."""
    async with serving([[b"..."], [GOOD]]) as (url, requests):
        asking = asyncio.create_task(fetched(lean, url, seconds=60.0))
        async with asyncio.timeout(5):
            while not requests:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
            asking.cancel()
            await asyncio.wait([asking])
            while lean._open:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
            assert (await fetched(lean, url)).body == b"ok"

    assert requests.connections == 2


async def test_who_answers_before_anything_was_asked_is_not_asked():
    connection = Connection(set())
    connection.connection_made(Wire())
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    async with asyncio.timeout(5):
        with pytest.raises(Unreachable):
            await connection.ask(b"", most_bytes=1000, deadline=None)


async def test_a_connection_that_ended_as_soon_as_it_was_there_is_told_at_once():
    """Nothing would tell of its end again."""
    connection = Connection(set())
    connection.connection_made(Wire())
    connection.abort()
    connection.connection_lost(None)
    async with asyncio.timeout(5):
        with pytest.raises(Unreachable):
            await connection.ask(b"", most_bytes=1000, deadline=None)


async def test_what_a_caller_says_takes_the_place_of_what_we_say(lean):
    async with serving([[GOOD]]) as (url, requests):
        await fetched(lean, url, headers={"user-agent": "me", "ACCEPT": "text/plain"})

    head = requests[0].lower()
    assert (head.count(b"user-agent:"), head.count(b"accept:"), head.count(b"host:")) == (1, 1, 1)
    assert b"user-agent: me\r\n" in head


class Wire:
    """What a connection writes to; nothing comes of it."""

    closing = False

    def write(self, data):
        pass

    def abort(self):
        self.closing = True

    def is_closing(self):
        return self.closing


@given(st.sampled_from(sorted(GOOD_ANSWERS)), st.lists(st.integers(0, 200), max_size=8))
async def test_wherever_an_answer_is_cut_it_is_the_same(name, places):
    """Fed to the connection itself, so that it is cut exactly there."""
    parts: list[bytes | None] = GOOD_ANSWERS[name]  # type: ignore[assignment] # mixed lists
    whole = b"".join(part or b"" for part in parts)
    edges = sorted({0, len(whole), *(min(place, len(whole)) for place in places)})
    connection = Connection(set())
    connection.connection_made(Wire())
    asking = asyncio.ensure_future(connection.ask(b"", most_bytes=1000, deadline=None))
    await asyncio.sleep(0)
    for start, end in pairwise(edges):
        connection.data_received(whole[start:end])
    connection.connection_lost(None)
    answer = await asking

    assert (answer.status, answer.body) == (200, b"ok")
