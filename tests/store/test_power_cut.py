"""The plug is pulled at any moment: what was acknowledged is on the disk (how: `tests/disk/power.py`).

That the test can fail is shown by a run that does not flush. The same with a whole gateway: `tests/faults`.
"""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from gateway.store.sqlite import SqliteStore
from tests.disk import power
from tests.disk.power import Disk, Files, Record

pytestmark = [pytest.mark.skipif(bool(power.MISSING), reason=power.MISSING), pytest.mark.slow]

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


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return power.recorder(tmp_path_factory.mktemp("recorder"))


def recorded(recorder: Path, folder: Path, synchronous: str) -> list[Record]:
    """Run a load and return all that it wrote and flushed."""
    data, log = folder / "data", folder / "log"
    data.mkdir()
    subprocess.run(
        [sys.executable, "-c", CHILD, str(data), str(STEPS), synchronous],
        cwd=Path(__file__).parents[2],
        env={**power.recording(recorder, folder=data, log=log), "PATH": "/usr/bin:/bin"},
        check=True,
    )
    return list(power.records(log.read_bytes()))


async def lost_by_cut(files: Files, acknowledged: dict[str, int], folder: Path) -> list[str]:
    """Start on what is left and return what was acknowledged but is gone."""
    power.lay_out(files, folder, instead_of=folder.parent / "data")
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


async def lost_in_all(log: list[Record], folder: Path) -> list[str]:
    """Cut at random places and return all that was lost."""
    chance = random.Random(7)
    begun = next(index for index, (_, path, _, _) in enumerate(log) if path.endswith("/acknowledged"))
    cuts = set(chance.sample(range(begun + 1, len(log)), CUTS))
    disk, acknowledged, lost = Disk(), dict[str, int](), list[str]()
    for index, each in enumerate(log):
        if each[1].endswith("/acknowledged"):
            key, version = each[3].decode().split()
            acknowledged[key] = int(version)
        else:
            disk.apply(*each)
        if index in cuts:
            left = disk.after_a_cut(chance.choice([0.0, 0.5]), chance)
            lost += await lost_by_cut(left, dict(acknowledged), folder / f"cut-{index}")
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
