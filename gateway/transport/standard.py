"""Calls with aiohttp's client, which can do everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from gateway.transport.contract import HttpAnswer, HttpStream, Overlong, Unreachable, trouble

if TYPE_CHECKING:
    import aiohttp

Read = Callable[[], Awaitable[bytes]]
"""Returns the next piece of a body; nothing: that was all."""


class AiohttpClient:
    """Calls with a session of aiohttp's, which belongs to somebody else."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        import aiohttp  # noqa: PLC0415 - slow to import, and `import gateway` must not be

        self._session = session
        self._payload = aiohttp.BytesPayload  # which aiohttp would look for at length
        self._errors = (aiohttp.ClientError, OSError, UnicodeError)  # the last: a host that cannot be a name
        self._no_limit = aiohttp.ClientTimeout(total=None)  # `asyncio.timeout` costs a fifth of aiohttp's own

    async def fetch(
        self,
        verb: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout_seconds: float | None = None,
        most_bytes: int,
    ) -> HttpAnswer:
        """See `HttpClient.fetch`."""
        with self._in_our_words():
            async with asyncio.timeout(timeout_seconds), self._asked(verb, url, headers, body) as response:
                whole = await _whole(response.content.readany, most_bytes)
                return HttpAnswer(response.status, response.headers, whole)

    @asynccontextmanager
    async def stream(
        self,
        verb: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout_seconds: float | None = None,
        most_bytes: int,
    ) -> AsyncIterator[HttpStream]:
        """See `HttpClient.stream`."""
        with self._in_our_words():
            async with asyncio.timeout(timeout_seconds), self._asked(verb, url, headers, body) as response:
                chunks = _bounded(response.content.readany, most_bytes)
                yield HttpStream(response.status, response.headers, chunks)

    @contextmanager
    def _in_our_words(self) -> Iterator[None]:
        """Raise what aiohttp raises as this seam does."""
        try:
            yield
        except TimeoutError:
            raise
        except self._errors as error:
            raise Unreachable(trouble(error)) from None

    def _asked(
        self, verb: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        data = None if body is None else self._payload(body)
        return self._session.request(
            verb, url, headers=headers, data=data, timeout=self._no_limit, allow_redirects=False
        )

    async def close(self) -> None:
        """See `HttpClient.close`."""


async def _whole(read: Read, most_bytes: int) -> bytes:
    pieces, size = [], 0
    while piece := await read():
        size += len(piece)
        if size > most_bytes:
            raise Overlong
        pieces.append(piece)
    return b"".join(pieces)


async def _bounded(read: Read, most_bytes: int) -> AsyncIterator[bytes]:
    size = 0
    while piece := await read():
        size += len(piece)
        if size > most_bytes:
            raise Overlong
        yield piece
