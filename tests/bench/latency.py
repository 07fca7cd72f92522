"""What the gateway adds while it has time: latency at a fifth of its capacity."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from functools import partial

from tests.bench import setups
from tests.bench.figures import Estimate, at_most, differences, estimate, in_turn, quantile
from tests.bench.generator import Generator, Slice, trouble
from tests.bench.hop import WINDOW
from tests.bench.machine import fsync_ms
from tests.bench.servers import Servers
from tests.bench.table import Bench, Line, Row, Target

LOAD = 0.2
SLICES = 5
"""So much longer than others are these slices: an open loop sends less."""
FSYNCS, MORE_MS = 4.4, 3.0

MEDIAN = Target("hop at 20 % load: p50 added to F0, less 4.4 × fsync", at_most(MORE_MS, " ms"))
TAIL = Target("hop at 20 % load: p99 added to F0", at_most(10, " ms"))
ACK = Target("webhook acknowledged at 20 % load: p99 added to F0", at_most(10, " ms"))


def measure(bench: Bench) -> Iterator[Line]:
    """Send as often as a clock says, the same to both sides, and compare quantiles."""
    folder = bench.room("latency")
    with Servers(folder) as servers:
        generator = Generator(servers)
        sides = {
            "floor": servers.program("floor", generator.url),
            "gateway": servers.gateway("gateway", setups.hop(generator.url)),
        }
        full = [generator.slice(sides["gateway"], seconds=bench.seconds, window=WINDOW).per_second for _ in range(3)]
        rate = max(1.0, LOAD * statistics.median(full))
        seconds = bench.seconds if bench.quick else SLICES * bench.seconds
        slices = {
            name: partial(generator.slice, side, seconds=seconds, rate=rate, conversations=1000)
            for name, side in sides.items()
        }
        syncs = []
        found: dict[str, list[Slice]] = {name: [] for name in slices}
        for _ in range(bench.rounds):
            syncs.append(fsync_ms(folder))
            for name, one in in_turn(slices, 1).items():
                found[name] += one
    yield from _lines(found["gateway"], found["floor"], estimate(syncs), rate)


def _lines(ours: list[Slice], floor: list[Slice], sync: Estimate, rate: float) -> Iterator[Line]:
    at = f"at {rate:,.0f} hops/s{trouble(ours)}"
    added = _added(ours, floor, "hop", 0.5)
    paid = FSYNCS * sync.middle
    over = Estimate(added.middle - paid, added.low - paid, added.high - paid)
    yield Line(MEDIAN, over, f"{_both(ours, floor, 'hop', 0.5)}; fsync p50 {sync.middle:.2f} ms; {at}")
    yield Line(TAIL, _added(ours, floor, "hop", 0.99), f"{_both(ours, floor, 'hop', 0.99)} {at}")
    yield Line(ACK, _added(ours, floor, "ack", 0.99), f"{_both(ours, floor, 'ack', 0.99)} {at}")


def _added(ours: list[Slice], floor: list[Slice], what: str, share: float) -> Estimate:
    return differences(_quantiles(ours, what, share), _quantiles(floor, what, share))


def _both(ours: list[Slice], floor: list[Slice], what: str, share: float) -> str:
    one, other = (statistics.median(_quantiles(side, what, share)) for side in (ours, floor))
    return f"gateway {one:.1f} ms, F0 {other:.1f} ms"


def _quantiles(slices: list[Slice], what: str, share: float) -> list[float]:
    return [quantile(getattr(each, what), share) for each in slices]


ROW = Row(
    "latency",
    "Open loop with random gaps, 1,000 conversations, a fifth of what the gateway manages in a closed loop; latencies "
    "count from when a webhook was due. Quantiles of slices are compared round by round. fsync: 4 KiB appended and "
    "fdatasync, before each round, in the folder of the store.",
    (MEDIAN, TAIL, ACK),
    measure,
)
