"""The seam all calls outside go through: a request in, status, headers and a bounded body out.

Two transports stand behind it. `aiohttp` is always there; `pyreqwest` (Rust's reqwest) is used where it is installed,
for a call with it costs a sixth. Neither follows redirects, and no address gets into an error.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, Protocol

from gateway.errors import UserMistake

if TYPE_CHECKING:
    import aiohttp
    from pyreqwest.request import StreamRequest
    from pyreqwest.response import ResponseBodyReader

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
class HttpStream:
    """An answer whose body is read while it comes. A connection cut on the way raises like one that never was."""

    status: int
    headers: Mapping[str, str]
    """Looked up without case."""
    chunks: AsyncIterator[bytes]
    """In pieces of any size. Raises `Overlong` past the limit."""


class HttpClient(Protocol):
    """Makes calls; many at a time, over connections that are kept."""

    def stream(
        self,
        verb: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout_seconds: float | None = None,
        most_bytes: int,
        live: bool = False,
    ) -> AbstractAsyncContextManager[HttpStream]:
        """Make a call; limits are for the whole answer. Raises `TimeoutError`, `Unreachable`, `Overlong`.

        `live`: the body is wanted while it comes, which costs more; else it may be gathered first.
        """

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
        self._session = session

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
        live: bool = False,  # noqa: ARG002 - it always is
    ) -> AsyncIterator[HttpStream]:
        """See `HttpClient.stream`."""
        import aiohttp  # noqa: PLC0415 - slow to import, and `import gateway` must not be

        timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        try:
            async with self._session.request(
                verb, url, headers=headers, data=body, timeout=timeout, allow_redirects=False
            ) as response:
                chunks = _bounded(response.content.iter_any(), most_bytes)
                yield HttpStream(response.status, response.headers, chunks)
        except TimeoutError:
            raise
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable(trouble(error)) from None

    async def close(self) -> None:
        """See `HttpClient.close`."""


class PyreqwestClient:
    """Calls with pyreqwest. Raises `ImportError` if it is not installed."""

    def __init__(self) -> None:
        from pyreqwest.client import ClientBuilder  # noqa: PLC0415 - optional
        from pyreqwest.exceptions import PyreqwestError  # noqa: PLC0415 - as above

        self._errors = PyreqwestError
        self._client = ClientBuilder().follow_redirects(False).no_proxy().build()

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
        live: bool = False,
    ) -> AsyncIterator[HttpStream]:
        """See `HttpClient.stream`."""
        try:
            async with self._asked(verb, url, headers, body, timeout_seconds, live=live) as response:
                chunks = _bounded(_chunks(response.body_reader), most_bytes)
                yield HttpStream(response.status, response.headers, chunks)
        except TimeoutError as error:
            raise TimeoutError from error
        except self._errors as error:
            raise Unreachable(trouble(error)) from None

    def _asked(
        self,
        verb: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout_seconds: float | None,
        *,
        live: bool,
    ) -> StreamRequest:
        try:
            asked = self._client.request(verb, url).headers(headers)
            if body is not None:
                asked = asked.body_bytes(body)
            if timeout_seconds is not None:
                asked = asked.timeout(timedelta(seconds=timeout_seconds))
            if live:
                asked = asked.streamed_read_buffer_limit(0)
            return asked.build_streamed()
        except ValueError as error:  # an address that is none
            raise Unreachable(type(error).__name__) from None

    async def close(self) -> None:
        """See `HttpClient.close`."""
        await self._client.close()


async def _chunks(reader: ResponseBodyReader) -> AsyncIterator[bytes]:
    while chunk := await reader.read_chunk():
        yield bytes(chunk)


async def _bounded(chunks: AsyncIterator[bytes], most_bytes: int) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > most_bytes:
            raise Overlong
        yield chunk
