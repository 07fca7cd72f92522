"""The gateway all fuzzing of one file is done on."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.fuzz.surface import Surface

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
"""Examples per entry. Without it few, and the same each time; with it as many, and other ones each time."""
FEW = 25

settings.register_profile(
    "fuzz",
    max_examples=EXAMPLES or FEW,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def surface(tmp_path_factory):
    surface = Surface(tmp_path_factory.mktemp("fuzz"))
    surface.open()
    yield surface
    surface.close()
