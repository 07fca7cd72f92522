"""Calls to another system's HTTP interface, and what its answers mean: one reading of HTTP for all plugins.

An address may hold a secret, so none gets into an error or a log, and no exception of aiohttp leaves this module.
"""

from __future__ import annotations

import json as json_module
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.errors import AuthenticationFailed, Failure, Permanent, Temporary
from gateway.retry_after import retry_after_seconds

if TYPE_CHECKING:
    import aiohttp

    from gateway.contracts import Context

CALL_SECONDS = 15.0
ANSWER_BYTES = 1024 * 1024
CHUNK_BYTES = 64 * 1024
IDEMPOTENCY_HEADER = "Idempotency-Key"
"""https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/"""

REDIRECTS, REFUSED, FAULTY = 300, 400, 500
AGAIN_LATER = frozenset({408, 423, 425, 429})
NOT_LET_IN = frozenset({401, 403, 407})
GONE = frozenset({404, 410})


class Rejected(Permanent):
    """The other side understood and said no."""

    def __init__(self, reason: str, status: int, body: bytes = b"") -> None:
        """`status`: HTTP's; `body`: what it answered, for a protocol that says more there. Never shown as it is."""
        super().__init__(reason)
        self.status = status
        self.body = body

    @property
    def gone(self) -> bool:
        """Whether the other side does not know what it was asked about."""
        return self.status in GONE


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteAnswer:
    """A 2xx answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names as they came; looked up without case."""

    def json(self) -> Any:
        """Decode the body. Raises `Permanent` if it is not JSON."""
        try:
            return json_module.loads(self.body)
        except (ValueError, RecursionError):
            raise Permanent("the answer is not JSON") from None


class Remote:
    """Another system, called by HTTP.

    Raises a `Failure` for everything but a 2xx answer: `AuthenticationFailed` (401, 403, 407), `Temporary` (no answer,
    408, 423, 425, 429, 5xx; with the delay of a `Retry-After`), `Rejected` (the rest, redirects among them).
    """

    def __init__(
        self,
        context: Context,
        *,
        who: str,
        cure: str,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float | None = CALL_SECONDS,
        answer_bytes: int = ANSWER_BYTES,
    ) -> None:
        """`who`: the other side, as errors name it; `cure`: what to do when it does not let us in.

        `timeout_seconds`: None leaves it to the core, which ends every call it makes by the instance's own time limit.
        """
        self._context = context
        self._who = who
        self._cure = cure
        self._headers = dict(headers or {})
        self._timeout_seconds = timeout_seconds
        self._answer_bytes = answer_bytes

    async def get(self, url: str, *, params: Mapping[str, str] | None = None) -> RemoteAnswer:
        """Ask for something."""
        return await self._call("GET", url, headers=self._headers, params=params)

    async def post(
        self,
        url: str,
        body: Any,
        *,
        key: str = "",
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> RemoteAnswer:
        """Post JSON (`bytes`: as they are). `key`: the same for every repetition, sent as `Idempotency-Key`."""
        more = {IDEMPOTENCY_HEADER: key} if key else {}
        content = {"data": body} if isinstance(body, bytes) else {"json": body}
        all_headers = {**self._headers, **(headers or {}), **more}
        return await self._call("POST", url, headers=all_headers, params=params, **content)

    async def _call(self, verb: str, url: str, **more: Any) -> RemoteAnswer:
        import aiohttp  # noqa: PLC0415 - slow to import, and `import gateway` must not be

        timeout = aiohttp.ClientTimeout(total=self._timeout_seconds)
        try:
            async with self._context.http.request(
                verb, url, timeout=timeout, allow_redirects=False, **more
            ) as response:
                body = await self._bounded(response)
                if response.status >= REDIRECTS:
                    raise self._failure(response, body)
                return RemoteAnswer(status=response.status, body=body, headers=response.headers)
        except TimeoutError:
            raise Temporary(f"{self._who} did not answer within {self._timeout_seconds:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Temporary(f"{self._who} cannot be reached: {type(error).__name__}") from None

    async def _bounded(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_chunked(CHUNK_BYTES):
            body += chunk
            if len(body) > self._answer_bytes:
                response.close()
                raise Permanent(f"the answer of {self._who} is longer than {self._answer_bytes} bytes")
        return bytes(body)

    def _failure(self, response: aiohttp.ClientResponse, body: bytes) -> Failure:
        return failure_of(
            response.status, response.headers, who=self._who, cure=self._cure, now=self._context.now(), body=body
        )


def failure_of(
    status: int, headers: Mapping[str, str], *, who: str, cure: str, now: float | None = None, body: bytes = b""
) -> Failure:
    """Return what an answer with another status than 2xx means. `who`, `cure`: see `Remote`; `now`: unix seconds."""
    if status in NOT_LET_IN:
        return AuthenticationFailed(f"{who} does not let us in (status {status}); {cure}")
    if status >= FAULTY or status in AGAIN_LATER:
        delay = retry_after_seconds(headers.get("Retry-After", ""), now)
        return Temporary(f"{who} cannot take it now (status {status})", retry_after_seconds=delay)
    if status < REFUSED:
        return Rejected(f"{who} has moved elsewhere (status {status}); {cure}", status, body)
    return Rejected(f"{who} refuses it (status {status})", status, body)
