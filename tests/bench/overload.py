"""Webhooks at three times the capacity: how long senders wait for an answer, and whether anything accepted is lost."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from tests.bench import setups
from tests.bench.figures import at_most, estimate, quantile
from tests.bench.generator import Generator, Slice, trouble
from tests.bench.hop import WINDOW
from tests.bench.servers import Servers
from tests.bench.table import Bench, Line, Row, Target

TIMES = 3
SLICES = 10
CONNECTIONS = 512
DRAIN_SECONDS = 240.0

ANSWERED = Target("webhook answered (200 or 503) at 3 × capacity: p99.9", at_most(1000, " ms"), digits=0)
ACKED = Target("webhook acknowledged (200) at 3 × capacity: p99.9", at_most(1000, " ms"), digits=0)


def measure(bench: Bench) -> Iterator[Line]:
    """Overload it a few times, letting it come to rest in between."""
    with Servers(bench.room("overload")) as servers:
        generator = Generator(servers)
        gateway = servers.gateway("gateway", setups.hop(generator.url))
        full = [generator.slice(gateway, seconds=bench.seconds, window=WINDOW).per_second for _ in range(3)]
        rate = max(1.0, TIMES * statistics.median(full))
        seconds = bench.seconds * (1 if bench.quick else SLICES)
        order = {"conversations": 4096, "connections": CONNECTIONS, "drain": DRAIN_SECONDS}
        found = [generator.slice(gateway, seconds=seconds, rate=rate, **order) for _ in range(3)]
    yield Line(ANSWERED, estimate([quantile(each.ack + each.refused, 0.999) for each in found]), _words(found, rate))
    yield Line(ACKED, estimate([quantile(each.ack, 0.999) for each in found]), _words(found, rate))


def _words(found: list[Slice], rate: float) -> str:
    begun, acked = sum(each.begun for each in found), sum(len(each.ack) for each in found)
    return f"{rate:,.0f} webhooks/s; {begun:,} sent, {acked:,} acknowledged{trouble(found)}"


ROW = Row(
    "overload",
    f"Open loop at three times the rate of the closed one, {CONNECTIONS} connections, 4,096 conversations, three "
    "bursts; waiting counts from when a webhook was due. Lost: acknowledged, and not heard of within four minutes.",
    (ANSWERED, ACKED),
    measure,
)
