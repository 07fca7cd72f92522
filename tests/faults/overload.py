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
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench.hop.run import Generator, Server, gateway  # noqa: E402 - found only now

MOST_EFFECTS = 100
"""Few, so that the limit is reached within seconds."""
MEMORY_BYTES = 150 * 1024 * 1024
"""So much may be added by the overload."""
RECOVERED = 0.6
"""Part of the first capacity that counts as recovered: a machine that others use too is never twice the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What was found."""

    before: dict[str, Any]
    during: dict[str, Any]
    after: dict[str, Any]
    rested_bytes: int
    most_bytes: int

    def faults(self) -> list[str]:
        """Return what is not as promised."""
        slices = (self.before, self.during, self.after)
        promises = {
            "what was accepted was lost": not any(each["lost"] for each in slices),
            "something arrived twice": not any(each["twice"] for each in slices),
            "a conversation was reordered": not any(each["reordered"] for each in slices),
            "nothing was refused: this was no overload": self.during["refused"] > 0,
            "nothing was accepted": self.during["all"] > 0,
            "memory grew": self.most_bytes - self.rested_bytes < MEMORY_BYTES,
            "it refuses although the load has fallen": not self.after["refused"],
            "it is slower than before": self.after["rate"] > RECOVERED * self.before["rate"],
        }
        return [fault for fault, kept in promises.items() if not kept]

    def table(self) -> str:
        """Return it for people."""
        columns = "rate", "all", "refused", "lost", "twice", "reordered"
        rows = [("", *columns, "ack p99 ms")]
        for name in ("before", "during", "after"):
            figures = getattr(self, name)
            shown = [f"{figures[column]:.0f}" for column in columns]
            rows.append((name, *shown, f"{percentile(figures['ack'], 0.99):.0f}"))
        megabytes = f"memory: {self.rested_bytes >> 20} MiB before, {self.most_bytes >> 20} MiB at most"
        return "\n".join(["".join(f"{cell:>11}" for cell in row) for row in rows] + [megabytes])


def percentile(values: list[float], part: float) -> float:
    """Return a percentile; of nothing, 0."""
    return sorted(values)[int(len(values) * part)] if values else 0.0


def memory(server: Server) -> int:
    """Return the resident bytes of its process."""
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


@contextmanager
def watched(server: Server) -> Iterator[list[int]]:
    """Look at the memory five times a second."""
    found, stopped = [memory(server)], Event()

    def look() -> None:
        while not stopped.wait(0.2):
            found.append(memory(server))

    thread = Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        stopped.set()
        thread.join()


def run(folder: Path, *, seconds: float, factor: float = 3.0) -> Figures:
    """Do it."""
    generator = Generator()
    limits = {"max_pending_effects": MOST_EFFECTS}
    server = gateway(generator.url, folder, limits=limits, log={"level": "error"})
    try:
        generator.slice(server, seconds=1.0, window=32)  # to warm up
        before = generator.slice(server, seconds=max(2.0, seconds / 20), window=32)
        rested = memory(server)
        with watched(server) as found:
            during = generator.slice(server, seconds=seconds, rate=factor * before["rate"], conversations=2000)
        after = generator.slice(server, seconds=max(2.0, seconds / 20), window=32)
    finally:
        server.process.terminate()
        server.process.communicate(timeout=30)
        generator.stop()
    return Figures(before=before, during=during, after=after, rested_bytes=rested, most_bytes=max(found))


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
