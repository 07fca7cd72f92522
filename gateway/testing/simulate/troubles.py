"""What a person lets go wrong: a refusal, slowness, nobody there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from aiohttp import web

from gateway.testing.simulate.stage import Given, NotNow
from gateway.testing.simulate.tap import Handler

STATUSES = range(400, 600)
MOST_SECONDS = 120.0


@dataclass(kw_only=True, slots=True)
class Trouble:
    """How the other side behaves at the moment."""

    refuse_status: int = 0
    refuse_call: str = ""
    """Only calls of this name; empty: any that is not quiet."""
    refuse_times: int = 0
    retry_after: int = 0
    slow_seconds: float = 0
    away: bool = False


class Troubles:
    """Comes between the gateway and the fake."""

    def __init__(self, *, refusal: Callable[[int, int], Any], is_quiet: Callable[[str, Any], bool]) -> None:
        """`refusal`, `is_quiet`: as in `Stage`."""
        self._now = Trouble()
        self._refusal = refusal
        self._is_quiet = is_quiet

    def shown(self) -> dict[str, Any]:
        """Return how things stand, for the page."""
        return asdict(self._now)

    def set(self, given: Given) -> None:
        """Take what a person has filled in. Raises `NotNow`."""
        refuse = _number(given.text("refuse_status"), 0)
        if refuse and int(refuse) not in STATUSES:
            raise NotNow("A refusal has a status from 400 to 599.")
        self._now = Trouble(
            refuse_status=int(refuse),
            refuse_call=given.text("refuse_call"),
            refuse_times=int(_number(given.text("refuse_times"), 1)) if refuse else 0,
            retry_after=int(_number(given.text("retry_after"), 0)),
            slow_seconds=min(_number(given.text("slow_seconds"), 0), MOST_SECONDS),
            away=given.checked("away"),
        )

    async def serve(self, call: str, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Handle a request as the troubles are."""
        if self._now.away:
            return _cut(request)
        if self._now.slow_seconds and not self._is_quiet(call, None):
            await asyncio.sleep(self._now.slow_seconds)
        if self._refuses(call):
            return self._refused()
        return await handler(request)

    def _refuses(self, call: str) -> bool:
        now = self._now
        concerned = call == now.refuse_call if now.refuse_call else not self._is_quiet(call, None)
        return now.refuse_times > 0 and concerned

    def _refused(self) -> web.Response:
        now = self._now
        now.refuse_times -= 1
        headers = {"Retry-After": str(now.retry_after)} if now.retry_after else {}
        body = self._refusal(now.refuse_status, now.retry_after)
        return web.json_response(body, status=now.refuse_status, headers=headers)


def _cut(request: web.Request) -> web.Response:
    """Close the connection without an answer."""
    if request.transport:
        request.transport.abort()
    return web.Response()


def _number(text: str, default: float) -> float:
    try:
        return max(float(text), 0) if text else default
    except ValueError:
        raise NotNow(f"{text!r} is no number.") from None
