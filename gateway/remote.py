"""Calls to another system's HTTP interface, and what its answers mean: one reading of HTTP for all plugins.

An address may hold a secret, so none gets into an error or a log.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from gateway.errors import AuthenticationFailed, Failure, Permanent, Temporary
from gateway.retry_after import retry_after_seconds
from gateway.transport import Overlong, Unreachable
from gateway.wire import read_json, write_json

if TYPE_CHECKING:
    from gateway.given import Context

CALL_SECONDS = 15.0
ANSWER_BYTES = 1024 * 1024
IDEMPOTENCY_HEADER = "Idempotency-Key"
"""https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/"""

REDIRECTS, REFUSED, FAULTY = 300, 400, 500
AGAIN_LATER = frozenset({408, 423, 425, 429})
NOT_LET_IN = frozenset({401, 403, 407})
GONE = frozenset({404, 410})
WRONG_PLACE = GONE | {405}


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
    """A 2xx answer; of `exchange` any."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names as they came; looked up without case."""

    def json(self) -> Any:
        """Decode the body. Raises `Permanent` if it is not JSON."""
        try:
            return read_json(self.body)
        except ValueError:
            raise Permanent("the answer is not JSON") from None


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteStream:
    """A 2xx answer whose body is read while it comes."""

    status: int
    headers: Mapping[str, str]
    """Names as they came; looked up without case."""
    chunks: AsyncIterator[bytes]


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
        where: str = "",
    ) -> None:
        """`who`: the other side, as errors name it; `cure`: what to do when it does not let us in.

        `where`: the option with its address, named when there is nothing of the kind at it (3xx, 404, 405, 410).

        `timeout_seconds`: None leaves it to the core, which ends every call it makes by the instance's own time limit.
        """
        self._context = context
        self._who = who
        self._cure = cure
        self._where = where
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
        content = body if isinstance(body, bytes) else write_json(body)
        kind = {} if isinstance(body, bytes) else {"Content-Type": "application/json"}
        all_headers = {**kind, **self._headers, **(headers or {}), **more}
        return await self._call("POST", url, headers=all_headers, params=params, body=content)

    async def exchange(self, url: str, body: Any, *, timeout_seconds: float | None = None) -> RemoteAnswer:
        """Post JSON and return what is answered, whatever its status: for a protocol whose bodies say what went wrong.

        Raises a `Failure` only if there is no answer, or too long a one. `timeout_seconds`: in place of the usual.
        """
        headers = {"Content-Type": "application/json", **self._headers}
        seconds = self._timeout_seconds if timeout_seconds is None else timeout_seconds
        return await self._exchanged("POST", url, headers, write_json(body), seconds)

    @asynccontextmanager
    async def streamed(self, url: str, body: Any) -> AsyncIterator[RemoteStream]:
        """Post JSON and read the answer while it comes; the block only reads. Limits are for the whole.

        A connection cut on the way raises `Temporary`, as before it; the other side may also just end too early.
        """
        headers = {"Content-Type": "application/json", **self._headers}
        try:
            async with self._context.client.stream(
                "POST",
                url,
                headers=headers,
                body=write_json(body),
                timeout_seconds=self._timeout_seconds,
                most_bytes=self._answer_bytes,
            ) as answer:
                if answer.status >= REDIRECTS:
                    whole = b"".join([chunk async for chunk in answer.chunks])
                    raise self._failure(RemoteAnswer(status=answer.status, body=whole, headers=answer.headers))
                yield RemoteStream(status=answer.status, headers=answer.headers, chunks=answer.chunks)
        except (TimeoutError, Unreachable, Overlong) as trouble:
            raise self._trouble(trouble, self._timeout_seconds) from None

    async def _call(
        self,
        verb: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        params: Mapping[str, str] | None = None,
    ) -> RemoteAnswer:
        answer = await self._exchanged(verb, with_query(url, params), headers, body, self._timeout_seconds)
        if answer.status >= REDIRECTS:
            raise self._failure(answer)
        return answer

    async def _exchanged(
        self, verb: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout_seconds: float | None
    ) -> RemoteAnswer:
        """Make a request and return its answer, whatever that is."""
        try:
            answer = await self._context.client.fetch(
                verb,
                url,
                headers=headers,
                body=body,
                timeout_seconds=timeout_seconds,
                most_bytes=self._answer_bytes,
            )
        except (TimeoutError, Unreachable, Overlong) as trouble:
            raise self._trouble(trouble, timeout_seconds) from None
        return RemoteAnswer(status=answer.status, body=answer.body, headers=answer.headers)

    def _trouble(self, trouble: Exception, timeout_seconds: float | None) -> Failure:
        """Return what it means that there is no answer, or too long a one."""
        if isinstance(trouble, TimeoutError):
            within = f" within {timeout_seconds:g} s" if timeout_seconds is not None else " in time"
            return Temporary(f"{self._who} did not answer{within}")
        if isinstance(trouble, Overlong):
            return Permanent(f"the answer of {self._who} is longer than {self._answer_bytes} bytes")
        return Temporary(f"{self._who} cannot be reached: {trouble}")

    def _failure(self, answer: RemoteAnswer) -> Failure:
        return failure_of(
            answer.status,
            answer.headers,
            who=self._who,
            cure=self._cure,
            where=self._where,
            now=self._context.now(),
            body=answer.body,
        )


def with_query(url: str, params: Mapping[str, str] | None) -> str:
    """Return an address with more query parameters."""
    if not params:
        return url
    parts = urlsplit(url)
    query = "&".join(filter(None, [parts.query, urlencode(params)]))
    return urlunsplit(parts._replace(query=query))


def failure_of(
    status: int,
    headers: Mapping[str, str],
    *,
    who: str,
    cure: str,
    where: str = "",
    now: float | None = None,
    body: bytes = b"",
) -> Failure:
    """Return what an answer with another status than 2xx means.

    `who`, `cure`, `where`: see `Remote`; `now`: unix seconds.
    """
    if status in NOT_LET_IN:
        return AuthenticationFailed(f"{who} does not let us in (status {status}); {cure}")
    if status >= FAULTY or status in AGAIN_LATER:
        delay = retry_after_seconds(headers.get("Retry-After", ""), now)
        return Temporary(f"{who} cannot take it now (status {status})", retry_after_seconds=delay)
    if status < REFUSED:
        cure = f"correct the option `{where}`" if where else cure
        return Rejected(f"{who} has moved elsewhere (status {status}); {cure}", status, body)
    hint = f"; if it always does, correct the option `{where}`" if where and status in WRONG_PLACE else ""
    return Rejected(f"{who} refuses it (status {status}){hint}", status, body)
