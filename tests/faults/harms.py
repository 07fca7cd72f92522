"""What is done to a gateway under load. Each harm is done to a `Stage` whose world is talking."""

from __future__ import annotations

import asyncio
import mmap
import os
import shutil
import sqlite3
import struct
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.disk import power
from tests.faults.proxy import HARMS
from tests.faults.site.fault_points import POINTS
from tests.faults.world import SIDES, Mood

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.faults.stage import Stage

KILLED = -9
START_SECONDS = 2.0
POINT_SECONDS = 60.0
OFTEN = ("batch", "commit", "settle", "call", "outcome")
"""Points that are passed many times a second."""


# --- kill -9 ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Killer:
    """Kills the gateway, again and again: at any moment, while it starts, or at a named point."""

    stage: Stage
    most_events: int
    """How many confirmed events it runs at most before a kill at any moment."""
    missed: int = 0
    """Named points that were not reached: killed anyway."""
    where: dict[str, int] = field(default_factory=dict)

    async def kill(self, where: str = "") -> None:
        """Start it and kill it once. `where`: `any moment`, `starting`, or a point; by default one by chance."""
        chance = self.stage.chance
        where = where or chance.choice(["any moment"] * 12 + ["starting"] * 4 + [*POINTS])
        self.where[where] = self.where.get(where, 0) + 1
        self.stage.gateway.more.pop("FAULT_POINT", None)
        match where.partition(".")[0]:
            case "any moment":
                await self._at_any_moment()
            case "starting":
                self.stage.gateway.launch()
                await asyncio.sleep(START_SECONDS * chance.random())
            case "start":
                await self._at_point(f"{where}:1")
            case "stop":
                await self._at_point(f"{where}:1", stops=True)
            case often:
                await self._at_point(f"{where}:{chance.randint(1, 40 if often in OFTEN else 4)}")
        await self.stage.gateway.kill()
        self.stage.world.ledger.crashes += 1
        await self.killed()

    async def killed(self) -> None:
        """What happens before it starts again."""

    async def _at_any_moment(self) -> None:
        await self.stage.gateway.start()
        await self._busy()

    async def _busy(self) -> None:
        await self.stage.busy(self.stage.chance.randint(1, self.most_events))

    async def _at_point(self, point: str, *, stops: bool = False) -> None:
        gateway = self.stage.gateway
        gateway.more["FAULT_POINT"] = point
        gateway.launch()
        if stops:
            await gateway.ready()
            await self._busy()
            gateway.ask_to_stop()
        if not await gateway.ended(within_seconds=POINT_SECONDS):
            self.missed += 1
        elif gateway.code != KILLED:
            raise AssertionError(f"{point}: it ended with {gateway.code}\n{gateway.log}")
        del gateway.more["FAULT_POINT"]


# --- power cuts -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class PlugPuller(Killer):
    """After each kill the disk is put back to what was flushed."""

    library: Path = Path()
    looks: int = 5
    """How many more places of each record are looked at without starting a gateway there."""
    looked: int = 0
    cuts: int = 0
    checkpoint_pages: int = 60
    """So short a run has no checkpoint else; 0: as the product has it."""
    problems: list[str] = field(default_factory=list)
    _kept: power.Files = field(default_factory=dict)
    _confirmed: list[str] = field(default_factory=list)
    """What had been confirmed when this record began."""
    _log: int = -1

    def begin(self) -> None:
        """Record the next run, and what is confirmed meanwhile."""
        self.record.unlink(missing_ok=True)
        self._log = os.open(self.record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.stage.world.ledger.on_ack = lambda word: power.mark(self._log, word)
        self.stage.gateway.more |= power.recording(self.library, folder=self.data, log=self.record)
        if self.checkpoint_pages:
            self.stage.gateway.more["FAULT_CHECKPOINT"] = str(self.checkpoint_pages)

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.stage.folder / "data"

    @property
    def record(self) -> Path:
        """What was written and flushed since the last cut."""
        return self.stage.folder / "record"

    async def killed(self) -> None:
        """Pull the plug: unflushed writes are gone, or a half of them."""
        log = list(power.records(self.record.read_bytes()))
        chance = self.stage.chance
        places = {chance.randrange(len(log)) for _ in range(self.looks)} if log else set()
        disk = power.Disk(kept={path: bytearray(content) for path, content in self._kept.items()})
        confirmed = list(self._confirmed)
        for index, each in enumerate(log):
            disk.apply(*each)
            if each[0] == b"A":
                confirmed.append(each[3].decode())
            if index in places:
                self._look(disk.after_a_cut(chance.choice([0.0, 0.5]), chance), confirmed)
        self._kept = disk.after_a_cut(chance.choice([0.0, 0.5]), chance)
        self._confirmed = confirmed
        self.cuts += 1
        shutil.rmtree(self.data, ignore_errors=True)
        power.lay_out(self._kept, self.data, instead_of=self.data)
        os.close(self._log)
        self.begin()

    def end(self) -> None:
        """Record no more."""
        self.stage.world.ledger.on_ack = lambda _word: None
        for name in ("LD_PRELOAD", "RECORD_FOLDER", "RECORD_LOG"):
            self.stage.gateway.more.pop(name)
        os.close(self._log)

    def _look(self, files: power.Files, confirmed: list[str]) -> None:
        """Look whether everything confirmed by then is on the disk."""
        folder = self.stage.folder / "look"
        shutil.rmtree(folder, ignore_errors=True)
        power.lay_out(files, folder, instead_of=self.data)
        self.looked += 1
        if (folder / "gateway.db").exists():
            with closing(sqlite3.connect(folder / "gateway.db")) as connection:
                missing = set(confirmed) - _keys(connection)
        else:
            missing = set(confirmed)
        self.problems += [f"lost: {word} was confirmed and not flushed" for word in sorted(missing)]


def _keys(connection: sqlite3.Connection) -> set[str]:
    with suppress(sqlite3.OperationalError):  # a cut before there was a schema
        return {key for (key,) in connection.execute("SELECT key FROM dedup")}
    return set()


# --- the way, and the other side --------------------------------------------------------------------------------------


async def harm_ways(stage: Stage, *, times: int, seconds: float) -> dict[str, int]:
    """Harm one connection after another: all kinds, all sides."""
    done: dict[str, int] = {}
    for number in range(times):
        kind = HARMS[number % len(HARMS)]
        proxy = stage.proxies[stage.chance.choice([*stage.proxies])]
        done[kind] = done.get(kind, 0) + 1
        proxy.harm = kind
        await asyncio.sleep(seconds * stage.chance.uniform(0.5, 1.5))
        proxy.harm = ""
        proxy.cut()
    return done


async def spoil_moods(stage: Stage, *, times: int, seconds: float) -> dict[str, int]:
    """Let sides refuse, fail, forget to answer and answer too late, several at a time."""
    done: dict[str, int] = {}
    for _ in range(times):
        for name in stage.chance.sample(SIDES, 3):
            what = stage.chance.choice(["limits", "fails", "forgets", "dawdles"])
            done[what] = done.get(what, 0) + 1
            stage.world.sides[name].mood = Mood(**{what: 0.3})
        await asyncio.sleep(seconds * stage.chance.uniform(0.5, 1.5))
        for side in stage.world.sides.values():
            side.mood = Mood()
    return done


async def vanish(stage: Stage, side: str, *, seconds: float) -> None:
    """A platform is gone in the middle of its sessions: longer than the gateway has patience."""
    proxy = stage.proxies[side]
    proxy.harm = "refuse"
    proxy.cut()
    await asyncio.sleep(seconds)
    proxy.harm = ""


# --- the disk and the clock -------------------------------------------------------------------------------------------


class Control:
    """The numbers `harm.c` goes by."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "control"
        self._file.write_bytes(bytes(24))
        with self._file.open("r+b") as file:
            self._numbers = mmap.mmap(file.fileno(), 24)

    def environ(self, library: Path, data: Path) -> dict[str, str]:
        """Return the environment of a process that obeys."""
        return {"LD_PRELOAD": str(library), "HARM_FOLDER": str(data), "HARM_CONTROL": str(self._file)}

    def set(self, *, flush_seconds: float = 0.0, full: bool = False, ahead_seconds: float = 0.0) -> Self:
        """Change them all."""
        self._numbers[:] = struct.pack("<qqq", int(flush_seconds * 1e6), full, int(ahead_seconds * 1e9))
        return self


def disk_harms(stage: Stage, control: Control) -> dict[str, Callable[[float], Awaitable[None]]]:
    """Return what can be done to the disk, each for so many seconds."""

    async def full(seconds: float) -> None:
        control.set(full=True)
        await asyncio.sleep(seconds)
        control.set()

    async def locked(seconds: float) -> None:
        def hold() -> None:
            with closing(sqlite3.connect(stage.gateway.database, isolation_level=None, timeout=10)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                time.sleep(seconds)
                connection.execute("ROLLBACK")

        await asyncio.to_thread(hold)

    async def slow(seconds: float, flush: float) -> None:
        control.set(flush_seconds=flush)
        await asyncio.sleep(seconds)
        control.set()

    return {
        "full": full,
        "locked": locked,
        "locked for longer than SQLite waits": lambda seconds: locked(seconds + 6.0),
        "10 ms a flush": lambda seconds: slow(seconds, 0.01),
        "100 ms a flush": lambda seconds: slow(seconds, 0.1),
    }
