from __future__ import annotations

import pytest

from gateway.testing import Harness
from plugins.desk.tests.kit import CONFIG, Agent, Place


@pytest.fixture
async def place(tmp_path):
    """A whole gateway with a fake channel, a fake bot and a real desk."""
    async with Harness(CONFIG, folder=tmp_path) as gateway, Place(gateway) as place:
        yield place


@pytest.fixture
async def anna(place) -> Agent:
    return await place.agent("anna")


@pytest.fixture
async def ben(place) -> Agent:
    return await place.agent("ben")
