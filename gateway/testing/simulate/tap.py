"""The wire log: every HTTP call in and out of a fake, as it was."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from types import SimpleNamespace
from typing import Any, Literal
from urllib.parse import unquote

import aiohttp
from aiohttp import web

MOST_EXCHANGES = 500
MOST_CHARACTERS = 64 * 1024
"""Of one body; the rest is cut."""
DULL_HEADERS = frozenset(
    {"host", "accept", "accept-encoding", "connection", "user-agent", "content-length", "date", "server"}
)
BROWSERS = "Sec-Fetch-Mode"
"""A header of browsers only. The gateway is none."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(kw_only=True, slots=True)
class Exchange:
    """One call, in either direction."""

    id: int
    revision: int
    """Grows with every change of any exchange."""
    direction: Literal["in", "out"]
    """`in`: the gateway calls the fake."""
    verb: str
    url: str
    call: str = ""
    """What it is called, as in `Stage.named`."""
    quiet: bool = False
    at: float = field(default_factory=time.time)
    request_headers: Mapping[str, str] = field(default_factory=dict)
    request: Any = None
    """See `shown_body`."""
    status: int | None = None
    """None: not answered yet; 0: no answer."""
    response_headers: Mapping[str, str] = field(default_factory=dict)
    response: Any = None
    seconds: float = 0


class Tap:
    """Remembers the last exchanges. `changed` is called at every change."""

    def __init__(
        self, changed: Callable[[], None], *, named: Callable[[str, Any], str], is_quiet: Callable[[str, Any], bool]
    ) -> None:
        """`named`, `is_quiet`: as in `Stage`."""
        self._changed = changed
        self._named = named
        self._is_quiet = is_quiet
        self._exchanges: deque[Exchange] = deque(maxlen=MOST_EXCHANGES)
        self._revisions = count(1)
        self._ids = count(1)

    def since(self, revision: int) -> Iterator[Exchange]:
        """Yield what changed after a revision, oldest first."""
        return (exchange for exchange in self._exchanges if exchange.revision > revision)

    # --- in ------------------------------------------------------------------------------------------------------

    async def serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Handle a request that comes in, and remember it."""
        if BROWSERS in request.headers:
            return await handler(request)  # the page shows a picture
        form = request.content_type.startswith("multipart/")
        body = None if form else body_of(await request.read(), request.content_type)
        exchange = self._begin("in", request.method, request.path_qs, request.headers, body)
        try:
            response = await handler(request)
        except web.HTTPException as error:
            self._finish(exchange, error.status)
            raise
        except BaseException:
            self._finish(exchange, 0)
            raise
        if form:
            exchange.request = _form(await request.post())
        if request.transport is None or request.transport.is_closing():
            self._finish(exchange, 0)
        else:
            exchange.response_headers = _telling(response.headers)
            exchange.response = _response_body(response)
            exchange.quiet = self._is_quiet(exchange.call, (exchange.response or {}).get("json"))
            self._finish(exchange, response.status)
        return response

    # --- out -----------------------------------------------------------------------------------------------------

    def trace(self) -> aiohttp.TraceConfig:
        """Return what a client session needs so that its requests are remembered."""
        config = aiohttp.TraceConfig()
        config.on_request_start.append(self._started)
        config.on_request_chunk_sent.append(self._sent)
        config.on_request_end.append(self._answered)
        config.on_response_chunk_received.append(self._read)
        config.on_request_exception.append(self._failed)
        return config

    async def _started(
        self, _session: aiohttp.ClientSession, call: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        call.sent = b""
        call.exchange = self._begin("out", params.method, str(params.url), params.headers, None)

    async def _sent(
        self, _session: aiohttp.ClientSession, call: SimpleNamespace, params: aiohttp.TraceRequestChunkSentParams
    ) -> None:
        call.sent += params.chunk

    async def _answered(
        self, _session: aiohttp.ClientSession, call: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        exchange, request = call.exchange, params.response.request_info
        exchange.request_headers = _telling(request.headers)
        self._describe(exchange, body_of(call.sent, request.headers.get("Content-Type", "")))
        exchange.response_headers = _telling(params.response.headers)
        call.media_type = params.response.content_type
        self._finish(exchange, params.response.status)

    async def _read(
        self, _session: aiohttp.ClientSession, call: SimpleNamespace, params: aiohttp.TraceResponseChunkReceivedParams
    ) -> None:
        call.exchange.response = body_of(params.chunk, call.media_type)
        self._touch(call.exchange)

    async def _failed(
        self, _session: aiohttp.ClientSession, call: SimpleNamespace, params: aiohttp.TraceRequestExceptionParams
    ) -> None:
        self._describe(call.exchange, body_of(call.sent, "application/json"))
        call.exchange.response = {"text": f"no answer: {params.exception}"}
        self._finish(call.exchange, 0)

    # --- both ----------------------------------------------------------------------------------------------------

    def _begin(
        self, direction: Literal["in", "out"], verb: str, url: str, headers: Mapping[str, str], body: Any
    ) -> Exchange:
        exchange = Exchange(id=next(self._ids), revision=0, direction=direction, verb=verb, url=unquote(url))
        exchange.request_headers = _telling(headers)
        self._describe(exchange, body)
        self._exchanges.append(exchange)
        self._touch(exchange)
        return exchange

    def _describe(self, exchange: Exchange, body: Any) -> None:
        data = body.get("json") if body else None
        path = exchange.url.partition("?")[0]
        exchange.call = self._named(path, data)
        exchange.quiet = self._is_quiet(exchange.call, None)
        exchange.request = body

    def _finish(self, exchange: Exchange, status: int) -> None:
        exchange.status = status
        exchange.seconds = round(time.time() - exchange.at, 4)
        self._touch(exchange)

    def _touch(self, exchange: Exchange) -> None:
        exchange.revision = next(self._revisions)
        self._changed()


def body_of(raw: bytes, media_type: str) -> dict[str, Any] | None:
    """Return a body as it is shown: one of the members `json`, `text`, `bytes` (a number); None if there is none."""
    if not raw:
        return None
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return {"bytes": len(raw), "type": media_type}
    try:
        return {"json": json.loads(text)} if len(text) <= MOST_CHARACTERS else {"text": _cut(text)}
    except ValueError:
        return {"text": _cut(text)}


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}… ({len(text)} characters)"


def _form(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"form": [_form_field(name, value) for name, value in fields.items()]}


def _form_field(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, web.FileField):
        return {"name": name, "text": value if isinstance(value, str) else value.decode(errors="replace")}
    value.file.seek(0, 2)
    return {"name": name, "file": value.filename, "type": value.content_type, "bytes": value.file.tell()}


def _response_body(response: web.StreamResponse) -> dict[str, Any] | None:
    body = response.body if isinstance(response, web.Response) else None
    return body_of(bytes(body), response.content_type) if isinstance(body, bytes | bytearray) else None


def _telling(headers: Mapping[str, str]) -> dict[str, str]:
    """Leave out headers that say nothing about the protocol."""
    return {name: value for name, value in headers.items() if name.lower() not in DULL_HEADERS}
