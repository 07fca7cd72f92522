"""Files fetched from addresses that come from outside."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.pytest_plugin import AiohttpServer

from gateway import BadInput, Permanent, Temporary, TooLarge, Unavailable
from gateway.fetch import Fetcher, is_public
from gateway.files import FileStore


async def shop(request: web.Request) -> web.StreamResponse:
    match request.path:
        case "/cat.txt":
            return web.Response(body=b"meow", content_type="text/plain")
        case "/large":
            return web.Response(body=b"x" * 5000)
        case "/away":
            raise web.HTTPFound("/cat.txt")
        case "/round":
            raise web.HTTPFound("/round")
        case "/nowhere":
            return web.Response(status=302, headers={"Location": "http://[bad"})
        case "/busy":
            return web.Response(status=503)
        case _:
            return web.Response(status=404)


@pytest.fixture
async def address(aiohttp_server: AiohttpServer) -> str:
    app = web.Application()
    app.router.add_get("/{tail:.*}", shop)
    return f"http://127.0.0.1:{(await aiohttp_server(app)).port}"


@pytest.fixture
async def files(tmp_path: Path) -> AsyncIterator[FileStore]:
    fetcher = Fetcher(allow_private=True)
    yield FileStore(tmp_path, max_bytes=1000, fetcher=fetcher)
    await fetcher.close()


@pytest.mark.parametrize("path", ["/cat.txt", "/away"])
async def test_a_file_is_kept(files: FileStore, address: str, path: str) -> None:
    saved = await files.fetch(address + path)

    assert (saved.media_type, saved.size) == ("text/plain", 4)
    assert b"".join([chunk async for chunk in await files.read(saved.url)]) == b"meow"


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/large", TooLarge),
        ("/round", Permanent),
        ("/nowhere", Permanent),
        ("/busy", Temporary),
        ("/nothing", Permanent),
    ],
)
async def test_what_cannot_be_kept(files: FileStore, address: str, path: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        await files.fetch(address + path)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/x",
        "http://localhost:1/x",
        "http://[::1]:1/x",
        "http://[::ffff:127.0.0.1]:1/x",
        "http://10.0.0.1/x",
        "http://169.254.169.254/latest/meta-data",
        "http://0.0.0.0:1/x",
        "file:///etc/passwd",
        "ftp://example.com/x",
        "http://127.1:1/x",
        "http://2130706433:1/x",
        "http://0177.0.0.1:1/x",
        "http://0x7f000001:1/x",
        "http://１２７.0.0.1:1/x",
        "http://[64:ff9b::7f00:1]:1/x",
        "http://[bad",
        "http://example.com:99999/x",
        "no address",
        "",
    ],
)
async def test_no_address_leads_into_a_private_network(tmp_path: Path, url: str) -> None:
    fetcher = Fetcher()
    with pytest.raises(Permanent):
        await FileStore(tmp_path, max_bytes=1000, fetcher=fetcher).fetch(url)
    await fetcher.close()


async def test_a_full_disk_is_no_fault(files: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def chunks() -> AsyncIterator[bytes]:
        yield b"meow"

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="No space left on device"):
        await files.save(chunks(), name="cat.txt")


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", ["100.64.0.1", "192.168.1.1", "fe80::1%eth0", "224.0.0.1", "2002:7f00:1::"])
def test_private_addresses(address: str) -> None:
    assert not is_public(address)


# --- files in messages: kept, or passed on as their address ----------------------------------------------------------


async def test_a_file_in_a_message_is_kept(files: FileStore, address: str) -> None:
    taken = await files.take(f"{address}/cat.txt", name="cat.txt")

    assert taken.url.startswith("/files/") and taken.media_type == "text/plain"


@pytest.mark.parametrize("path", ["/none", "/busy", "/large"])
async def test_a_file_that_cannot_be_had_stays_where_it_is(files: FileStore, address: str, path: str) -> None:
    taken = await files.take(f"{address}{path}?x=1", size=7)

    assert (taken.url, taken.name, taken.size) == (f"{address}{path}?x=1", path[1:], 7)


async def test_a_file_known_to_be_too_large_is_not_asked_for(files: FileStore) -> None:
    taken = await files.take("http://192.0.2.1/film", size=5000, media_type="video/mp4")

    assert (taken.url, taken.media_type) == ("http://192.0.2.1/film", "video/mp4")


async def test_an_address_that_is_none_is_the_senders_mistake(files: FileStore) -> None:
    with pytest.raises(BadInput):
        await files.take("file:///etc/passwd")


async def test_a_file_that_takes_too_long_stays_where_it_is(files: FileStore, aiohttp_server: AiohttpServer) -> None:
    asked = asyncio.Event()

    async def slow(_request: web.Request) -> web.Response:
        asked.set()
        await asyncio.Event().wait()
        return web.Response()

    app = web.Application()
    app.router.add_get("/film", slow)
    url = f"http://127.0.0.1:{(await aiohttp_server(app)).port}/film"
    taken = await files.take(url, within_seconds=0.2)

    assert asked.is_set() and taken.url == url


async def test_a_file_for_which_there_is_no_time_is_not_asked_for(files: FileStore) -> None:
    taken = await files.take("http://192.0.2.1/film", within_seconds=0)

    assert taken.url == "http://192.0.2.1/film"
