"""HTTP/1.1 as far as the world needs it, on bare asyncio, so that the load costs less than what it is put on."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
KEY = re.compile(rb"idempotency-key: *([^\r]+)", re.IGNORECASE)
END = b"\r\n\r\n"
SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class Request:
    """What came in."""

    number: int
    """Of all that came in: a call that is made again is another request."""
    path: str
    key: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes out; status 0: the connection is cut instead."""

    body: object = None
    status: int = 200
    retry_after: int | None = None

    def encoded(self) -> bytes:
        """Return it as bytes."""
        content = json.dumps(self.body).encode()
        wait = f"Retry-After: {self.retry_after}\r\n" if self.retry_after is not None else ""
        head = f"HTTP/1.1 {self.status} X\r\nContent-Type: application/json\r\n{wait}Content-Length: {len(content)}"
        return head.encode() + END + content


_numbers = itertools.count(1)

Handler = Callable[[Request], Awaitable[Answer]]


class Serving(asyncio.Protocol):
    """One connection to the world; its requests come one after another."""

    def __init__(self, handler: Handler, unheard: Callable[[Request], None]) -> None:
        self._handler = handler
        self._unheard = unheard
        self._buffer = b""
        self._transport: Any = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._go_on()

    def _go_on(self) -> None:
        end = self._buffer.find(END)
        if end < 0 or self._task:
            return
        head = self._buffer[:end]
        length = LENGTH.search(head)
        size = end + 4 + (int(length[1]) if length else 0)
        if len(self._buffer) < size:
            return
        body, self._buffer = self._buffer[end + 4 : size], self._buffer[size:]
        key = KEY.search(head)
        request = Request(
            next(_numbers), head.split(b" ", 2)[1].decode(), key[1].decode() if key else "", json.loads(body or b"{}")
        )
        self._task = asyncio.ensure_future(self._answer(request))

    async def _answer(self, request: Request) -> None:
        answer = await self._handler(request)
        self._task = None
        if self._transport.is_closing():
            self._unheard(request)
        elif answer.status:
            self._transport.write(answer.encoded())
            self._go_on()
        else:
            self._transport.abort()


async def serve(handler: Handler, unheard: Callable[[Request], None]) -> tuple[asyncio.Server, int]:
    """Listen on a free port of the loopback. `unheard` is told of answers nobody waited for any more."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Serving(handler, unheard), "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


class Line:
    """A connection that is kept, for one request at a time."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: object) -> int:
        """Return the status. Raises `OSError` if there is no whole answer; what became of the request is unknown."""
        content = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(content)}"
        try:
            async with asyncio.timeout(SECONDS):
                return await self._exchange(head.encode() + END + content)
        except (TimeoutError, EOFError, ValueError, asyncio.LimitOverrunError, OSError) as trouble:
            self.close()
            raise ConnectionError(repr(trouble)) from None

    async def _exchange(self, request: bytes) -> int:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        writer.write(request)
        head = await reader.readuntil(END)
        length = LENGTH.search(head)
        if not head.startswith(b"HTTP/1.1 ") or not length:
            raise ValueError("this is not an answer")
        await reader.readexactly(int(length[1]))
        return int(head[9:12])

    def close(self) -> None:
        """Hang up."""
        if self._streams:
            self._streams[1].close()
            self._streams = None
