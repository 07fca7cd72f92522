"""The web chat's client, as the front-end behaves: a socket that comes again, and an outbox that forgets nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.acceptance.topologies.sides import PAUSE_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WAIT_SECONDS = 20.0
NAME = "Ann"
BANNERS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "queued": lambda _body: "(waiting for an agent)",
    "joined": lambda body: f"({body['agent']['name']} is here)",
    "left": lambda _body: "(back with the bot)",
    "closed": lambda _body: "(closed)",
}
"""What the chat window says by itself about entries of the log."""


class Visitor:
    """Somebody with the chat window open."""

    def __init__(self, http: aiohttp.ClientSession, site: str) -> None:
        """`site`: the address of the channel."""
        self._http = http
        self._site = site
        self._origin, _, self.channel = site.rpartition("/")
        self._token = ""
        self._ids = count(1)
        self._unsaid: dict[str, dict[str, Any]] = {}
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._place: tuple[str, int] = ("", 0)
        self._entries: list[dict[str, Any]] = []
        self._changed = asyncio.Event()
        self.ids: tuple[str, ...] = ()

    async def comes(self) -> None:
        async with self._post("/session", json={}) as answer:
            session = await answer.json()
        self.ids, self._token = (session["visitor"],), session["token"]

    # --- what they do ---

    async def opens(self) -> None:
        await self._send("start", attributes={"name": NAME})

    async def writes(self, text: str) -> None:
        await self._send("say", text=text, attributes={"name": NAME})

    async def sends(self, name: str, content: bytes) -> None:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "text/plain"}
        async with self._post(f"/files?name={name}", data=content, headers=headers) as answer:
            ticket = (await answer.json())["ticket"]
        await self._send("say", files=[ticket], attributes={"name": NAME})

    async def closes(self) -> None:
        await self._send("end")

    async def _send(self, kind: str, **members: Any) -> None:
        frame = {"type": kind, "id": f"f{next(self._ids)}", **members}
        self._unsaid[frame["id"]] = frame
        if self._socket and not self._socket.closed:
            await self._say(self._socket, frame)

    async def _say(self, socket: aiohttp.ClientWebSocketResponse, frame: Mapping[str, Any]) -> None:
        try:
            await socket.send_json(frame)
        except ConnectionError:
            return  # It stays unsaid until the next socket.

    def _post(self, path: str, headers: Mapping[str, str] | None = None, **options: Any) -> Any:
        return self._http.post(self._site + path, headers={"Origin": self._origin, **(headers or {})}, **options)

    # --- what they see ---

    def lines(self) -> Sequence[str]:
        shown = (line for entry in self._entries for line in _shown(entry["body"]))
        return [line for line in shown if line]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_SECONDS):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def content(self, name: str) -> bytes:
        [url] = {file["url"] for entry in self._entries for file in _files(entry["body"]) if file["name"] == name}
        async with self._http.get(f"{self._origin}{url}") as answer:
            assert answer.status == 200, url
            return await answer.read()

    async def follow(self) -> None:
        """Hold a socket, and come again where it broke off."""
        while True:
            with suppress(aiohttp.ClientError, OSError):
                await self._listen()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _listen(self) -> None:
        headers = {"Origin": self._origin}
        async with self._http.ws_connect(f"{self._site}/socket", headers=headers) as self._socket:
            conversation, after = self._place
            hello = {"type": "hello", "token": self._token, "conversation": conversation, "after": after}
            await self._socket.send_json(hello)
            for frame in [*self._unsaid.values()]:
                await self._say(self._socket, frame)
            async for message in self._socket:
                self._hear(message.json())
                self._changed.set()

    def _hear(self, frame: Mapping[str, Any]) -> None:
        match frame["type"]:
            case "log" if frame["entries"]:
                conversation, first = frame["conversation"]["id"], frame["entries"][0]["number"]
                known, number = self._place
                assert first == (number + 1 if conversation == known else 1), f"a gap or a double at {first}: {frame}"
                self._place = (conversation, frame["entries"][-1]["number"])
                self._entries += frame["entries"]
            case "ack":
                self._unsaid.pop(frame["id"], None)
            case "error" if frame["code"] == "unavailable":
                raise ConnectionResetError  # The gateway is starting: the frame stays unsaid until the next socket.
            case "error":
                raise AssertionError(frame)


def _shown(body: Mapping[str, Any]) -> Sequence[str]:
    if body["type"] in BANNERS:
        return [BANNERS[body["type"]](body)]
    if body["type"] != "said" or body["role"] == "client":
        return []
    return [f"<{file['name']}>" for file in _files(body)] + [each.get("text", "") for each in _contents(body)]


def _contents(body: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = body.get("message", {}).get("contents", ())
    return found


def _files(body: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return [each["attachment"] for each in _contents(body) if each["type"] == "media"]


class Site:
    """Chat windows on a page of the gateway's own."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http
        self._following: list[asyncio.Task[None]] = []

    def channel(self, name: str) -> dict[str, Any]:
        """Return the options of a channel."""
        return {"type": "widget", "title": f"Shop ({name})"}

    async def client(self, route: str, url: str) -> Visitor:
        visitor = Visitor(self._http, f"{url}/{route}")
        await visitor.comes()
        self._following.append(asyncio.create_task(visitor.follow()))
        return visitor

    async def close(self) -> None:
        for task in self._following:
            task.cancel()
        gone = await asyncio.gather(*self._following, return_exceptions=True)
        assert all(isinstance(each, asyncio.CancelledError) for each in gone), gone


@asynccontextmanager
async def site() -> AsyncIterator[Site]:
    async with aiohttp.ClientSession() as http:
        found = Site(http)
        try:
            yield found
        finally:
            await found.close()
