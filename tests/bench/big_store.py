"""Whether the gateway slows down as its store fills."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tests.bench import setups
from tests.bench.figures import at_least, in_turn
from tests.bench.generator import Generator, in_words, rate_ratio
from tests.bench.hop import WINDOW
from tests.bench.servers import Servers
from tests.bench.stores import Traffic, fill
from tests.bench.table import Bench, Line, Row, Target

GOAL = 1_000_000
"""Conversations."""
ENTRIES = 20
CLIENTS = 5_000
"""Who writes: spread evenly over all who ever wrote."""
WARM_SLICES = 10
"""Until each of them has written again: from then on both sides do the same work."""

TARGET = Target("hop rate with 1,000,000 conversations and 20,000,000 entries over an empty store", at_least(0.9, " ×"))


def measure(bench: Bench) -> Iterator[Line]:
    """Compare closed loops on a store that was filled before with one that was not."""
    folder = bench.room("big-store")
    path = folder / "full" / "data" / "gateway.db"
    fill(path, Traffic(conversations=bench.conversations, entries=ENTRIES), tell=bench.tell)
    gigabytes = path.stat().st_size / 1e9
    clients = min(CLIENTS, bench.conversations)
    order = {"window": WINDOW, "conversations": clients, "stride": bench.conversations // clients}
    with Servers(folder) as servers:
        generator = Generator(servers)
        sides = {name: servers.gateway(name, setups.hop(generator.url)) for name in ("full", "empty")}
        slices = {name: partial(generator.slice, side, seconds=bench.seconds, **order) for name, side in sides.items()}
        in_turn(slices, 1 if bench.quick else WARM_SLICES)
        found = in_turn(slices, bench.rounds)
    what = f"{bench.conversations:,} conversations, {bench.conversations * ENTRIES:,} entries, {gigabytes:.1f} GB"
    words = f"{what}; {in_words('full', found['full'])}; {in_words('empty', found['empty'])}"
    yield Line(TARGET, rate_ratio(found["full"], found["empty"]), words, bench.conversations < GOAL)


ROW = Row(
    "big-store",
    f"Closed loop as in `hop`, by {CLIENTS:,} clients spread evenly over all in the store. The store is filled by SQL "
    f"with closed conversations of {ENTRIES} entries, their journal and keys, and one delivered effect each, dated "
    "over ten days. The size is an option; the goal's is `--conversations 1000000`.",
    (TARGET,),
    measure,
)
