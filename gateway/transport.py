"""The seam all calls outside go through: a request in, status, headers and a bounded body out.

Two transports stand behind it. `aiohttp` is always there; `pyreqwest` (Rust's reqwest) is used where it is installed,
for with it a call takes a quarter of the event loop's time. Neither follows redirects, and no address gets into an
error.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, Protocol

from gateway.errors import UserMistake

if TYPE_CHECKING:
    import aiohttp
    from pyreqwest.bytes import Bytes
    from pyreqwest.request import RequestBuilder

    Read = Callable[[], Awaitable[bytes | Bytes | None]]
    """Returns the next piece of a body; nothing: that was all."""

ClientName = Literal["auto", "aiohttp", "pyreqwest"]

_TROUBLES = (
    (("connection refused", "connect call failed"), "nothing listens at its address"),
    (("dns", "name or service not known", "nodename", "resolve"), "its host's name is unknown here"),
    (("certificate",), "its certificate is not trusted"),
)
"""What stands in the words of an error, on any system and of either transport -> what that means."""


def trouble(error: Exception) -> str:
    """Say why a call did not get through, for people. Not the error's own words: they may name the address."""
    details = getattr(error, "details", None) or ""
    words = f"{type(error).__name__} {error} {details}".lower()
    found = next((said for marks, said in _TROUBLES if any(mark in words for mark in marks)), "")
    return f"{found} ({type(error).__name__})" if found else type(error).__name__


class Unreachable(Exception):
    """No answer, or none that is HTTP; the text is the kind of trouble."""


class Overlong(Exception):
    """The answer has more bytes than were allowed."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer that is there as a whole."""

    status: int
    headers: Mapping[str, str]
    """Looked up without case."""
    body: bytes


@dataclass(frozen=True, slots=True)
class HttpStream:
    """An answer whose body is read while it comes. A connection cut on the way raises like one that never was."""

    status: int
    headers: Mapping[str, str]
    """Looked up without case."""
    chunks: AsyncIterator[bytes]
    """In pieces of any size. Raises `Overlong` past the limit."""


class HttpClient(Protocol):
    """Makes calls; many at a time, over connections that are kept.

    Limits are for the whole answer. Raises `TimeoutError`, `Unreachable`, `Overlong`.
    """

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
        """Make a call and return what is answered."""

    def stream(
        self,
        verb: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout_seconds: float | None = None,
        most_bytes: int,
    ) -> AbstractAsyncContextManager[HttpStream]:
        """Make a call whose answer is wanted while it comes, which costs more."""

    async def close(self) -> None:
        """Hang up."""


def http_client(name: ClientName, session: aiohttp.ClientSession) -> HttpClient:
    """Return the transport of that name; `auto` is the fastest there is. Raises `UserMistake` if it is missing."""
    if name == "aiohttp":
        return AiohttpClient(session)
    try:
        return PyreqwestClient()
    except ImportError:
        if name == "auto":
            return AiohttpClient(session)
        raise UserMistake(
            "server.http_client: pyreqwest is not installed; pip install 'integration-gateway[fast]', or choose aiohttp"
        ) from None


class AiohttpClient:
    """Calls with a session of aiohttp's, which belongs to somebody else."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        import aiohttp  # noqa: PLC0415 - slow to import, and `import gateway` must not be

        self._session = session
        self._payload = aiohttp.BytesPayload  # which aiohttp would look for at length
        self._errors = (aiohttp.ClientError, OSError)
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
        try:
            async with asyncio.timeout(timeout_seconds), self._asked(verb, url, headers, body) as response:
                whole = await _whole(response.content.readany, most_bytes)
                return HttpAnswer(response.status, response.headers, whole)
        except TimeoutError:
            raise
        except self._errors as error:
            raise Unreachable(trouble(error)) from None

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
        try:
            async with asyncio.timeout(timeout_seconds), self._asked(verb, url, headers, body) as response:
                chunks = _bounded(response.content.readany, most_bytes)
                yield HttpStream(response.status, response.headers, chunks)
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


class PyreqwestClient:
    """Calls with pyreqwest. Raises `ImportError` if it is not installed."""

    def __init__(self) -> None:
        from pyreqwest.client import ClientBuilder  # noqa: PLC0415 - optional
        from pyreqwest.exceptions import PyreqwestError  # noqa: PLC0415 - as above

        self._errors = PyreqwestError
        self._client = ClientBuilder().follow_redirects(False).no_proxy().build()

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
        try:
            async with self._asked(verb, url, headers, body, timeout_seconds).build_streamed() as response:
                whole = await _whole(response.body_reader.read_chunk, most_bytes)
                return HttpAnswer(response.status, response.headers, whole)
        except TimeoutError as error:
            raise TimeoutError from error
        except self._errors as error:
            raise Unreachable(trouble(error)) from None

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
        try:
            asked = self._asked(verb, url, headers, body, timeout_seconds).streamed_read_buffer_limit(0)
            async with asked.build_streamed() as response:
                chunks = _bounded(response.body_reader.read_chunk, most_bytes)
                yield HttpStream(response.status, response.headers, chunks)
        except TimeoutError as error:
            raise TimeoutError from error
        except self._errors as error:
            raise Unreachable(trouble(error)) from None

    def _asked(
        self, verb: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout_seconds: float | None
    ) -> RequestBuilder:
        try:
            asked = self._client.request(verb, url).headers(headers)
            if body is not None:
                asked = asked.body_bytes(body)
            return asked if timeout_seconds is None else asked.timeout(timedelta(seconds=timeout_seconds))
        except ValueError as error:  # an address that is none
            raise Unreachable(type(error).__name__) from None

    async def close(self) -> None:
        """See `HttpClient.close`."""
        await self._client.close()


async def _whole(read: Read, most_bytes: int) -> bytes:
    pieces, size = [], 0
    while piece := await read():
        size += len(piece)
        if size > most_bytes:
            raise Overlong
        pieces.append(bytes(piece))
    return b"".join(pieces)


async def _bounded(read: Read, most_bytes: int) -> AsyncIterator[bytes]:
    size = 0
    while piece := await read():
        size += len(piece)
        if size > most_bytes:
            raise Overlong
        yield bytes(piece)
