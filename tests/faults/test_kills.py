"""Killed at any moment, the gateway loses nothing, repeats nothing it may not, and lets nobody wait for ever.

A short version: `make faults` does the same some hundred times (docs/reference/guarantees.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.disk import power
from tests.faults.harms import Killer
from tests.faults.rounds import Plan, play
from tests.faults.stage import Stage

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

SEED = "short"
CLIENTS = 6

needs_recorder = pytest.mark.skipif(bool(power.MISSING), reason=power.MISSING)


async def test_kills_break_no_promise(tmp_path: Path):
    async with Stage(tmp_path, seed=SEED, clients=CLIENTS) as stage:
        killer = Killer(stage, most_events=40)
        stage.world.begin()
        for where in ("any moment", "commit.after", "call.after"):
            await killer.kill(where)
        await stage.gateway.start()
        verdict = await stage.verdict()

    assert verdict.problems == []
    assert verdict.figures["handoffs"] > 0
    assert killer.missed == 0


@needs_recorder
async def test_power_cuts_lose_nothing_that_was_confirmed(tmp_path: Path):
    result = await play(Plan(kind="cuts", index=0, size=2, events=60), seed=SEED, folder=tmp_path / "round")

    assert result.problems == []
    assert result.figures["messages"] > 0


@needs_recorder
async def test_without_flushes_a_power_cut_loses_something(tmp_path: Path):
    result = await play(Plan(kind="unflushed", index=0, size=1, events=60), seed=SEED, folder=tmp_path / "round")

    assert result.problems == []
    assert result.done["found lost"] > 0
