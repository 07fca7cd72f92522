"""What the fakes share: a server that goes wrong when told to, and a client that repeats itself when told to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Self

import aiohttp
from aiohttp import web

WAIT_SECONDS = 10.0
BODY_BYTES = 64 * 1024 * 1024
OK = range(200, 300)


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A request that came in."""

    what: str
    """The method, or the type of the event."""
    body: Any
    headers: dict[str, str]
    """Names in lower case."""
    status: int
    """What was answered; 0: nothing, the connection was cut."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a request of ours was answered; status 0: nothing."""

    status: int
    body: Any = None
    """Decoded if it is JSON, else bytes."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A request that is not answered before it is released."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the first one has come."""
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        """Let it, and those after it, go on."""
        self.released.set()


@dataclass(kw_only=True, slots=True)
class Fault:
    """One thing that goes wrong, `times` times. `what` is a method or a type of event; empty: any."""

    what: str = ""
    times: int = 1
    skip: int = 0
    """So many pass before."""
    status: int = 0
    """Answered instead of doing it."""
    retry_after: int | None = None
    hold: Hold | None = None
    """Waited for before anything else."""
    drop: str = ""
    """`before`: the connection is cut instead of doing it; `after`: it is done, and the answer is lost."""


@dataclass(kw_only=True, slots=True)
class Manners:
    """How requests are made from now on."""

    twice: int = 0
    """So many of the next requests are made twice."""
    swap: int = 0
    """So many of the next requests are held, then made in the opposite order."""
    held: list[tuple[str, Any]] = field(default_factory=list)


class Side:
    """One side: serves what the other one calls, and calls it. `async with` makes it listen on the loopback."""

    def __init__(self) -> None:
        """Nothing goes wrong yet."""
        self.url = ""
        self.calls: list[Call] = []
        """Everything that came in, in the order it was answered."""
        self._files: dict[str, tuple[bytes, str]] = {}
        self._faults: list[Fault] = []
        self._manners = Manners()
        self._changed = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Listen on a free port of the loopback."""
        app = web.Application(client_max_size=BODY_BYTES)
        app.add_routes(self.routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        await self.begin(f"http://127.0.0.1:{self._runner.addresses[0][1]}")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Go away."""
        await self.end()
        if self._runner:
            await self._runner.cleanup()

    # --- for servers of somebody else's, see gateway.testing.simulate --------------------------------------------

    def routes(self) -> list[web.RouteDef]:
        """Return what it serves. The last one takes everything."""
        return [web.get("/file/{name}", self._file), web.route("*", "/{tail:.*}", self._serve)]

    async def begin(self, url: str, *, traces: Iterable[aiohttp.TraceConfig] = ()) -> None:
        """Be found at `url` from now on, and make requests. `traces` see those."""
        self.url = url
        self._http = aiohttp.ClientSession(trace_configs=list(traces))

    async def end(self) -> None:
        """Make no requests any more, and hold nobody."""
        for fault in self._faults:
            if fault.hold:
                fault.hold.release()
        if self._http:
            await self._http.close()

    # --- for tests: what goes wrong ------------------------------------------------------------------------------

    def refuse(self, what: str, status: int, *, retry_after: int | None = None, times: int = 1, skip: int = 0) -> None:
        """Answer the next calls of a method, or events of a type, with a status. `skip`: so many pass before."""
        self._faults.append(Fault(what=what, status=status, retry_after=retry_after, times=times, skip=skip))

    def limit(self, what: str, retry_after: int, *, times: int = 1) -> None:
        """Answer 429; `retry_after` in seconds."""
        self.refuse(what, 429, retry_after=retry_after, times=times)

    def delay(self, what: str, *, times: int = 1, skip: int = 0) -> Hold:
        """Hold the next ones, or the next who fetch a file of that name, until what is returned is released."""
        hold = Hold()
        self._faults.append(Fault(what=what, hold=hold, times=times, skip=skip))
        return hold

    def drop(self, what: str, *, after: bool = False, times: int = 1, skip: int = 0) -> None:
        """Cut the connection at the next ones; `after`: once it is done."""
        self._faults.append(Fault(what=what, drop="after" if after else "before", times=times, skip=skip))

    def duplicate(self, times: int = 1) -> None:
        """Make the next requests twice."""
        self._manners.twice = times

    def reorder(self, count: int = 2) -> None:
        """Hold the next requests, and make them in the opposite order once there are so many."""
        self._manners.swap = count

    async def until(self, condition: Callable[[], bool], *, within_seconds: float = WAIT_SECONDS) -> None:
        """Wait for what calls bring about."""
        async with asyncio.timeout(within_seconds):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def called(self, what: str) -> list[Any]:
        """Return the bodies of the calls of a method, or of the events of a type, that were taken."""
        return [call.body for call in self.calls if call.what == what and call.status in OK]

    # --- serving -------------------------------------------------------------------------------------------------

    def keep(self, name: str, content: bytes, media_type: str = "application/octet-stream") -> str:
        """Offer a file; return its address."""
        self._files[name] = (content, media_type)
        return f"{self.url}/file/{name}"

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        found = self._files.get(name)
        if hold := self._fault(name).hold:
            hold.reached.set()
            await hold.released.wait()
        if found is None:
            raise web.HTTPNotFound
        return web.Response(body=found[0], content_type=found[1])

    async def _serve(self, request: web.Request) -> web.Response:
        raw = await request.read()
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            body = None
        what = self._named(request, body)
        fault = self._fault(what)
        if fault.hold:
            fault.hold.reached.set()
            await fault.hold.released.wait()
        if fault.status or fault.drop == "before":
            status, answer = fault.status, {"error": "told to"}
        else:
            status, answer = self._take(request, what, body)
        cut = bool(fault.drop)
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.calls.append(Call(what=what, body=body, headers=headers, status=200 if fault.drop == "after" else status))
        self._changed.set()
        if cut and request.transport:
            request.transport.abort()
        wait = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
        return _response(answer, status or 500, wait)

    def _fault(self, what: str) -> Fault:
        for fault in self._faults:
            if fault.times <= 0 or fault.what not in {"", what}:
                continue
            if fault.skip:
                fault.skip -= 1
            else:
                fault.times -= 1
                return fault
        return Fault()

    def _named(self, request: web.Request, body: Any) -> str:
        """Return the method, or the type of the event."""
        raise NotImplementedError

    def _take(self, request: web.Request, what: str, body: Any) -> tuple[int, Any]:
        """Do it; return status and answer."""
        raise NotImplementedError

    # --- calling -------------------------------------------------------------------------------------------------

    async def request(
        self,
        verb: str,
        url: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make one request, whatever the manners are. `raw`: instead of JSON."""
        assert self._http is not None  # noqa: S101 - inside `async with`
        more: dict[str, Any] = {"data": BytesIO(raw)} if raw is not None else {} if body is None else {"json": body}
        try:
            async with self._http.request(verb, url, headers=headers, **more) as response:
                return Answer(status=response.status, body=_decoded(response, await response.read()))
        except (aiohttp.ClientError, OSError, TimeoutError):
            return Answer(status=0)

    async def post(self, url: str, body: Any) -> Answer:
        """Post JSON, as the manners are; return the last answer. What is held is answered 0 for now."""
        manners = self._manners
        if manners.swap:
            manners.held.append((url, body))
            manners.swap -= 1
            if manners.swap:
                return Answer(status=0)
            held, manners.held = list(reversed(manners.held)), []
            return [await self.request("POST", *each) for each in held][-1]
        if manners.twice:
            manners.twice -= 1
            await self.request("POST", url, body)
        return await self.request("POST", url, body)


def _response(answer: Any, status: int, headers: Mapping[str, str]) -> web.Response:
    """Words are plain text, everything else is JSON."""
    if isinstance(answer, str):
        return web.Response(text=answer, status=status, headers=headers)
    return web.json_response(answer, status=status, headers=headers)


def _decoded(response: aiohttp.ClientResponse, body: bytes) -> Any:
    return json.loads(body) if body and response.content_type == "application/json" else body
