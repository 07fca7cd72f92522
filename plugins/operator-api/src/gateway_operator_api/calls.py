"""One call to the other side: JSON out, a bounded answer in, and what a refusal means.

The documentation names 200 and nothing else, so statuses mean here what they mean everywhere. Addresses are secrets of
this protocol: none gets into an error or a log.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import aiohttp

from gateway import AuthenticationFailed, Failure, Permanent, Temporary, retry_after_seconds
from gateway_operator_api.wire import IDEMPOTENCY_HEADER

if TYPE_CHECKING:
    from gateway import Context

CALL_SECONDS = 15.0
ANSWER_BYTES = 1024 * 1024
CHUNK_BYTES = 64 * 1024
REDIRECTS, REFUSED, FAULTY = 300, 400, 500
AGAIN_LATER = frozenset({408, 423, 425, 429})
NOT_LET_IN = frozenset({401, 403, 407})
GONE = frozenset({404, 410})


class Rejected(Permanent):
    """The other side understood and said no."""

    def __init__(self, reason: str, status: int) -> None:
        """`status`: HTTP's."""
        super().__init__(reason)
        self.status = status

    @property
    def gone(self) -> bool:
        """Whether the other side does not know what it was asked about."""
        return self.status in GONE


class Calls:
    """Makes calls to one side."""

    def __init__(self, context: Context, *, who: str, cure: str, headers: Mapping[str, str] | None = None) -> None:
        """`who`: the other side, as errors name it; `cure`: what to do when it does not let us in."""
        self._context = context
        self._who = who
        self._cure = cure
        self._headers = dict(headers or {})

    async def post(self, url: str, body: Any, *, key: str = "") -> None:
        """Post JSON. `key`: the same for every repetition. Raises a `Failure`."""
        headers = {IDEMPOTENCY_HEADER: key} if key else {}
        await self._call("POST", url, json=body, headers={**self._headers, **headers})

    async def get(self, url: str) -> bytes:
        """Return the answer's body. Raises a `Failure`."""
        return await self._call("GET", url, headers=self._headers)

    async def _call(self, verb: str, url: str, **more: Any) -> bytes:
        timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
        try:
            async with self._context.http.request(
                verb, url, timeout=timeout, allow_redirects=False, **more
            ) as response:
                body = await self._bounded(response)
                if response.status >= REDIRECTS:
                    raise self._failure(response)
                return body
        except TimeoutError:
            raise Temporary(f"{self._who} did not answer within {CALL_SECONDS:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Temporary(f"{self._who} cannot be reached: {type(error).__name__}") from None

    async def _bounded(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_chunked(CHUNK_BYTES):
            body += chunk
            if len(body) > ANSWER_BYTES:
                response.close()
                raise Permanent(f"the answer of {self._who} is longer than {ANSWER_BYTES} bytes")
        return bytes(body)

    def _failure(self, response: aiohttp.ClientResponse) -> Failure:
        status = response.status
        if status in NOT_LET_IN:
            return AuthenticationFailed(f"{self._who} does not let us in (status {status}); {self._cure}")
        if status >= FAULTY or status in AGAIN_LATER:
            delay = retry_after_seconds(response.headers.get("Retry-After", ""), self._context.now())
            return Temporary(f"{self._who} cannot take it now (status {status})", retry_after_seconds=delay)
        if status < REFUSED:
            return Rejected(f"{self._who} has moved elsewhere (status {status}); {self._cure}", status)
        return Rejected(f"{self._who} refuses it (status {status})", status)
