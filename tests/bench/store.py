"""How fast is a durable step? Run by hand: `python tests/bench/store.py [--rounds N]`.

A step is what a client's message costs: new state, a log entry, an effect, the done-mark of the one before, a timer and
a dedup key. The floor is the least any durable store must do: append as many bytes to a file from a thread, one
fdatasync for whatever queued up meanwhile. Rounds of both alternate, so that a noisy neighbour hits both; the table
shows medians over the rounds. Compare ratios, not numbers of different machines.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import queue
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from gateway.conversation import Conversation, Floor
from gateway.entries import Entry, Said
from gateway.events import AskBot, Effect, Timer
from gateway.model import Peer, Role, text_message
from gateway.store.contract import DedupKey, Finished, Step
from gateway.store.sqlite import SqliteStore
from gateway.wire import to_bytes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

COMMITTERS = (1, 64, 256)
SECONDS = 1.0
AT = 1_700_000_000.25
ANN = Peer(id="9f8e7d6c5b4a", name="Ann")
WORDS = "Hello there, could you tell me where my order is? It should have been here on Monday."


class Target(Protocol):
    """Something that makes steps durable."""

    async def open(self) -> None:
        """Begin with an empty file."""

    async def commit(self, step: Step) -> object:
        """Return when the step is on disk."""

    async def close(self) -> None:
        """End."""


class AppendLog:
    """Appends bytes and calls fdatasync, once for all that wait."""

    def __init__(self, folder: str) -> None:
        self._path = Path(folder) / "floor.log"
        self._queue: queue.SimpleQueue[tuple[bytes, asyncio.Future[None]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run)

    async def open(self) -> None:
        """Start the thread."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def commit(self, step: Step) -> None:
        """Append the step's JSON."""
        data = b"".join([to_bytes(step.conversation), *map(to_bytes, step.entries), *map(to_bytes, step.effects)])
        future = self._loop.create_future()
        self._queue.put((data, future))
        await future

    async def close(self) -> None:
        """Stop the thread."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        while (first := self._queue.get()) is not None:
            batch = [first]
            while not self._queue.empty() and (job := self._queue.get()) is not None:
                batch.append(job)
            os.write(descriptor, b"".join(data for data, _ in batch))
            os.fdatasync(descriptor)
            self._loop.call_soon_threadsafe(_resolve, [future for _, future in batch])
        os.close(descriptor)


def _resolve(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        future.set_result(None)


@dataclass(frozen=True, slots=True)
class Round:
    """What one second told."""

    per_second: float
    p50: float
    p99: float
    cpu: float


def step(key: str, version: int) -> Step:
    """Return the step of a client's message in a conversation with this one's numbers."""
    made = Effect(conversation=key, number=version, target="faq", epoch=1, action=AskBot(number=version), made_at=AT)
    before = Effect(
        conversation=key, number=version - 1, target="faq", epoch=1, action=AskBot(number=version - 1), made_at=AT
    )
    said = Said(role=Role.CLIENT, author=ANN, message=text_message(WORDS, id=f"m{version}"), source="site")
    return Step(
        conversation=Conversation(
            id=key,
            channel="site",
            route="support",
            client=ANN,
            version=version,
            head=version,
            effects=version,
            started_at=AT,
            active_at=AT + version,
            attributes={"page": "https://shop.example.com/tea", "language": "en"},
            turns=(version,),
        ),
        entries=(Entry(number=version, at=AT, floor=Floor.BOT, epoch=1, body=said),),
        effects=(made,),
        finished=(Finished(effect=before, state="done", at=AT),) if version > 1 else (),
        timers=(Timer(conversation=key, name="idle", due_at=AT + version, epoch=1),),
        dedup=DedupKey(instance="site", key=f"{key}-{version}"),
        at=AT,
    )


async def measure(target: Target, committers: int) -> Round:
    """Commit as fast as so many conversations can for a second."""
    took: list[float] = []
    await target.open()
    until = time.perf_counter() + SECONDS
    cpu = time.process_time()
    await asyncio.gather(*(talk(target, f"01jd{number:09}", until, took) for number in range(committers)))
    cpu = time.process_time() - cpu
    await target.close()
    cuts = statistics.quantiles(took, n=100)
    return Round(len(took) / SECONDS, cuts[49] * 1000, cuts[98] * 1000, cpu / len(took) * 1e6)


async def talk(target: Target, key: str, until: float, took: list[float]) -> None:
    """Commit one step after another."""
    version = 0
    while (begun := time.perf_counter()) < until:
        version += 1
        await target.commit(step(key, version))
        took.append(time.perf_counter() - begun)


FLOOR = "append + fdatasync"
TARGETS: dict[str, Callable[[str], Target]] = {
    FLOOR: AppendLog,
    "sqlite": lambda folder: SqliteStore(Path(folder) / "gateway.db"),
}


def run(measured: Awaitable[Round]) -> Round:
    """Run on the loop the gateway runs on, if it is there."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(measured)  # type: ignore[arg-type] # a coroutine it is
    return uvloop.run(measured)  # type: ignore[arg-type]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    sys.stdout.write(f"committers  {'':<20}  steps/s  of floor   p50 ms   p99 ms   CPU us\n")
    for committers in COMMITTERS:
        found = compare(committers, rounds)
        for name, measured in found.items():
            sys.stdout.write(f"{committers:>10}  {name:<20}{row(measured, found[FLOOR])}\n")


def compare(committers: int, rounds: int) -> dict[str, list[Round]]:
    """Measure all targets in turn, so often."""
    found: dict[str, list[Round]] = {name: [] for name in TARGETS}
    for _ in range(rounds):
        for name, build in TARGETS.items():
            with tempfile.TemporaryDirectory() as folder:
                found[name].append(run(measure(build(folder), committers)))
    return found


def row(measured: list[Round], floor: list[Round]) -> str:
    """Return the medians; the ratio is that of rounds beside each other."""
    ratio = statistics.median(one.per_second / other.per_second for one, other in zip(measured, floor, strict=True))
    per_second, p50, p99, cpu = (median(measured, name) for name in ("per_second", "p50", "p99", "cpu"))
    return f"{per_second:>9.0f}{ratio:>10.2f}{p50:>9.2f}{p99:>9.2f}{cpu:>9.0f}"


def median(measured: list[Round], name: str) -> float:
    """Return the median of one figure."""
    return statistics.median(getattr(each, name) for each in measured)


if __name__ == "__main__":
    main()
