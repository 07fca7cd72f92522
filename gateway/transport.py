"""The seam all short calls outside go through: a request in, status, headers and a bounded body out.

Two transports stand behind it. `aiohttp` is always there; `pyreqwest` (Rust's reqwest) is used where it is installed,
for a call with it costs a sixth. Neither follows redirects, and no address gets into an error.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, Protocol

from gateway.errors import UserMistake

if TYPE_CHECKING:
    import aiohttp
    from pyreqwest.bytes import Bytes
    from pyreqwest.response import ResponseBodyReader

ClientName = Literal["auto", "aiohttp", "pyreqwest"]
CHUNK_BYTES = 64 * 1024


class Unreachable(Exception):
    """No answer, or none that is HTTP; the text is the kind of trouble."""


class Overlong(Exception):
    """The answer has more bytes than were allowed."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What the other side answered."""

    status: int
    headers: Mapping[str, str]
    """Looked up without case."""
    body: bytes


class HttpClient(Protocol):
    """Makes calls; many at a time, over connections that are kept."""

    async def request(
        self,
        verb: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout_seconds: float | None = None,
        most_bytes: int,
    ) -> HttpAnswer:
        """Make a call. Raises `TimeoutError`, `Unreachable`, `Overlong`."""

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

    async def request(
        self,
        verb: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout_seconds: float | None = None,
        most_bytes: int,
    ) -> HttpAnswer:
        """See `HttpClient.request`."""
        import aiohttp  # noqa: PLC0415 - slow to import, and `import gateway` must not be

        timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        try:
            async with self._session.request(
                verb, url, headers=headers, data=body, timeout=timeout, allow_redirects=False
            ) as response:
                content = await _bounded(response.content.iter_chunked(CHUNK_BYTES), most_bytes)
                return HttpAnswer(response.status, response.headers, content)
        except TimeoutError:
            raise
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable(type(error).__name__) from None

    async def close(self) -> None:
        """See `HttpClient.close`."""


class PyreqwestClient:
    """Calls with pyreqwest. Raises `ImportError` if it is not installed."""

    def __init__(self) -> None:
        from pyreqwest.client import ClientBuilder  # noqa: PLC0415 - optional
        from pyreqwest.exceptions import PyreqwestError  # noqa: PLC0415 - as above

        self._errors = PyreqwestError
        self._client = ClientBuilder().follow_redirects(False).no_proxy().build()

    async def request(
        self,
        verb: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout_seconds: float | None = None,
        most_bytes: int,
    ) -> HttpAnswer:
        """See `HttpClient.request`."""
        try:
            asked = self._client.request(verb, url).headers(headers)
            if body is not None:
                asked = asked.body_bytes(body)
            if timeout_seconds is not None:
                asked = asked.timeout(timedelta(seconds=timeout_seconds))
            async with asked.build_streamed() as response:
                content = await _bounded(_chunks(response.body_reader), most_bytes)
                return HttpAnswer(response.status, response.headers, content)
        except TimeoutError as error:
            raise TimeoutError from error
        except (self._errors, ValueError) as error:
            raise Unreachable(type(error).__name__) from None

    async def close(self) -> None:
        """See `HttpClient.close`."""
        await self._client.close()


async def _chunks(reader: ResponseBodyReader) -> AsyncIterator[Bytes]:
    while chunk := await reader.read_chunk():
        yield chunk


async def _bounded(chunks: AsyncIterator[bytes | Bytes], most_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > most_bytes:
            raise Overlong
    return bytes(body)
