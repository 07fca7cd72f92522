"""Browsers in bulk: opens WebSockets, sends frames and counts what comes back. It prints a number, then obeys.

Lines of JSON on stdin, each answered with a line:

- `{"open": 512, "name": "ours", "port": 8080, "path": "/site/socket", "sessions": "/site/session"}` opens so many
  sockets and keeps them; with `sessions` each is a new visitor of the web chat, who says hello. Answered with how many
  the server has closed so far.
- `{"run": "ours", "seconds": 1.0, "window": 64, "expect": "you said hop:"}`: a closed loop over these sockets, one
  after another; a message is done when its number comes back behind `expect`. `bytes`: size of a frame.

The frames are made and read by hand on bare protocols, for the same reason as in `peer.py`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import struct
import sys
import time
from typing import Any

import aiohttp
import uvloop

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
AT_ONCE = 32
OPEN_SECONDS = 300.0
WAIT_SECONDS = 20.0


def framed(payload: bytes, code: int = TEXT) -> bytes:
    """Return a client's frame. Its mask is zero, which leaves the payload as it is."""
    size = len(payload)
    head = struct.pack("!BB", 0x80 | code, 0x80 | size) if size < 126 else struct.pack("!BBH", 0x80 | code, 0xFE, size)
    return head + b"\0\0\0\0" + payload


class Socket(asyncio.Protocol):
    """One browser's socket."""

    def __init__(self, crowd: Crowd, request: bytes, hello: bytes) -> None:
        self._crowd = crowd
        self._request = request
        self._hello = hello
        self._buffer = b""
        self._upgraded = False
        self._transport: Any = None
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(exc or ConnectionError("the server hung up"))
        self._crowd.lost += 1

    def send(self, payload: bytes) -> None:
        """Send a text."""
        self._transport.write(framed(payload))

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data
        if not self._upgraded:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._buffer = data
                return
            self._upgrade(data[:end])
            data = data[end + 4 :]
        self._buffer = self._frames(data)

    def _upgrade(self, head: bytes) -> None:
        self._upgraded = True
        if not head.startswith(b"HTTP/1.1 101"):
            self.ready.set_exception(ConnectionError(head.partition(b"\r\n")[0].decode()))
        elif self._hello:
            self.send(self._hello)
        else:
            self.ready.set_result(None)

    def _frames(self, data: bytes) -> bytes:
        """Handle whole frames; return the rest."""
        at = 0
        while len(data) >= at + 2:
            size, begin = data[at + 1] & 0x7F, at + 2
            if size >= 126:
                begin += 2 if size == 126 else 8
                if len(data) < begin:
                    break
                size = int.from_bytes(data[at + 2 : begin], "big")
            if len(data) < begin + size:
                break
            self._frame(data[at] & 0x0F, data[begin : begin + size])
            at = begin + size
        return data[at:]

    def _frame(self, code: int, payload: bytes) -> None:
        if code == PING:
            self._transport.write(framed(payload, PONG))
        elif code == TEXT and self.ready.done():
            self._crowd.heard(payload)
        elif code == TEXT and b'"type":"hello"' in payload:
            self.ready.set_result(None)


class Crowd:
    """Sockets to one server, and the messages under way."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._port = order["port"]
        self._origin = f"http://127.0.0.1:{self._port}"
        self._path = order["path"]
        self._sessions = order.get("sessions", "")
        self._sockets: list[Socket] = []
        self._expected = re.compile(b"hop:")
        self._begun: dict[int, float] = {}
        self._took: list[float] = []
        self._next = 0
        self._filling = ""
        self._running = False
        self.lost = 0

    async def open(self, count: int) -> None:
        """Open so many sockets."""
        slots = asyncio.Semaphore(AT_ONCE)
        async with aiohttp.ClientSession() as http, asyncio.timeout(OPEN_SECONDS):
            await asyncio.gather(*(self._open(http, slots) for _ in range(count)))

    async def _open(self, http: aiohttp.ClientSession, slots: asyncio.Semaphore) -> None:
        async with slots:
            hello = await self._greeting(http) if self._sessions else b""
            key = base64.b64encode(os.urandom(16)).decode()
            request = (
                f"GET {self._path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nUpgrade: websocket\r\n"
                f"Origin: {self._origin}\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
            ).encode()
            loop = asyncio.get_running_loop()
            _, socket = await loop.create_connection(lambda: Socket(self, request, hello), "127.0.0.1", self._port)
            await socket.ready
            self._sockets.append(socket)

    async def _greeting(self, http: aiohttp.ClientSession) -> bytes:
        url = self._origin + self._sessions
        async with http.post(url, json={}, headers={"Origin": self._origin}) as response:
            token = (await response.json())["token"]
        return json.dumps({"type": "hello", "token": token}).encode()

    async def run(self, order: dict[str, Any]) -> dict[str, Any]:
        """Send for a while, so many at a time; return the figures."""
        self._expected = re.compile(order["expect"].encode() + rb"(\d+)")
        self._filling = "x" * max(0, order.get("bytes", 0) - 60)
        self._begun, self._took, self._running = {}, [], True
        began = time.perf_counter()
        for _ in range(order["window"]):
            self._say()
        await asyncio.sleep(order["seconds"])  # the slice is a length of time
        self._running = False
        seconds, done = time.perf_counter() - began, len(self._took)
        until = time.perf_counter() + WAIT_SECONDS
        while self._begun and time.perf_counter() < until:  # noqa: ASYNC110 - another process is waited for
            await asyncio.sleep(0.01)
        took = sorted(self._took)
        return {
            "per_second": done / seconds, "all": len(took), "lost": len(self._begun), "closed": self.lost,
            "p50": took[len(took) // 2] * 1000 if took else 0.0,
        }  # fmt: skip

    def heard(self, payload: bytes) -> None:
        """A frame came; if it ends a message, the next one begins."""
        found = self._expected.search(payload)
        begun = self._begun.pop(int(found[1]), None) if found else None
        if begun is not None:
            self._took.append(time.perf_counter() - begun)
            if self._running:
                self._say()

    def _say(self) -> None:
        self._next += 1
        number = self._next
        self._begun[number] = time.perf_counter()
        frame = f'{{"type":"say","id":"m{number}","text":"hop:{number} Hello there{self._filling}"}}'
        self._sockets[number % len(self._sockets)].send(frame.encode())


async def main() -> None:
    """Obey."""
    crowds: dict[str, Crowd] = {}
    tell(0)
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        if "open" in order:
            crowd = crowds.setdefault(order["name"], Crowd(order))
            await crowd.open(order["open"])
            tell(json.dumps({"closed": crowd.lost}))
        else:
            tell(json.dumps(await crowds[order["run"]].run(order)))


def tell(line: object) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main())
