"""The short version of `overload.py`: on a machine that others use, all but the speed is checked."""

from __future__ import annotations

import pytest

from tests.faults.overload import run


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_three_times_the_capacity_is_refused_in_part_and_nothing_accepted_is_lost(tmp_path):
    figures = run(tmp_path, seconds=4)

    assert set(figures.faults()) <= {"it is slower than before"}, figures.table()
