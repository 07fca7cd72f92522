"""The other side of the hop: sends webhooks, plays the bot and the channel, and keeps the books.

One process on bare asyncio protocols, so that it costs a fraction of what it measures. `python peer.py` prints its
port, then obeys lines of JSON on stdin and answers each with a line: `{"port": 8080, "seconds": 1.0, "window": 64}` is
a closed loop (so many hops under way at any time), `{"port": 8080, "seconds": 5, "rate": 400}` an open one, whose
latencies count from when a hop should have begun.

Each hop has a number in its words; the books say which came back, how often, and in which order.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import uvloop

TOKEN = re.compile(rb"hop:(\d+)")
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
CONNECTIONS = 64
DRAIN_SECONDS = 20.0


@dataclass(slots=True)
class Books:
    """What happened to the hops of one slice."""

    first: int
    begun: dict[int, float] = field(default_factory=dict)
    acked: dict[int, float] = field(default_factory=dict)
    done: dict[int, float] = field(default_factory=dict)
    twice: int = 0
    refused: int = 0
    reordered: int = 0
    newest: dict[int, int] = field(default_factory=dict)
    """Conversation -> the newest hop that came back."""


class Peer:
    """State shared by all connections."""

    def __init__(self) -> None:
        self.books = Books(first=0)
        self.next = 1
        self.on_done: Any = None
        self.conversations = CONNECTIONS

    def heard(self, number: int) -> None:
        """The channel was told a hop's words."""
        books = self.books
        if number < books.first:
            return
        if number in books.done:
            books.twice += 1
            return
        books.done[number] = time.perf_counter()
        conversation = number % self.conversations
        if books.newest.get(conversation, 0) > number:
            books.reordered += 1
        books.newest[conversation] = max(number, books.newest.get(conversation, 0))
        if self.on_done:
            self.on_done()


class Inbound(asyncio.Protocol):
    """Bot and channel: `/bot` echoes, `/channel` is where the words arrive."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._buffer = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            length = LENGTH.search(head)
            size = end + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < size:
                return
            body, self._buffer = self._buffer[end + 4 : size], self._buffer[size:]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        token = TOKEN.search(body)
        if not token:
            reply = b'{"ok": true}'
        elif head.startswith(b"POST /bot"):
            reply = b'{"text": "you said hop:%b, did you not?"}' % token[1]
        else:
            self._peer.heard(int(token[1]))
            reply = b'{"ok": true, "result": {"message_id": %b}}' % token[1]
        self._transport.write(OK % (len(reply), reply))


class Outbound(asyncio.Protocol):
    """One connection that posts webhooks, one at a time."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._transport: Any = None
        self._queue: deque[tuple[int, bytes]] = deque()
        self._busy: int | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def post(self, number: int, request: bytes) -> None:
        """Send now, or behind what is under way."""
        self._queue.append((number, request))
        self._go_on()

    def close(self) -> None:
        """Hang up."""
        self._transport.close()

    def _go_on(self) -> None:
        if self._busy is None and self._queue:
            self._busy, request = self._queue.popleft()
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        length = LENGTH.search(self._buffer, 0, end)
        size = end + 4 + (int(length[1]) if length else 0)
        if len(self._buffer) < size:
            return
        good = self._buffer.startswith(b"HTTP/1.1 200")
        self._buffer = self._buffer[size:]
        books = self._peer.books
        if good and self._busy is not None:
            books.acked[self._busy] = time.perf_counter()
        else:
            books.refused += 1
        self._busy = None
        self._go_on()


def request_of(number: int, chat: int, path: str = "/hooks/in") -> bytes:
    """Return a webhook as Telegram would post it, about 500 bytes."""
    who = {"id": chat, "is_bot": False, "first_name": "Ann", "last_name": "Example", "username": "ann_example",
           "language_code": "en"}  # fmt: skip
    text = f"hop:{number} Hello there, could you tell me where my order is? It should have been here on Monday."
    update = {
        "update_id": number,
        "message": {
            "message_id": number,
            "from": who,
            "chat": {"id": chat, "first_name": "Ann", "last_name": "Example", "type": "private"},
            "date": 1_790_000_000,
            "text": text,
        },
    }
    body = json.dumps(update).encode()
    head = f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", f"Content-Length: {len(body)}"
    return "\r\n".join([*head, "", ""]).encode() + body


class Slice:
    """One measured piece of time against one server."""

    def __init__(self, peer: Peer, order: dict[str, Any]) -> None:
        self._peer = peer
        self._order = order
        self._connections: list[Outbound] = []
        self._stopped = False

    async def run(self) -> dict[str, Any]:
        """Do it; return the figures."""
        loop = asyncio.get_running_loop()
        peer = self._peer
        peer.conversations = self._order.get("conversations", CONNECTIONS)
        peer.books = Books(first=peer.next)
        for _ in range(min(CONNECTIONS, peer.conversations)):
            _, protocol = await loop.create_connection(lambda: Outbound(peer), "127.0.0.1", self._order["port"])
            self._connections.append(protocol)
        began = time.perf_counter()
        await (self._open_loop() if "rate" in self._order else self._closed_loop())
        seconds = time.perf_counter() - began
        in_time = len(peer.books.done)
        await self._drain()
        for connection in self._connections:
            connection.close()
        return self._figures(seconds, in_time)

    def _begin(self, at: float) -> None:
        peer = self._peer
        number = peer.next
        peer.next += 1
        peer.books.begun[number] = at
        chat = number % peer.conversations
        self._connections[chat % len(self._connections)].post(number, request_of(number, chat))

    async def _closed_loop(self) -> None:
        def again() -> None:
            if not self._stopped:
                self._begin(time.perf_counter())

        self._peer.on_done = again
        for _ in range(self._order["window"]):
            again()
        await asyncio.sleep(self._order["seconds"])  # the slice is a length of time
        self._stopped = True
        self._peer.on_done = None

    async def _open_loop(self) -> None:
        due = time.perf_counter()
        until = due + self._order["seconds"]
        while due < until:
            due += random.expovariate(self._order["rate"])
            if (ahead := due - time.perf_counter()) > 0:
                await asyncio.sleep(ahead)  # the clock is what is waited for
            self._begin(due)

    async def _drain(self) -> None:
        books = self._peer.books
        until = time.perf_counter() + DRAIN_SECONDS
        while len(books.done) < len(books.begun) - books.refused and time.perf_counter() < until:  # noqa: ASYNC110 - other processes
            await asyncio.sleep(0.01)

    def _figures(self, seconds: float, in_time: int) -> dict[str, Any]:
        books = self._peer.books
        return {
            "seconds": seconds,
            "hops": in_time,
            "all": len(books.done),
            "lost": len([number for number in books.acked if number not in books.done]),
            "twice": books.twice,
            "refused": books.refused,
            "reordered": books.reordered,
            "ack": [round((at - books.begun[n]) * 1000, 3) for n, at in books.acked.items()],
            "hop": [round((at - books.begun[n]) * 1000, 3) for n, at in books.done.items() if n in books.begun],
        }


async def main() -> None:
    """Obey."""
    peer = Peer()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Inbound(peer), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    while line := await asyncio.to_thread(sys.stdin.readline):
        sys.stdout.write(json.dumps(await Slice(peer, json.loads(line)).run()) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main())
