"""Which sites may show the chat: every request and socket is checked here, and every answer gets its headers here."""

from __future__ import annotations

import json
from functools import wraps
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

from gateway import BadInput, Blocked, TooLarge, Unauthorized, Unavailable
from gateway_widget.tokens import Expired

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from gateway import GatewayError

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CODES: tuple[tuple[type[Exception], str], ...] = (
    (Expired, "expired"),
    (Unauthorized, "unauthorized"),
    (Blocked, "blocked"),
    (TooLarge, "too_large"),
    (Unavailable, "unavailable"),
)
SAFE_METHODS = {"GET", "HEAD"}
CORS = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "7200",
}


class Refusal(web.HTTPException):
    """A refused request. Raised rather than returned, so that the core sees and counts it."""

    status_code = 400

    def __init__(self, status: int, answer: Mapping[str, str], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(headers=headers, text=json.dumps(answer), content_type="application/json")
        self.set_status(status)


def refusal(error: GatewayError) -> dict[str, str]:
    """Return an error as a browser gets it: a code for the program, a reason for people."""
    code = next((code for kind, code in CODES if isinstance(error, kind)), "bad_input")
    return {"type": "error", "code": code, "reason": str(error)}


class Access:
    """The door. `allows` knows the sites from the config; pages of the gateway itself always may."""

    def __init__(self, allows: Callable[[str], bool], *, own_url: str) -> None:
        self._allows = allows
        own = urlsplit(own_url.lower())
        self._own_origin = f"{own.scheme}://{own.netloc}"

    def guard(self, handler: Handler) -> Handler:
        """Wrap a handler: foreign origins get 403, ours the CORS headers, and errors an answer a page can read."""

        @wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            self.check(request)
            try:
                response = await handler(request)
            except (BadInput, Unavailable) as error:
                raise _answer(error, self.headers(request)) from None
            if not response.prepared:
                response.headers.update(self.headers(request))
            return response

        return guarded

    def check(self, request: web.Request) -> None:
        """Raise 403 for foreign origins."""
        if problem := self._problem(request):
            raise Refusal(403, {"type": "error", "code": "foreign_origin", "reason": problem})

    async def preflight(self, _request: web.Request) -> web.Response:
        """Answer a browser's question whether it may ask."""
        return web.Response(status=204, headers=CORS)

    def _problem(self, request: web.Request) -> str:
        """Return why a request is not welcome, or nothing."""
        origin = request.headers.get("Origin")
        if origin is None:
            # Browsers leave it out only where the page is our own or nothing but reading happens.
            socket = request.headers.get("Upgrade", "").lower() == "websocket"
            return "" if request.method in SAFE_METHODS and not socket else "the Origin header is missing"
        if self._own(request, origin) or self._allows(origin):
            return ""
        return f"{origin} may not show this chat; add it to the widget's `origins`"

    def _own(self, request: web.Request, origin: str) -> bool:
        return origin.lower() == self._own_origin or origin.lower().partition("://")[2] == request.host.lower()

    def headers(self, request: web.Request) -> Mapping[str, str]:
        """Return what lets an allowed page read the answer. Only for answers that the guard does not see whole."""
        origin = request.headers.get("Origin")
        allowed = {"Access-Control-Allow-Origin": origin} if origin else {}
        return {**allowed, "Vary": "Origin, Accept-Encoding"}


def _answer(error: BadInput | Unavailable, headers: Mapping[str, str]) -> Refusal:
    if isinstance(error, BadInput):
        return Refusal(error.status, refusal(error), headers)
    delay = max(1, round(error.retry_after_seconds))
    return Refusal(503, refusal(error), {**headers, "Retry-After": str(delay)})
