"""Callers that are too slow: who does not get its request across lets go of the connection."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.web import Request, RequestHandler

KEEPALIVE_SECONDS = 120.0
"""How long a connection may be idle between two requests: longer than proxies keep theirs."""
HEADER_SECONDS = 20.0
"""How long a new connection may take to say what it wants."""
BODY_SECONDS = 10.0
LEAST_BYTES = 4096
"""Of a body so much must come in `BODY_SECONDS`, over and over."""


class Pace:
    """Watches the connections of one server."""

    def __init__(self) -> None:
        """Nobody is connected yet."""
        self._silent: dict[RequestHandler, asyncio.TimerHandle] = {}

    def connected(self, make: Callable[[], RequestHandler]) -> RequestHandler:
        """Make a connection's protocol, and watch it until its first request is there."""
        handler = make()
        self._silent[handler] = asyncio.get_running_loop().call_later(HEADER_SECONDS, self._give_up, handler)
        return handler

    def _give_up(self, handler: RequestHandler) -> None:
        del self._silent[handler]
        handler.force_close()

    def heard(self, request: Request) -> None:
        """A request is there; what is missing of its body must not take for ever."""
        if (timer := self._silent.pop(request.protocol, None)) is not None:
            timer.cancel()
        if not request.content.is_eof():
            asyncio.get_running_loop().call_later(BODY_SECONDS, _expect_progress, request, request.content.total_bytes)


def _expect_progress(request: Request, before: int) -> None:
    content, transport = request.content, request.transport
    if content.is_eof() or transport is None:
        return
    # Where we read nothing ourselves, for what came before is not dealt with, the caller is not to blame.
    if content.total_bytes - before < LEAST_BYTES and transport.is_reading():
        request.protocol.force_close()
    else:
        asyncio.get_running_loop().call_later(BODY_SECONDS, _expect_progress, request, content.total_bytes)
