"""Who calls, and who does so wrongly too often: a bucket of mistakes per source address that fills again with time."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from gateway.errors import TooMany

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

MOST_SOURCES = 10_000
"""So many are remembered; who has not called for long is forgotten, with all mistakes forgiven."""
FORWARDED = "X-Forwarded-For"
NETWORK_BITS = {4: 32, 6: 64}
"""One caller has as many IPv6 addresses as it likes, but all in one network of this length."""


class Callers:
    """Counts the mistakes of each source.

    Addresses of a private network are never counted: that is where a proxy stands that nobody has named, and all the
    world calls through it.
    """

    def __init__(
        self,
        *,
        mistakes_per_minute: int,
        proxies: Sequence[IPv4Network | IPv6Network] = (),
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`mistakes_per_minute` of 0: nobody is turned away. `proxies`: whose `X-Forwarded-For` is believed."""
        self._most = mistakes_per_minute
        self._proxies = tuple(proxies)
        self._now = now
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def expect_patience(self, remote: str | None, headers: Mapping[str, str]) -> None:
        """Raise `TooMany` if the caller has used up its mistakes."""
        if not self._left:
            return
        source = self._source(remote, headers)
        if source in self._left and (left := self._refilled(source)) < 1:
            seconds = (1 - left) * 60 / self._most
            raise TooMany("too many wrong requests came from this address", retry_after_seconds=seconds)

    def mistaken(self, remote: str | None, headers: Mapping[str, str]) -> None:
        """Count a mistake."""
        source = self._source(remote, headers) if self._most else ""
        if source:
            self._left[source] = (max(0.0, self._refilled(source) - 1), self._now())
            self._left.move_to_end(source)
            if len(self._left) > MOST_SOURCES:
                self._left.popitem(last=False)

    def _source(self, remote: str | None, headers: Mapping[str, str]) -> str:
        """Return whom to count for a request; empty: nobody can tell."""
        hops = headers.get(FORWARDED, "").split(",") if self._proxies else []
        found = _address(remote or "")
        while found and hops and self._is_proxy(found):
            found = _address(hops.pop())
        if found is None or not found.is_global:
            return ""
        return str(ipaddress.ip_network((found, NETWORK_BITS[found.version]), strict=False))

    def _refilled(self, source: str) -> float:
        left, since = self._left.get(source, (float(self._most), self._now()))
        return min(self._most, left + (self._now() - since) * self._most / 60)

    def _is_proxy(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._proxies if network.version == address.version)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address as proxies write it; None: it is none."""
    host = text.strip().strip('"')
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
