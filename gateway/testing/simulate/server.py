"""Serves the page and the fake behind it on one port, and runs until it is told to stop."""

from __future__ import annotations

import asyncio
import errno
import json
import mimetypes
import secrets
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import BaseModel, ValidationError

from gateway.errors import UserMistake
from gateway.testing.simulate.stage import Given, NotNow, Stage, Upload
from gateway.testing.simulate.tap import Handler, Tap
from gateway.testing.simulate.troubles import Troubles
from gateway.testing.simulate.watch import Watch

STATIC = Path(__file__).parent / "static"
HOST = "127.0.0.1"
BODY_BYTES = 64 * 1024 * 1024
UPLOAD_BYTES = 50 * 1024 * 1024
MOST_UPLOADS = 100
QUIET_SECONDS = 15.0
"""How long a stream of events may be silent before a comment is sent, so that a lost line is noticed."""


def _nothing(_ready_made: str) -> str:
    return ""


class Asked(BaseModel):
    """What the page asks for."""

    act: str = ""
    chat: str = ""
    values: dict[str, str] = {}
    files: tuple[str, ...] = ()


class Simulation:
    """One stage on one port of the loopback; `async with simulation.running(port):`."""

    def __init__(self, stage: Stage, *, gateway: str, serve: Callable[[str], str] = _nothing) -> None:
        """`gateway`: its address, without a slash at the end. `serve`: see `play`."""
        self._stage = stage
        self._gateway = gateway
        self._serve = serve
        self._tap = Tap(self._changed, named=stage.named, is_quiet=stage.is_quiet)
        self._troubles = Troubles(refusal=stage.refusal, is_quiet=stage.is_quiet)
        self._watch = Watch(gateway, self._changed, stage.gateway_is_up)
        self._streams: set[asyncio.Event] = set()
        self._uploads: dict[str, Upload] = {}
        self._closing = False
        self.url = ""

    @asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[str]:
        """Serve at a port (0: a free one); yields the address. Raises `UserMistake` if the port is taken."""
        app = web.Application(client_max_size=BODY_BYTES, middlewares=[self._between])
        app.add_routes([*self._pages(), *self._stage.routes()])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        try:
            await _listen(runner, port)
            self.url = f"http://{HOST}:{runner.addresses[0][1]}"
            await self._stage.begin(self.url, gateway=self._gateway, traces=[self._tap.trace()])
            await self._watch.start()
            yield self.url
        finally:
            self._closing = True
            self._changed()
            await self._watch.stop()
            await self._stage.end()
            await runner.cleanup()

    def _changed(self) -> None:
        for stream in self._streams:
            stream.set()

    # --- the fake ------------------------------------------------------------------------------------------------

    @web.middleware
    async def _between(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Log what is the fake's, guard what is the page's."""
        if request.path == "/" or request.path.startswith("/-/"):
            self._check_caller(request)
            return _guarded(await handler(request), self._gateway)

        async def in_trouble(request: web.Request) -> web.StreamResponse:
            body = None if request.content_type.startswith("multipart/") else _json(await request.read())
            return await self._troubles.serve(self._stage.named(request.path, body), request, handler)

        return await self._tap.serve(request, in_trouble)

    def _check_caller(self, request: web.Request) -> None:
        """Turn away other sites, also those that make their name lead to this machine."""
        own = {f"{host}:{urlsplit(self.url).port}" for host in (HOST, "localhost")}
        origin = request.headers.get("Origin")
        if request.host not in own or (origin is not None and urlsplit(origin).netloc not in own):
            raise web.HTTPForbidden(text=f"open {self.url}/ instead\n")

    # --- the page ------------------------------------------------------------------------------------------------

    def _pages(self) -> list[web.RouteDef]:
        return [
            web.get("/", self._page),
            web.get("/-/static/{name}", self._static),
            web.get("/-/events", self._events),
            web.get("/-/file/{key}", self._file),
            web.post("/-/files", self._upload),
            web.post("/-/act", self._act),
            web.post("/-/troubles", self._trouble),
        ]

    async def _page(self, _request: web.Request) -> web.Response:
        return web.Response(text=(STATIC / "index.html").read_text(encoding="utf-8"), content_type="text/html")

    async def _static(self, request: web.Request) -> web.StreamResponse:
        found = STATIC / request.match_info["name"]
        if found.parent != STATIC or not found.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(found, headers={"Content-Type": _media_type(found.name)})

    async def _file(self, request: web.Request) -> web.Response:
        found = self._stage.file(request.match_info["key"])
        if found is None:
            raise web.HTTPNotFound
        return web.Response(body=found[0], headers={"Content-Type": found[1]})

    async def _upload(self, request: web.Request) -> web.Response:
        """Keep a file for the act that follows. The body is the file, `?name=` its name."""
        content = await request.read()
        if len(content) > UPLOAD_BYTES:
            raise web.HTTPRequestEntityTooLarge(max_size=UPLOAD_BYTES, actual_size=len(content))
        name = Path(request.query.get("name", "")).name[:200] or "file"
        key = secrets.token_urlsafe(12)
        self._uploads[key] = Upload(name=name, media_type=request.content_type, content=content)
        while len(self._uploads) > MOST_UPLOADS:
            del self._uploads[next(iter(self._uploads))]
        return web.json_response({"key": key, "name": name, "size": len(content)})

    async def _act(self, request: web.Request) -> web.Response:
        return await self._done(request, lambda asked: self._stage.act(asked.act, self._given(asked)))

    async def _trouble(self, request: web.Request) -> web.Response:
        async def set_troubles(asked: Asked) -> str:
            self._troubles.set(self._given(asked))
            return ""

        return await self._done(request, set_troubles)

    async def _done(self, request: web.Request, act: Callable[[Asked], Awaitable[str]]) -> web.Response:
        try:
            asked = Asked.model_validate_json(await request.read())
            return web.json_response({"chat": await act(asked)})
        except NotNow as reason:
            return web.json_response({"error": str(reason)}, status=409)
        except ValidationError as error:
            return web.json_response({"error": f"this is not how an act is asked for: {error}"}, status=400)
        finally:
            self._changed()

    def _given(self, asked: Asked) -> Given:
        files = tuple(self._uploads.pop(key) for key in asked.files if key in self._uploads)
        return Given(chat=asked.chat, values=asked.values, files=files)

    # --- news ----------------------------------------------------------------------------------------------------

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        _guarded(response, self._gateway)
        await response.prepare(request)
        news = asyncio.Event()
        self._streams.add(news)
        try:
            await self._tell(response, news)
        except ConnectionError:
            pass  # the page was closed
        finally:
            self._streams.discard(news)
        return response

    async def _tell(self, response: web.StreamResponse, news: asyncio.Event) -> None:
        """Send the state where it changed, and exchanges that are new or went on."""
        revision, before = 0, ""
        while not self._closing:
            news.clear()
            state = json.dumps(self._state())
            exchanges = list(self._tap.since(revision))
            revision = max((exchange.revision for exchange in exchanges), default=revision)
            if exchanges:
                await _event(response, "wire", json.dumps([asdict(exchange) for exchange in exchanges]))
            if state != before:
                await _event(response, "state", state)
                before = state
            with suppress(TimeoutError):
                async with asyncio.timeout(QUIET_SECONDS):
                    await news.wait()
                    continue
            await response.write(b": still here\n\n")

    def _state(self) -> dict[str, Any]:
        stage = self._stage
        return {
            "name": stage.name,
            "title": stage.title,
            "part": stage.part,
            "chatWord": stage.chat_word,
            "empty": stage.empty,
            "calls": list(stage.calls),
            "url": self.url,
            "gateway": {"url": self._gateway, "up": self._watch.up, "problem": self._watch.problem},
            "setup": asdict(stage.setup()),
            "serve": self._serve(stage.setup().ready_made),
            "notices": [asdict(notice) for notice in stage.notices()],
            "switches": [asdict(switch) for switch in stage.switches()],
            "acts": [asdict(act) for act in stage.acts()],
            "chats": [asdict(chat) for chat in stage.chats()],
            "troubles": self._troubles.shown(),
        }


async def play(
    stage: Stage, *, port: int, gateway: str, ready: Callable[[str], None], serve: Callable[[str], str] = _nothing
) -> None:
    """Run a stage until Ctrl-C or SIGTERM. `ready` is told the page's address. Raises `UserMistake`.

    `serve` returns the command line that runs a ready-made configuration, given its name; empty if it is not here.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with Simulation(stage, gateway=gateway, serve=serve).running(port) as url:
        ready(url)
        await stop.wait()


async def _listen(runner: web.AppRunner, port: int) -> None:
    try:
        await web.TCPSite(runner, HOST, port).start()
    except OSError as error:
        if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
            raise
        why = "is taken" if error.errno == errno.EADDRINUSE else "may not be used by you"
        raise UserMistake(f"port {port} {why}: stop what listens there, or choose another with --port") from None


async def _event(response: web.StreamResponse, name: str, data: str) -> None:
    await response.write(f"event: {name}\ndata: {data}\n\n".encode())


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return None


def _media_type(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _guarded(response: web.StreamResponse, gateway: str) -> web.StreamResponse:
    """Let the page load its own files, and show those of the gateway; nothing else."""
    if response.prepared:
        return response
    response.headers.update(
        {
            "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
            f"img-src 'self' data: blob: {gateway}; media-src 'self' blob: {gateway}; base-uri 'none'; "
            "form-action 'self'; frame-ancestors 'none'",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-cache",
        }
    )
    return response
