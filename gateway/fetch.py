"""Fetches files whose addresses come from outside, without being led into the operator's own network.

Every hop is looked at anew: the address a name resolves to at the moment of connecting, and addresses written out.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from gateway.errors import Permanent, Temporary

MOST_REDIRECTS = 5
TIMEOUT_SECONDS = 60.0
NO_ADDRESS = "the file's address is not one"
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
NOT_FOUND_FROM = 400
FAULTY_FROM = 500


class PublicResolver(AbstractResolver):
    """Resolves names, and refuses those that lead to a private address."""

    def __init__(self) -> None:
        """Resolve as the system does."""
        self._inner = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the public addresses of a name. Raises `Permanent` if there are only private ones."""
        found = await self._inner.resolve(host, port, family)
        public = [result for result in found if is_public(result["host"])]
        if found and not public:
            raise Permanent("the file's address leads into a private network")
        return public

    async def close(self) -> None:
        """Let go."""
        await self._inner.close()


class Fetcher:
    """Downloads; `close` after."""

    def __init__(self, *, allow_private: bool = False) -> None:
        """`allow_private`: the operator trusts those who name addresses."""
        self._allow_private = allow_private
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Let go of connections."""
        if self._session:
            await self._session.close()

    @asynccontextmanager
    async def get(self, url: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """Open a file; the response's content is to be read in chunks. Raises `Permanent`, `Temporary`."""
        try:
            response = await self._follow(url)
            async with response:
                yield response
        except TimeoutError:
            raise Temporary("the file's server did not answer in time") from None
        except aiohttp.InvalidURL:
            raise Permanent(NO_ADDRESS) from None
        except aiohttp.ClientError as error:
            raise Temporary(f"the file's server cannot be reached: {type(error).__name__}") from error

    async def _follow(self, url: str) -> aiohttp.ClientResponse:
        target = _parsed(url)
        for _ in range(MOST_REDIRECTS + 1):
            self._check(target)
            response = await self._opened().get(target, allow_redirects=False)
            onward = response.headers.get("Location") if response.status in {301, 302, 303, 307, 308} else None
            if onward is None:
                _expect_success(response)
                return response
            response.close()
            target = target.join(_parsed(onward))
        raise Permanent("the file's address redirects too often")

    def _check(self, target: URL) -> None:
        if target.scheme not in {"http", "https"} or not target.host:
            raise Permanent("a file's address must begin with http:// or https://")
        if not self._allow_private and _is_address(target.host) and not is_public(target.host):
            raise Permanent("the file's address leads into a private network")

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            resolver = None if self._allow_private else PublicResolver()
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=resolver, limit=32),
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def is_public(address: str) -> bool:
    """Tell whether an IP address is on the open internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = _inner(ip)
    return ip.is_global and not ip.is_multicast and (inner is None or is_public(str(inner)))


def _inner(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address a translating router would take out of an IPv6 one."""
    if isinstance(ip, ipaddress.IPv4Address):
        return None
    translated = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in NAT64 else None
    return ip.ipv4_mapped or ip.sixtofour or translated


def _parsed(address: str) -> URL:
    try:
        return URL(address)
    except ValueError:
        raise Permanent(NO_ADDRESS) from None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _expect_success(response: aiohttp.ClientResponse) -> None:
    if response.status < NOT_FOUND_FROM:
        return
    response.close()
    failure = Temporary if response.status >= FAULTY_FROM or response.status == 429 else Permanent  # noqa: PLR2004
    raise failure(f"the file's server answered {response.status}")
