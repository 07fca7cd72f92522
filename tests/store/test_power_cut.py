"""The plug is pulled at any moment: what was acknowledged is on the disk.

`kill -9` cannot show that: the system keeps what a dead process wrote. So all writes and flushes of a real run are
recorded (`recorder.c`); a cut is a place in that record, and the disk after it holds what was flushed before, and of
the rest nothing or a random half. That the test can fail is shown by a run that does not flush.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import struct
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPILER = shutil.which("cc") or shutil.which("gcc")
pytestmark = [
    pytest.mark.skipif(sys.platform != "linux" or not COMPILER, reason="platform: needs Linux and a C compiler"),
    pytest.mark.slow,
]

STEPS = 1200
CUTS = 40

CHILD = """
import asyncio, os, sys
from gateway.store import database
from gateway.store.sqlite import SqliteStore
from tests.store.builders import ask, dedup, done, said, step

folder, steps, synchronous = sys.argv[1], int(sys.argv[2]), sys.argv[3]
database._PRAGMAS = database._PRAGMAS.replace("= FULL", f"= {synchronous}").replace("= 4000", "= 60")
acknowledged = os.open(folder + "/acknowledged", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

async def talk(store, key):
    for version in range(1, steps // 20 + 1):
        ended = (done(ask(version - 1, key=key)),)
        made = step(key, version, entries=(said(version),), effects=(ask(version, key=key),), finished=ended,
            dedup=dedup(f"{key}-{version}"))
        assert await store.commit(made)
        os.write(acknowledged, f"{key} {version}\\n".encode())

async def main():
    store = SqliteStore(folder + "/gateway.db")
    await store.open()
    await asyncio.gather(*(talk(store, f"c{number}") for number in range(20)))
    os._exit(0)

asyncio.run(main())
"""


@dataclass(slots=True)
class Disk:
    """What is on the disk for sure, and what may be."""

    kept: dict[str, bytearray] = field(default_factory=dict)
    pending: dict[str, list[tuple[bytes, int, bytes]]] = field(default_factory=dict)
    acknowledged: dict[str, int] = field(default_factory=dict)

    def apply(self, kind: bytes, path: str, offset: int, data: bytes) -> None:
        if path.endswith("/acknowledged"):
            key, version = data.decode().split()
            self.acknowledged[key] = int(version)
        elif kind == b"S":
            content = self.kept.setdefault(path, bytearray())
            for change in self.pending.pop(path, []):
                write(content, change)
        elif kind == b"U":
            self.kept.pop(path, None)
            self.pending.pop(path, None)
        else:
            self.pending.setdefault(path, []).append((kind, offset, data))

    def after_a_cut(self, kept_part: float, chance: random.Random) -> dict[str, bytearray]:
        """Of what was not flushed, any part may have reached the disk."""
        files = {path: bytearray(content) for path, content in self.kept.items()}
        for path, changes in self.pending.items():
            for change in changes:
                if chance.random() < kept_part:
                    write(files.setdefault(path, bytearray()), change)
        return files


def write(content: bytearray, change: tuple[bytes, int, bytes]) -> None:
    kind, offset, data = change
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    if kind == b"T":
        del content[offset:]
    else:
        content[offset : offset + len(data)] = data


def records(log: bytes) -> Iterator[tuple[bytes, str, int, bytes]]:
    at = 0
    while at < len(log):
        kind, path_size, offset, data_size = struct.unpack_from("<cIQI", log, at)
        at += struct.calcsize("<cIQI")
        path, data = log[at : at + path_size].decode(), log[at + path_size : at + path_size + data_size]
        at += path_size + data_size
        yield kind, path, offset, data


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = tmp_path_factory.mktemp("recorder") / "recorder.so"
    source = Path(__file__).with_name("recorder.c")
    subprocess.run([str(COMPILER), "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl", "-lpthread"], check=True)
    return library


def recorded(recorder: Path, folder: Path, synchronous: str) -> list[tuple[bytes, str, int, bytes]]:
    """Run a load and return all that it wrote and flushed."""
    data, log = folder / "data", folder / "log"
    data.mkdir()
    subprocess.run(
        [sys.executable, "-c", CHILD, str(data), str(STEPS), synchronous],
        cwd=Path(__file__).parents[2],
        env={"LD_PRELOAD": str(recorder), "RECORD_FOLDER": str(data), "RECORD_LOG": str(log), "PATH": "/usr/bin:/bin"},
        check=True,
    )
    return list(records(log.read_bytes()))


def lay_out(files: dict[str, bytearray], folder: Path) -> None:
    folder.mkdir()
    for path, content in files.items():
        (folder / Path(path).name).write_bytes(content)


async def lost_by_cut(files: dict[str, bytearray], acknowledged: dict[str, int], folder: Path) -> list[str]:
    """Start on what is left and return what was acknowledged but is gone."""
    lay_out(files, folder)
    store = SqliteStore(folder / "gateway.db")
    await store.open()
    lost = []
    for key, version in acknowledged.items():
        found = await store.load(key)
        numbers = [each.number for each in await store.entries(key, limit=STEPS)]
        stored = found.version if found is not None else 0
        assert numbers == list(range(1, stored + 1)), "a step is there in part"
        waiting = [each.effect.number for each in await store.effects(key) if each.state == "pending"]
        assert waiting == numbers[-1:]
        lost += [f"{key}: {version} acknowledged, {stored} stored"] if stored < version else []
    await store.close()
    with closing(sqlite3.connect(folder / "gateway.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return lost


async def lost_in_all(log: list[tuple[bytes, str, int, bytes]], folder: Path) -> list[str]:
    """Cut at random places and return all that was lost."""
    chance = random.Random(7)
    begun = next(index for index, (_, path, _, _) in enumerate(log) if path.endswith("/acknowledged"))
    cuts = set(chance.sample(range(begun + 1, len(log)), CUTS))
    disk, lost = Disk(), list[str]()
    for index, each in enumerate(log):
        disk.apply(*each)
        if index in cuts:
            left = disk.after_a_cut(chance.choice([0.0, 0.5]), chance)
            lost += await lost_by_cut(left, dict(disk.acknowledged), folder / f"cut-{index}")
    return lost


async def test_a_power_cut_loses_nothing_acknowledged(recorder: Path, tmp_path: Path):
    log = recorded(recorder, tmp_path, "FULL")

    assert sum(path.endswith("/acknowledged") for _, path, _, _ in log) == STEPS
    flushed = [path for kind, path, _, _ in log if kind == b"S"]
    assert any(path.endswith("gateway.db") for path in flushed), "the load is large enough for checkpoints"
    assert await lost_in_all(log, tmp_path) == []


async def test_without_flushing_a_power_cut_does_lose_something(recorder: Path, tmp_path: Path):
    log = recorded(recorder, tmp_path, "NORMAL")

    assert await lost_in_all(log, tmp_path)
