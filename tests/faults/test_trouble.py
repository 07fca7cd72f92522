"""Whatever the others do, and whatever is in the way: a short version of `make faults`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.disk import power
from tests.faults.rounds import Plan, play

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

SEED = "short"


@pytest.mark.skipif(bool(power.MISSING), reason=power.MISSING)
async def test_bad_ways_moods_disks_and_clocks_break_no_promise(tmp_path: Path):
    result = await play(Plan(kind="trouble", index=0, size=7, seconds=0.5), seed=SEED, folder=tmp_path / "round")

    assert result.problems == []
    assert result.figures["broken"] > 0


async def test_a_platform_that_vanishes_costs_no_client_a_word(tmp_path: Path):
    result = await play(Plan(kind="vanished", index=0, size=2, seconds=2.5), seed=SEED, folder=tmp_path / "round")

    assert result.problems == []
    assert result.figures["handoffs"] > 0


async def test_a_side_that_hangs_holds_up_nobody_else(tmp_path: Path):
    result = await play(Plan(kind="hang", index=0, size=1, seconds=2.0), seed=SEED, folder=tmp_path / "round")

    assert result.problems == []
