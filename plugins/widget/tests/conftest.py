"""Fixtures of the widget's tests."""

from __future__ import annotations

import pytest

from gateway_widget.options import WidgetOptions
from plugins.widget.tests.stage import SHOP, Stage


@pytest.fixture
async def stage():
    """A running widget that the shop may show."""
    async with Stage(WidgetOptions(origins=(SHOP,), demo=True)) as stage:
        yield stage
