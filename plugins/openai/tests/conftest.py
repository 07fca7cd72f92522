"""Fixtures of the plugin's tests."""

from __future__ import annotations

import pytest

from plugins.openai.tests.kit import standing


@pytest.fixture
async def place(tmp_path):
    """A gateway with a model that may call humans, and nothing else."""
    async with standing(tmp_path) as place:
        yield place
