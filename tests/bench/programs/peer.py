"""The other side of the hop: sends webhooks, plays the bot and the channel, and keeps the books.

One process on bare asyncio protocols, so that it costs a fraction of what it measures. `python peer.py` prints its
port, then obeys lines of JSON on stdin and answers each with a line:

- `{"port": 8080, "seconds": 1.0, "window": 64}` is a closed loop: so many hops under way at any time.
- `{"port": 8080, "seconds": 5, "rate": 400}` is an open loop: latencies count from when a hop should have begun.
- `{"hold": true}`: from now on the bot does not answer; `{"hold": false}`: it does, what was held included.

More members of a slice: `path` (where webhooks go), `form` (`telegram` or `activity`), `conversations` and `stride`
(how many there are, and how far apart their clients' numbers lie), `connections`, `drain` (longest wait for the last
hops, in seconds; 0: none).

Each hop has a number in its words; the books say which came back, how often, and in which order. Paths: `/ask` is the
bot, `/channel` the channel, `/bot<token>/<method>` Telegram's Bot API, `/v3/…` a Bot Framework connector.
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
from urllib.parse import parse_qs

import uvloop

TOKEN = re.compile(rb"hop(?::|%3A)(\d+)")
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
CONNECTIONS = 64
DRAIN_SECONDS = 20.0
WORDS = "Hello there, could you tell me where my order is? It should have been here on Monday."


@dataclass(slots=True)
class Books:
    """What happened to the hops of one slice."""

    first: int
    begun: dict[int, float] = field(default_factory=dict)
    acked: dict[int, float] = field(default_factory=dict)
    refused: dict[int, float] = field(default_factory=dict)
    done: dict[int, float] = field(default_factory=dict)
    twice: int = 0
    reordered: int = 0
    late: list[float] = field(default_factory=list)
    """Seconds from when a hop of an open loop was due to when it was begun: how far this process lags itself."""
    newest: dict[int, int] = field(default_factory=dict)
    """Conversation -> the newest hop that came back."""


class Peer:
    """State shared by all connections."""

    def __init__(self) -> None:
        self.books = Books(first=0)
        self.next = 1
        self.on_done: Any = None
        self.conversations = CONNECTIONS
        self.hooks: dict[str, str] = {}
        """Address -> secret of the webhooks Telegram was told of."""
        self.newest_hook = ""
        self.hold = False
        self.held: list[tuple[Inbound, bytes]] = []

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

    def set_hold(self, hold: bool) -> None:
        """Let the bot hang, or go on."""
        self.hold = hold
        if not hold:
            held, self.held = self.held, []
            for connection, reply in held:
                connection.send(reply)


class Inbound(asyncio.Protocol):
    """A connection others call us on."""

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

    def send(self, reply: bytes) -> None:
        """Answer the oldest question, if somebody still waits."""
        if not self._transport.is_closing():
            self._transport.write(OK % (len(reply), reply))

    def _answer(self, head: bytes, body: bytes) -> None:
        token = TOKEN.search(body)
        number = token[1] if token else b"0"
        if head.startswith(b"POST /ask"):
            reply = b'{"text": "you said hop:%b, did you not?"}' % number
            if self._peer.hold:
                self._peer.held.append((self, reply))
                return
        elif token:
            self._peer.heard(int(number))
            reply = TELEGRAM_MESSAGE % number if head.startswith(b"POST /bot") else b'{"id": "%b"}' % number
        else:
            reply = self._telegram(head.split(b" ", 2)[1].rpartition(b"/")[2], body)
        self.send(reply)

    def _telegram(self, method: bytes, body: bytes) -> bytes:
        """Answer what a bot's library asks before it begins."""
        hooks = self._peer.hooks
        if method.lower() == b"setwebhook":
            asked = _parameters(body)
            self._peer.newest_hook = asked["url"]
            hooks[asked["url"]] = asked.get("secret_token", "")
        answers: dict[bytes, Any] = {
            b"getme": {"id": 123456789, "is_bot": True, "first_name": "Bench", "username": "bench_bot"},
            b"getwebhookinfo": {
                "url": self._peer.newest_hook,
                "has_custom_certificate": False,
                "pending_update_count": 0,
            },
        }
        return json.dumps({"ok": True, "result": answers.get(method.lower(), True)}).encode()


TELEGRAM_MESSAGE = (
    b'{"ok": true, "result": {"message_id": %b, "date": 1790000000, "text": "heard",'
    b' "chat": {"id": 1, "type": "private", "first_name": "Ann"}}}'
)


def _parameters(body: bytes) -> dict[str, str]:
    try:
        return dict(json.loads(body))
    except ValueError:
        return {name: values[0] for name, values in parse_qs(body.decode()).items()}


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
        good = self._buffer.startswith(b"HTTP/1.1 20")
        self._buffer = self._buffer[size:]
        books = self._peer.books
        if self._busy is not None and self._busy >= books.first:
            (books.acked if good else books.refused)[self._busy] = time.perf_counter()
            if not good and self._peer.on_done:
                self._peer.on_done()
        self._busy = None
        self._go_on()


def telegram_update(number: int, chat: int) -> dict[str, Any]:
    """Return an update as Telegram would post it, about 500 bytes."""
    who = {"first_name": "Ann", "last_name": "Example", "username": "ann_example"}
    return {
        "update_id": number,
        "message": {
            "message_id": number,
            "from": {"id": chat, "is_bot": False, "language_code": "en", **who},
            "chat": {"id": chat, "type": "private", **who},
            "date": 1_790_000_000,
            "text": f"hop:{number} {WORDS}",
        },
    }


def activity(number: int, chat: int, url: str) -> dict[str, Any]:
    """Return an activity as a Bot Framework channel would post it; `url`: where replies go."""
    return {
        "type": "message",
        "id": str(number),
        "timestamp": "2026-11-25T12:00:00.000Z",
        "channelId": "webchat",
        "serviceUrl": url,
        "from": {"id": f"user{chat}", "name": "Ann"},
        "recipient": {"id": "bot", "name": "Bench"},
        "conversation": {"id": f"conversation{chat}"},
        "textFormat": "plain",
        "locale": "en",
        "text": f"hop:{number} {WORDS}",
    }


class Slice:
    """One measured piece of time against one server."""

    def __init__(self, peer: Peer, url: str, order: dict[str, Any]) -> None:
        self._peer = peer
        self._url = url
        self._order = order
        self._path = order.get("path", "/hooks/in")
        secret = peer.hooks.get(f"http://127.0.0.1:{order['port']}{self._path}", "")
        self._headers = f"X-Telegram-Bot-Api-Secret-Token: {secret}\r\n" if secret else ""
        self._connections: list[Outbound] = []
        self._stopped = False

    async def run(self) -> dict[str, Any]:
        """Do it; return the figures."""
        loop = asyncio.get_running_loop()
        peer = self._peer
        peer.conversations = self._order.get("conversations", CONNECTIONS)
        peer.books = Books(first=peer.next)
        for _ in range(min(self._order.get("connections", CONNECTIONS), peer.conversations)):
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
        conversation = number % peer.conversations
        request = self._request(number, conversation * self._order.get("stride", 1))
        self._connections[conversation % len(self._connections)].post(number, request)

    def _request(self, number: int, chat: int) -> bytes:
        is_telegram = self._order.get("form", "telegram") == "telegram"
        said = telegram_update(number, chat) if is_telegram else activity(number, chat, self._url)
        body = json.dumps(said).encode()
        head = f"POST {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{self._headers}"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    async def _closed_loop(self) -> None:
        def again() -> None:
            if not self._stopped:
                self._begin(time.perf_counter())

        self._peer.on_done = again
        for _ in range(self._order["window"]):
            again()
        await asyncio.sleep(self._order["seconds"])  # the slice is a length of time
        until = time.perf_counter() + DRAIN_SECONDS
        while not self._peer.books.done and time.perf_counter() < until:  # noqa: ASYNC110 - other processes
            await asyncio.sleep(0.01)  # and not over before anything was measured
        self._stopped = True
        self._peer.on_done = None

    async def _open_loop(self) -> None:
        due = time.perf_counter()
        until = due + self._order["seconds"]
        while due < until:
            due += random.expovariate(self._order["rate"])
            if (ahead := due - time.perf_counter()) > 0:
                await asyncio.sleep(ahead)  # the clock is what is waited for
            self._peer.books.late.append(time.perf_counter() - due)
            self._begin(due)

    async def _drain(self) -> None:
        books = self._peer.books
        until = time.perf_counter() + self._order.get("drain", DRAIN_SECONDS)
        while len(books.done) + len(books.refused) < len(books.begun) and time.perf_counter() < until:  # noqa: ASYNC110 - other processes
            await asyncio.sleep(0.01)

    def _figures(self, seconds: float, in_time: int) -> dict[str, Any]:
        books = self._peer.books
        return {
            "seconds": seconds,
            "hops": in_time,
            "all": len(books.done),
            "begun": len(books.begun),
            "lost": len([number for number in books.acked if number not in books.done]),
            "twice": books.twice,
            "reordered": books.reordered,
            "late": [round(late * 1000, 3) for late in books.late],
            "ack": _milliseconds(books.acked, books.begun),
            "refused": _milliseconds(books.refused, books.begun),
            "hop": _milliseconds(books.done, books.begun),
        }


def _milliseconds(ends: dict[int, float], begun: dict[int, float]) -> list[float]:
    return [round((at - begun[number]) * 1000, 3) for number, at in ends.items() if number in begun]


async def main() -> None:
    """Obey."""
    peer = Peer()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Inbound(peer), "127.0.0.1", 0, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    tell(port)
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        if "hold" in order:
            peer.set_hold(order["hold"])
            tell("{}")
        else:
            tell(json.dumps(await Slice(peer, f"http://127.0.0.1:{port}/", order).run()))


def tell(line: object) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main())
