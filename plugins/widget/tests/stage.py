"""A small gateway for the widget's tests: it numbers entries and remembers keys, and the tests play bot and agent."""

from __future__ import annotations

import asyncio
import hashlib
import math
import mimetypes
import time
from collections import defaultdict
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

import structlog
from aiohttp import ClientSession, WSMsgType, web
from aiohttp.test_utils import TestServer

from gateway import (
    Attachment,
    Blocked,
    Change,
    ClientChanged,
    ClientClosed,
    ClientLeftAgent,
    ClientStarted,
    ClientWrote,
    Closed,
    Conversation,
    Entry,
    Floor,
    Handoff,
    Joined,
    Left,
    Outcome,
    Peer,
    Queued,
    Received,
    Role,
    Said,
    Started,
    TooLarge,
    Transfer,
    Transferred,
    text_message,
)
from gateway import (
    Stage as HandoffStage,
)
from gateway_widget.plugin import KIND
from gateway_widget.tail import Tail
from gateway_widget.tokens import Visitor

SHOP = "https://shop.example.com"
BOT = Peer(id="faq", name="Robin")
ANNA = Peer(id="anna", name="Anna")


class Book:
    """Conversations and their logs; commits are told to watchers at once, as the gateway does it."""

    def __init__(self, clock):
        self._clock = clock
        self.states: dict[str, Conversation] = {}
        self.logs: defaultdict[str, list[Entry]] = defaultdict(list)
        self._watchers: list[Any] = []
        self._typing_watchers: list[Any] = []
        self.reads = 0

    async def get(self, conversation_id):
        return self.states.get(conversation_id)

    async def of_client(self, client_id):
        return self.newest(client_id)

    async def sessions(self):
        return ()

    async def entries(self, conversation_id, *, after=0, before=None, limit=200):
        self.reads += 1
        found = [e for e in self.logs[conversation_id] if after < e.number and (before is None or e.number < before)]
        return found[:limit] if before is None else found[-limit:]

    def watch(self, callback):
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    def watch_typing(self, callback):
        self._typing_watchers.append(callback)
        return lambda: self._typing_watchers.remove(callback)

    def newest(self, client_id):
        mine = [state for state in self.states.values() if state.client.id == client_id]
        return mine[-1] if mine else None

    def begin(self, client):
        number = len(self.states) + 1
        state = Conversation(id=f"c{number}", channel="site", route="support", client=client)
        self.states[state.id] = state
        return state

    def add(self, conversation_id, *bodies, **changes):
        """Commit entries and a change of state in one step; returns the number of the last entry."""
        state = self.states[conversation_id]
        head, epoch = state.head, state.epoch
        floor = changes.get("floor", state.floor)
        entries = tuple(
            Entry(number=head + step, at=self._clock.now, floor=floor, epoch=epoch, body=body)
            for step, body in enumerate(bodies, 1)
        )
        state = replace(state, version=state.version + 1, head=head + len(entries), **changes)
        self.states[conversation_id] = state
        self.logs[conversation_id] += entries
        for watcher in self._watchers:
            watcher(Change(conversation=state, entries=entries))
        return state.head

    def type(self, typing):
        for watcher in self._typing_watchers:
            watcher(typing)


class Clock:
    def __init__(self):
        self.skipped = 0.0

    @property
    def now(self):
        return time.time() + self.skipped

    def skip(self, *, days=0.0, hours=0.0, seconds=0.0):
        self.skipped += (days * 24 + hours) * 3600 + seconds


class Shelf:
    """Files in memory, served under `/files/`."""

    max_bytes = 1_000_000

    def __init__(self):
        self.files: dict[str, tuple[bytes, str]] = {}

    async def save(self, chunks, *, name, media_type=""):
        data = b""
        async for chunk in chunks:
            data += chunk
            if len(data) > self.max_bytes:
                raise TooLarge(f"a file may have at most {self.max_bytes} bytes")
        media_type = mimetypes.guess_type(name)[0] or media_type
        url = f"/files/{hashlib.sha256(data).hexdigest()[:12]}/{name}"
        self.files[url] = (data, media_type)
        return Attachment(url=url, name=name, media_type=media_type, size=len(data))

    async def serve(self, request):
        data, media_type = self.files[request.path]
        return web.Response(body=data, content_type=media_type)


class FakeContext:
    name = "site"
    config_dir = "."

    def __init__(self):
        self.clock = Clock()
        self.conversations = Book(self.clock)
        self.files = Shelf()
        self.log = structlog.get_logger()
        self.events: list[Any] = []
        self.signals: list[Any] = []
        self.keys: dict[str, Received] = {}
        self.refuse: Exception | None = None
        self.after_commit: list[Any] = []
        """Done, one each, between a commit and its acknowledgement."""
        self.told = asyncio.Event()

    def url(self, path):
        return f"https://gw.example.com/behind/a/proxy{path}"

    def secret(self, purpose):
        return hashlib.sha256(purpose.encode()).digest()

    def now(self):
        return self.clock.now

    def signal(self, typing):
        self.signals.append(typing)

    async def receive(self, event, *, key=""):
        try:
            return await self._receive(event, key)
        finally:
            self.told.set()
            if self.after_commit:
                self.after_commit.pop()()

    async def until(self, condition):
        """Wait until a condition holds that events bring about."""
        async with asyncio.timeout(30):
            while not condition(self.events):
                self.told.clear()
                await self.told.wait()

    async def _receive(self, event, key):
        if self.refuse is not None:
            raise self.refuse
        if key in self.keys:
            return replace(self.keys[key], duplicate=True)
        self.events.append(event)
        received = self._decide(event)
        if key:
            self.keys[key] = received
        return received

    def _decide(self, event):
        book = self.conversations
        state = book.newest(event.client.id)
        if state is not None and state.blocked:
            raise Blocked("you were blocked")
        open_ = state is not None and state.floor is not Floor.CLOSED
        number = None
        if isinstance(event, ClientStarted) and not open_:
            state = book.begin(event.client)
            book.add(state.id, Started(payload=event.payload), language=event.language, attributes=event.attributes)
        elif isinstance(event, ClientWrote):
            state = state if open_ else book.begin(event.client)
            said = Said(role=Role.CLIENT, author=event.client, message=event.message, source="site")
            number = book.add(state.id, said, attributes=event.attributes)
        elif isinstance(event, ClientClosed) and open_:
            book.add(state.id, Closed(by=Role.CLIENT), floor=Floor.CLOSED, handoff=None)
        elif isinstance(event, ClientLeftAgent) and open_ and state.handoff:
            left = Left(platform="desk", outcome=Outcome.CLIENT_LEFT)
            book.add(state.id, left, floor=Floor.BOT, handoff=None)
        elif isinstance(event, ClientChanged) and open_:
            book.add(state.id, attributes={**state.attributes, **event.attributes})
        return Received(conversation=state.id if state else "", number=number)


class Stage:
    """A widget instance under `/site/` on a real server, and the other side of its conversations."""

    def __init__(self, options, *, context=None):
        self.context = context or FakeContext()
        self.book = self.context.conversations
        self._options = options
        self._build(port=None)

    def _build(self, port):
        self.channel: Any = KIND.build(cast("Any", self.context), self._options)
        self._server = TestServer(self._app(), host="127.0.0.1", port=port)

    def _app(self):
        app = web.Application(client_max_size=1024)
        site = web.Application()
        site.add_routes(self.channel.routes())
        app.add_subapp("/site/", site)
        app.router.add_get("/files/{tail:.*}", self.context.files.serve)
        app.router.add_get("/host", self._host)
        return app

    async def _host(self, request):
        """A page of some site; `?lang=` and attributes of the script as in `?data-theme=dark`."""
        attributes = " ".join(f'{name}="{value}"' for name, value in request.query.items() if name != "lang")
        lang = request.query.get("lang", "en")
        script = f'<script type="module" src="/site/widget.js" {attributes}></script>'
        page = f'<!doctype html><html lang="{lang}"><title>Shop</title><main><h1>Shop</h1></main>{script}'
        return web.Response(text=page, content_type="text/html")

    async def __aenter__(self):
        await self._start()
        self.client = ClientSession()
        return self

    async def __aexit__(self, *_):
        await self.client.close()
        await self.go_down()

    async def _start(self):
        await self._server.start_server(shutdown_timeout=0.1)
        await self.channel.start()

    async def go_down(self):
        """Stop, as a gateway does that will be started again."""
        await self.channel.stop()
        self._port = self._server.port
        await self._server.close()

    async def come_up(self):
        """Start again at the same address, with what was committed and nothing else."""
        self._build(port=self._port)
        await self._start()

    def cut(self):
        """Tear all connections, as a lost network does."""
        for connection in self._server.runner.server.connections:
            connection.transport.abort()

    @property
    def origin(self):
        return str(self._server.make_url("/")).rstrip("/")

    def url(self, path=""):
        return f"{self.origin}/site/{path}"

    async def visitor(self, **asked):
        """A caller who has a token."""
        return await Caller(self).arrive(**asked)

    def tail(self, visitor, line, *, after=("", 0), moved=lambda *_: None):
        """The tail of a browser that is played by a test."""
        known = Visitor(id=visitor, expires_at=math.inf)
        return Tail(visitor=known, conversations=self.book, line=line, after=after, moved=moved, leave_queue=True)

    # --- playing bot and agent ---

    @property
    def conversation(self):
        """The newest conversation."""
        return list(self.book.states)[-1]

    def bot_says(self, message, conversation=""):
        message = text_message(message) if isinstance(message, str) else message
        return self.book.add(conversation or self.conversation, Said(role=Role.BOT, author=BOT, message=message))

    def agent_says(self, message, agent=ANNA):
        message = text_message(message) if isinstance(message, str) else message
        return self.book.add(self.conversation, Said(role=Role.AGENT, author=agent, message=message))

    def transfer(self, transfer=None, position=None):
        transfer = transfer or Transfer()
        handoff = Handoff(
            transfer=transfer,
            chain=(),
            platform="desk",
            session="s1",
            stage=HandoffStage.QUEUED,
            queue_position=position,
        )
        bodies = (Transferred(transfer=transfer), Queued(platform="desk", position=position))
        self.book.add(self.conversation, *bodies, floor=Floor.WAITING, handoff=handoff)

    def agent_joins(self, agent=ANNA):
        state = self.book.states[self.conversation]
        handoff = state.handoff or Handoff(transfer=Transfer(), chain=(), platform="desk", session="s1")
        handoff = replace(handoff, agent=agent, stage=HandoffStage.JOINED)
        self.book.add(self.conversation, Joined(platform="desk", agent=agent), floor=Floor.AGENT, handoff=handoff)

    def agent_leaves(self, outcome=Outcome.RETURNED):
        left = Left(platform="desk", outcome=outcome, note="secret note")
        self.book.add(self.conversation, left, floor=Floor.BOT, handoff=None)

    def close(self):
        self.book.add(self.conversation, Closed(by=Role.BOT), floor=Floor.CLOSED, handoff=None)


class Caller:
    """A browser without a screen: it talks to a stage the way the front-end does."""

    def __init__(self, stage, *, origin=None):
        self.stage = stage
        self.headers = {"Origin": origin or stage.origin}
        self.session: dict[str, Any] = {}

    async def arrive(self, **asked):
        async with self.post("session", json=asked) as response:
            assert response.status == 200, await response.text()
            self.session = await response.json()
        return self

    @property
    def authorization(self):
        return {"Authorization": f"Bearer {self.session['token']}"}

    def post(self, path, **options):
        headers = {**self.headers, **options.pop("headers", {})}
        return self.stage.client.post(self.stage.url(path), headers=headers, **options)

    def get(self, path, **options):
        headers = {**self.headers, **options.pop("headers", {})}
        return self.stage.client.get(self.stage.url(path), headers=headers, **options)

    async def frame(self, **frame):
        """Send a frame by POST; returns the answer."""
        async with self.post("frames", json=frame, headers=self.authorization) as response:
            return await response.json()

    async def say(self, text, key="m1", **more):
        return await self.frame(type="say", id=key, text=text, **more)

    async def upload(self, body=b"hello", name="note.txt", media_type="text/plain"):
        headers = {**self.authorization, "Content-Type": media_type}
        async with self.post(f"files?name={name}", data=body, headers=headers) as response:
            return response.status, await response.json()

    @asynccontextmanager
    async def socket(self, conversation="", after=0, **options):
        """A greeted socket, as a `Line`."""
        url = self.stage.url("socket")
        async with self.stage.client.ws_connect(url, headers=self.headers, max_msg_size=0, **options) as socket:
            hello = {"type": "hello", "token": self.session["token"], "conversation": conversation, "after": after}
            await socket.send_json(hello)
            yield Line(socket)


class Line:
    """A socket that keeps what it heard."""

    def __init__(self, socket):
        self.socket = socket
        self.heard: list[dict[str, Any]] = []

    async def hear(self, kind):
        """Return the next frame of a kind."""
        while True:
            frame = await self.socket.receive_json(timeout=5)
            self.heard.append(frame)
            if frame["type"] == kind:
                return frame

    async def send(self, **frame):
        await self.socket.send_json(frame)

    async def end(self):
        """Wait for the close; returns its code and reason."""
        while True:
            message = await self.socket.receive(timeout=5)
            if message.type in {WSMsgType.CLOSE, WSMsgType.CLOSED}:
                return self.socket.close_code, message.extra

    async def numbers(self, last):
        """Return the numbers of all entries heard, once `last` has come."""
        while last not in (numbers := self._numbers()):
            await self.hear("log")
        return numbers

    def _numbers(self):
        return [entry["number"] for frame in self.heard if frame["type"] == "log" for entry in frame["entries"]]
