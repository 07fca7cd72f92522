"""The peer process from outside: told to send, it answers with figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.bench.figures import Estimate, quantile, ratios
from tests.bench.servers import PEER_CORE, Server, Servers


@dataclass(frozen=True, slots=True)
class Slice:
    """What one piece of time against one server told."""

    per_second: float
    cpu_us: float
    """CPU time the server used per hop, all threads."""
    ack: list[float]
    """Milliseconds from when a webhook was due to its 200."""
    refused: list[float]
    """The same to another answer."""
    late: list[float]
    """Milliseconds from when a webhook of an open loop was due to when the generator began with it: its own lag."""
    hop: list[float]
    """The same to the arrival of the bot's words at the channel."""
    begun: int
    lost: int
    """Acknowledged, but never heard of again."""
    twice: int
    reordered: int


class Generator:
    """The peer process."""

    def __init__(self, servers: Servers) -> None:
        """Start it."""
        self._program = servers.program("peer", core=PEER_CORE)
        self.url = f"http://127.0.0.1:{self._program.port}"

    def slice(self, server: Server, **order: Any) -> Slice:
        """Measure one slice (see `programs/peer.py` for what can be asked)."""
        before = server.cpu_seconds()
        found = self._program.ask({"port": server.port, **order})
        cpu = server.cpu_seconds() - before
        return Slice(
            per_second=found["hops"] / found["seconds"],
            cpu_us=cpu / max(found["all"], 1) * 1e6,
            **{name: found[name] for name in ("ack", "refused", "late", "hop", "begun", "lost", "twice", "reordered")},
        )

    def hold(self, hold: bool) -> None:
        """Let the bot hang, or go on."""
        self._program.ask({"hold": hold})


def middle(values: list[float]) -> float:
    """Return the median."""
    return quantile(values, 0.5)


def rate_ratio(ours: list[Slice], floor: list[Slice]) -> Estimate:
    """Compare the rates, round by round."""
    return ratios([each.per_second for each in ours], [each.per_second for each in floor])


def in_words(name: str, slices: list[Slice]) -> str:
    """Return the absolute figures of one side, and its books if they are not clean."""
    per_second, cpu = middle([each.per_second for each in slices]), middle([each.cpu_us for each in slices])
    return f"{name} {per_second:,.0f}/s, {cpu:,.0f} µs CPU{trouble(slices)}"


def trouble(slices: list[Slice]) -> str:
    """Return what was wrong in the books; empty if nothing."""
    counted = {name: sum(getattr(each, name) for each in slices) for name in ("lost", "twice", "reordered")}
    counted["refused"] = sum(len(each.refused) for each in slices)
    told = ", ".join(f"{count:,} {name}" for name, count in counted.items() if count)
    return f" ({told})" if told else ""
