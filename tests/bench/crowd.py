"""The visitors process from outside: browsers in bulk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.bench.generator import middle
from tests.bench.servers import PEER_CORE, Ended, Server, Servers


@dataclass(frozen=True, slots=True)
class Said:
    """What one piece of time with one server told."""

    per_second: float
    cpu_us: float
    """CPU time the server used per message, all threads."""
    p50: float
    """Milliseconds from a message to what it waited for."""
    lost: int
    closed: int


class Crowd:
    """Sockets to several servers, all held by one process."""

    def __init__(self, servers: Servers) -> None:
        """Start it."""
        self._program = servers.program("visitors", core=PEER_CORE)
        self._servers: dict[str, Server] = {}

    def open(self, name: str, server: Server, count: int, path: str, sessions: str = "") -> None:
        """Open more sockets to a server; with `sessions` they are visitors of the web chat who have said hello."""
        self._servers[name] = server
        order = {"open": count, "name": name, "port": server.port, "path": path, "sessions": sessions}
        if closed := self._program.ask(order)["closed"]:
            raise Ended(f"{closed} sockets were closed while others were opened")

    def talk(self, name: str, **order: Any) -> Said:
        """Measure one slice (see `programs/visitors.py` for what can be asked)."""
        server = self._servers[name]
        before = server.cpu_seconds()
        found = self._program.ask({"run": name, **order})
        cpu = (server.cpu_seconds() - before) / max(found.pop("all"), 1) * 1e6
        return Said(cpu_us=cpu, **found)


def in_words(name: str, slices: list[Said]) -> str:
    """Return the absolute figures of one side, and what went wrong, if anything did."""
    rate, cpu, p50 = (middle([getattr(each, what) for each in slices]) for what in ("per_second", "cpu_us", "p50"))
    lost, closed = sum(each.lost for each in slices), max(each.closed for each in slices)
    wrong = f" ({lost} lost, {closed} sockets closed)" if lost or closed else ""
    return f"{name} {rate:,.0f}/s, {cpu:,.0f} µs CPU, p50 {p50:.1f} ms{wrong}"
