"""A widget instance on a real aiohttp server, over a small gateway of the tests' own."""

from __future__ import annotations

import pytest
from gateway_widget.options import WidgetOptions

from plugins.widget.tests.stage import Stage


@pytest.fixture
async def stage():
    """A running widget. `stage.with_options(...)` starts another one."""
    async with Stage(WidgetOptions(origins=("https://shop.example.com",))) as stage:
        yield stage
