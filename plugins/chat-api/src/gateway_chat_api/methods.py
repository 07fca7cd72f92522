"""The methods of the API, as handlers."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from gateway import IDEMPOTENCY_HEADER, BadInput, Unauthorized, same_secret
from gateway_chat_api.openapi import description
from gateway_chat_api.wire import Ask, Listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gateway import Context
    from gateway_chat_api.asking import Asking
    from gateway_chat_api.listing import Listings
    from gateway_chat_api.options import ChatApiOptions

WRITE_SECONDS = 10.0
"""How long a caller may take to read an answer before it counts as gone."""
LAST_EVENT = "Last-Event-ID"


class Methods:
    """Serves one instance."""

    def __init__(self, context: Context, options: ChatApiOptions, *, asking: Asking, listings: Listings) -> None:
        """All parts are the instance's."""
        self._context = context
        self._token = options.token.get_secret_value()
        self._asking = asking
        self._listings = listings

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return the addresses. A colon in the token may be written as `%3A`."""
        base = "/chatapi/{token}"
        return [
            web.post(base, self._post),
            web.get(base, self._get, allow_head=False),
            web.post(f"{base}/async", self._async),
            web.get(f"{base}/events", self._events, allow_head=False),
            web.get(f"{base}/history", self._history, allow_head=False),
            web.get("/openapi.json", self._describe),
        ]

    async def _post(self, request: web.Request) -> web.StreamResponse:
        self._let_in(request)
        return await self._answered(request, await self._asked(request))

    async def _get(self, request: web.Request) -> web.StreamResponse:
        self._let_in(request)
        return await self._answered(request, Ask.model_validate(_with_key(request, dict(request.query))))

    async def _async(self, request: web.Request) -> web.StreamResponse:
        self._let_in(request)
        return _json(await self._asking.later(await self._asked(request)))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        self._let_in(request)
        asked = self._listing(request)
        items, note = await self._listings.events(asked)
        response = _json(items)
        if await _written(request, response) and note:
            await note()
        return response

    async def _history(self, request: web.Request) -> web.StreamResponse:
        self._let_in(request)
        return _json(await self._listings.history(self._listing(request)))

    async def _describe(self, _request: web.Request) -> web.StreamResponse:
        return _json(description(self._context.url(f"/{self._context.name}")))

    def _let_in(self, request: web.Request) -> None:
        if not same_secret(request.match_info["token"], self._token):
            raise Unauthorized("this token opens nothing here")

    async def _asked(self, request: web.Request) -> Ask:
        body = _object(await request.read())
        cid = {"cid": request.query["cid"]} if "cid" in request.query else {}
        return Ask.model_validate(_with_key(request, {**body, **cid}))

    def _listing(self, request: web.Request) -> Listing:
        last = {"after": request.headers[LAST_EVENT]} if LAST_EVENT in request.headers else {}
        return Listing.model_validate({**last, **request.query})

    async def _answered(self, request: web.Request, ask: Ask) -> web.StreamResponse:
        answers: list[web.Response] = []

        async def write(body: dict[str, Any]) -> bool:
            answers.append(_json(body))
            return await _written(request, answers[0])

        await self._asking.now(ask, write)
        return answers[0]


async def _written(request: web.Request, response: web.Response) -> bool:
    """Write an answer; tell whether the caller was still there to read it, as far as anybody can know."""
    transport = request.transport
    if transport is None or transport.is_closing():
        return False
    try:
        async with asyncio.timeout(WRITE_SECONDS):
            await response.prepare(request)
            await response.write_eof()
    except ConnectionError:
        return False
    except TimeoutError:
        transport.abort()
        return False
    return request.transport is not None


def _json(body: Any) -> web.Response:
    return web.json_response(body, headers={"Cache-Control": "no-store"})


def _object(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"the body is not JSON: {type(error).__name__}") from None
    if not isinstance(body, dict):
        raise BadInput("the body must be a JSON object")
    return body


def _with_key(request: web.Request, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The caller's own id of a message: in the request, or as the header other gateways send."""
    key = request.headers.get(IDEMPOTENCY_HEADER, "").strip().strip('"')
    return {**({"messageId": key} if key else {}), **asked}
