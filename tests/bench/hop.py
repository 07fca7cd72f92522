"""The full hop: webhook in, committed, answered; bot asked; reply committed; sent."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tests.bench import setups
from tests.bench.figures import at_least, in_turn
from tests.bench.generator import Generator, in_words, rate_ratio
from tests.bench.servers import Servers
from tests.bench.table import Bench, Line, Row, Target

WINDOW = 64

TARGETS = {
    "aiohttp": Target("full hop, durable, all features on, one core; calls made with aiohttp", at_least(0.85, " × F0")),
    "lean": Target("the same, calls made with the lean client", at_least(1.5, " × F0")),
}


def measure(bench: Bench) -> Iterator[Line]:
    """Compare the rates of closed loops."""
    with Servers(bench.room("hop")) as servers:
        generator = Generator(servers)
        floor = servers.program("floor", generator.url)
        sides = {client: servers.gateway(client, setups.hop(generator.url, client)) for client in TARGETS}
        slices = {
            name: partial(generator.slice, side, seconds=bench.seconds, window=WINDOW)
            for name, side in {"floor": floor, **sides}.items()
        }
        in_turn(slices, 1)  # warms up
        found = in_turn(slices, bench.rounds)
    for client, target in TARGETS.items():
        words = f"{in_words('gateway', found[client])}; {in_words('F0', found['floor'])}"
        yield Line(target, rate_ratio(found[client], found["floor"]), words)


ROW = Row(
    "hop",
    f"Closed loop, {WINDOW} hops under way in as many conversations. F0: the same calls in bare aiohttp on uvloop, "
    "nothing stored, nothing logged. Channel and bot are the thinnest possible plugins.",
    tuple(TARGETS.values()),
    measure,
)
