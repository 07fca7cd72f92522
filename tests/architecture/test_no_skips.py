"""In CI everything a test may need is there, so a test that skips itself has found something broken."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.architecture.source import ROOT

SKIPPING = {
    "test_inside.py": 'import pytest\ndef test_it(): pytest.skip("{reason}")\n',
    "test_marked.py": 'import pytest\n@pytest.mark.skipif(True, reason="{reason}")\ndef test_it(): pass\n',
    "test_module.py": 'import pytest\npytest.skip("{reason}", allow_module_level=True)\n',
}


@pytest.fixture
def outcome(tmp_path):
    """Run the three tests that skip for the given reason; return what pytest prints in the end."""

    def run(reason, *, ci):
        for name, source in SKIPPING.items():
            (tmp_path / name).write_text(source.format(reason=reason), encoding="utf-8")
        options = ["-p", "conftest", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
        env = {**os.environ, "CI": ci, "PYTHONPATH": str(ROOT), "COLUMNS": "300"}
        return subprocess.run(
            [sys.executable, "-m", "pytest", *options, "-c", ROOT / "pyproject.toml", tmp_path],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        ).stdout

    return run


def test_a_skip_is_a_failure_in_ci(outcome):
    said = outcome("no luck", ci="true")

    assert "= 1 failed, 2 errors in " in said
    assert "in CI nothing may be skipped: no luck" in said


def test_a_platform_reason_is_accepted_in_ci(outcome):
    assert "= 3 skipped in " in outcome("platform: no fork here", ci="true")


def test_elsewhere_a_skip_is_a_skip(outcome):
    assert "= 3 skipped in " in outcome("no luck", ci="")
