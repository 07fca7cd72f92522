"""Our own HTTP/1.1 client, for short requests and short answers over connections that are kept.

What it does not do (answers read while they come, credentials in the address, upgrades) goes to the standard one.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections import defaultdict, deque
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING

import aiohappyeyeballs
from yarl import URL

from gateway.transport.connection import Connection, HungUp
from gateway.transport.contract import HttpAnswer, HttpStream, Unreachable, trouble

if TYPE_CHECKING:
    from gateway.transport.contract import HttpClient

IDLE_SECONDS = 15.0
"""How long a connection is kept without a call."""
HAPPY_EYEBALLS_SECONDS = 0.25
"""How long one address of a host is tried before the next one is, too (RFC 8305)."""

VERBS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
HAVE_BODIES = frozenset({"POST", "PUT", "PATCH"})
NOT_OURS = frozenset({"connection", "content-length", "expect", "transfer-encoding", "upgrade"})
"""Headers with which a call is one for the standard client."""
IDEMPOTENCY_KEY = "idempotency-key"
OWN = frozenset({"host", "user-agent", "accept", "accept-encoding"})
"""Headers each request has; what a caller says under such a name takes their place."""

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BREAK = re.compile(r"[\r\n\0]")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a call goes, taken apart."""

    host: str
    port: int
    is_secure: bool
    shown_host: str
    """For the header."""
    target: str
    """Path and query, as they go over the wire."""

    @property
    def origin(self) -> tuple[str, int, bool]:
        """What calls must have in common to share a connection."""
        return (self.host, self.port, self.is_secure)


class LeanClient:
    """Implements `HttpClient`. A connection belongs to one call at a time; who has none free opens another."""

    def __init__(self, standard: HttpClient) -> None:
        """`standard`: what makes all other calls; it is closed by whoever made it."""
        self._standard = standard
        self._idle: defaultdict[tuple[str, int, bool], deque[Connection]] = defaultdict(deque)
        """By origin; the one used last is at the end, and is taken first."""
        self._open: set[Connection] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._is_closed = False

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
        """See `HttpClient.fetch`.

        Made once more only if a kept connection ended before anything of the answer arrived, and the other side can
        tell (by the idempotency key) that it is the same call, or the call changes nothing.
        """
        address = _address(url)
        names = {name.lower() for name in headers}
        if address is None or verb not in VERBS or names & NOT_OURS:
            return await self._standard.fetch(
                verb, url, headers=headers, body=body, timeout_seconds=timeout_seconds, most_bytes=most_bytes
            )
        request = _request(verb, address, headers, names, body)
        deadline = None if timeout_seconds is None else asyncio.get_running_loop().time() + timeout_seconds
        kept = self._kept(address)
        if kept is not None:
            try:
                return await self._asked(kept, address, request, most_bytes, deadline)
            except HungUp:
                if self._is_closed or (verb != "GET" and IDEMPOTENCY_KEY not in names):
                    raise
        fresh = await self._connected(address, deadline)
        return await self._asked(fresh, address, request, most_bytes, deadline)

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
        """See `HttpClient.stream`."""
        return self._standard.stream(
            verb, url, headers=headers, body=body, timeout_seconds=timeout_seconds, most_bytes=most_bytes
        )

    async def close(self) -> None:
        """See `HttpClient.close`. Calls under way raise `Unreachable`, and are not made once more."""
        self._is_closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        for connection in tuple(self._open):
            connection.abort()

    # --- connections ---

    async def _asked(
        self, connection: Connection, address: Address, request: bytes, most_bytes: int, deadline: float | None
    ) -> HttpAnswer:
        answer = await connection.ask(request, most_bytes=most_bytes, deadline=deadline)
        if connection.usable:
            self._keep(connection, address)
        return answer

    def _kept(self, address: Address) -> Connection | None:
        """Take a connection that is kept, if there is one the other side has not ended."""
        idle = self._idle.get(address.origin)
        while idle:
            connection = idle.pop()
            if connection.usable:
                return connection
        return None

    def _keep(self, connection: Connection, address: Address) -> None:
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        self._idle[address.origin].append(connection)
        if self._sweep is None:
            self._sweep = loop.call_later(IDLE_SECONDS, self._end_idle, loop)

    def _end_idle(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hang up where nothing was said for long, and look again when the next one may be due."""
        long_ago = loop.time() - IDLE_SECONDS
        for key, idle in tuple(self._idle.items()):
            while idle and (idle[0].idle_since <= long_ago or not idle[0].usable):
                idle.popleft().abort()
            if not idle:
                del self._idle[key]
        oldest = min((idle[0].idle_since for idle in self._idle.values()), default=None)
        self._sweep = None if oldest is None else loop.call_at(oldest + IDLE_SECONDS, self._end_idle, loop)

    async def _connected(self, address: Address, deadline: float | None) -> Connection:
        """Connect. Raises `TimeoutError`, `Unreachable`."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(deadline):
                found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
                connected = await aiohappyeyeballs.start_connection(
                    found, happy_eyeballs_delay=HAPPY_EYEBALLS_SECONDS, interleave=1
                )
                _, connection = await loop.create_connection(
                    lambda: Connection(self._open),
                    sock=connected,
                    ssl=_trusting() if address.is_secure else None,
                    server_hostname=address.host.rstrip(".") if address.is_secure else None,
                )
        except TimeoutError:
            raise
        except (OSError, UnicodeError) as error:  # of TLS, too; of a host that cannot be a name
            raise Unreachable(trouble(error)) from None
        if self._is_closed:  # meanwhile
            connection.abort()
            raise Unreachable("we hung up")
        return connection


@lru_cache(maxsize=4096)
def _address(url: str) -> Address | None:
    """Take an address apart; None: it is none, or not one for us."""
    try:
        parsed = URL(url)
        port = parsed.port
    except ValueError:
        return None
    if parsed.scheme not in {"http", "https"} or not parsed.raw_host or parsed.raw_authority.count("@") or not port:
        return None
    return Address(
        host=parsed.raw_host,
        port=port,
        is_secure=parsed.scheme == "https",
        shown_host=parsed.host_port_subcomponent or "",
        target=parsed.raw_path_qs,
    )


def _request(verb: str, address: Address, headers: Mapping[str, str], names: set[str], body: bytes | None) -> bytes:
    """Return the bytes of a request. Raises `ValueError` if a header is none."""
    lines = [_opening(verb, address, OWN & names)]
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or _BREAK.search(value):
            raise ValueError(f"the header {name!r} is none, or its value has more than one line")
        lines.append(f"{name}: {value}")
    if body or verb in HAVE_BODIES:
        lines.append(f"Content-Length: {len(body or b'')}")
    return "\r\n".join((*lines, "", "")).encode() + (body or b"")


@lru_cache(maxsize=4096)
def _opening(verb: str, address: Address, said: frozenset[str]) -> str:
    """Return the first lines of a request. `said`: what of our own headers the caller says otherwise."""
    own = {
        "Host": address.shown_host,
        "User-Agent": f"integration-gateway/{version('integration-gateway')}",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
    }
    lines = [f"{name}: {value}" for name, value in own.items() if name.lower() not in said]
    return "\r\n".join((f"{verb} {address.target} HTTP/1.1", *lines))


@cache
def _trusting() -> ssl.SSLContext:
    """Return whom we trust: the system's authorities, or those `SSL_CERT_FILE` names."""
    return ssl.create_default_context()
