"""What happens at three times the capacity? Run by hand: `python tests/faults/overload.py [--seconds 120]`.

The generator of the benchmark plays clients, bot and channel. First the capacity is measured, then three times as much
is sent, then the capacity is measured again. What was answered 200 must all arrive, once and in order; the rest must be
answered 503; memory must stay bounded, and the gateway must be as fast afterwards as before.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench import setups  # noqa: E402 - found only now
from tests.bench.figures import quantile  # noqa: E402
from tests.bench.generator import Generator, Slice  # noqa: E402
from tests.bench.servers import Server, Servers  # noqa: E402

CONNECTIONS = 256
MOST_EFFECTS = 100
"""Few, so that the limit is reached within seconds."""
DRAIN_SECONDS = 240.0
MEMORY_KB = 150 * 1024
"""So much may be added by the overload."""
RECOVERED = 0.6
"""Part of the first capacity that counts as recovered: a machine that others use too is never twice the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What was found."""

    before: Slice
    during: Slice
    after: Slice
    rested_kb: int
    most_kb: int

    def faults(self) -> list[str]:
        """Return what is not as promised."""
        slices = (self.before, self.during, self.after)
        promises = {
            "what was accepted was lost": not any(each.lost for each in slices),
            "something arrived twice": not any(each.twice for each in slices),
            "a conversation was reordered": not any(each.reordered for each in slices),
            "nothing was refused: this was no overload": bool(self.during.refused),
            "nothing was accepted": bool(self.during.ack),
            "memory grew": self.most_kb - self.rested_kb < MEMORY_KB,
            "it refuses although the load has fallen": not self.after.refused,
            "it is slower than before": self.after.per_second > RECOVERED * self.before.per_second,
        }
        return [fault for fault, kept in promises.items() if not kept]

    def table(self) -> str:
        """Return it for people."""
        rows = [("", "sent", "200", "503", "hops/s", "lost", "twice", "reordered", "ack p99 ms")]
        for name in ("before", "during", "after"):
            found: Slice = getattr(self, name)
            counted = (found.begun, len(found.ack), len(found.refused), round(found.per_second))
            books = (found.lost, found.twice, found.reordered, round(quantile(found.ack, 0.99)) if found.ack else 0)
            rows.append((name, *map(str, (*counted, *books))))
        memory = f"memory: {self.rested_kb >> 10} MiB before, {self.most_kb >> 10} MiB at most"
        return "\n".join(["".join(f"{cell:>11}" for cell in row) for row in rows] + [memory])


@contextmanager
def watched(server: Server) -> Iterator[list[int]]:
    """Look at the memory five times a second."""
    found, stopped = [server.rss_kb()], Event()

    def look() -> None:
        while not stopped.wait(0.2):
            found.append(server.rss_kb())

    thread = Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        stopped.set()
        thread.join()


def run(folder: Path, *, seconds: float, factor: float = 3.0) -> Figures:
    """Do it."""
    short = max(2.0, seconds / 20)
    with Servers(folder) as servers:
        generator = Generator(servers)
        limits = {"max_pending_effects": MOST_EFFECTS}
        server = servers.gateway("gateway", {**setups.hop(generator.url), "server": limits, "log": {"level": "error"}})
        generator.slice(server, seconds=1.0, window=32)  # to warm up
        before = generator.slice(server, seconds=short, window=32)
        rested = server.rss_kb()
        with watched(server) as found:
            rate = max(1.0, factor * before.per_second)
            order = {"conversations": 4096, "connections": CONNECTIONS, "drain": DRAIN_SECONDS}
            during = generator.slice(server, seconds=seconds, rate=rate, **order)
        after = generator.slice(server, seconds=short, window=32)
    return Figures(before=before, during=during, after=after, rested_kb=rested, most_kb=max(found))


def main() -> int:
    """Run, print, and return how many promises were broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--factor", type=float, default=3.0, help="times the capacity")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = run(Path(folder), seconds=arguments.seconds, factor=arguments.factor)
    sys.stdout.write(figures.table() + "\n")
    for fault in figures.faults():
        sys.stdout.write(f"NOT KEPT: {fault}\n")
    return len(figures.faults())


if __name__ == "__main__":
    sys.exit(main())
