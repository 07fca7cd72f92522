"""One browser for all tests of a module: starting it takes longer than most of them."""

from __future__ import annotations

import pytest
import pytest_asyncio

from gateway_widget.options import WidgetOptions
from plugins.widget.tests.stage import SHOP, Stage
from tests.browser import open_browser, what_is_missing

in_module_loop = pytest_asyncio.fixture(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser():
    if reason := what_is_missing():
        pytest.skip(reason)
    async with open_browser() as browser:
        yield browser


@in_module_loop
async def context(browser):
    """A visitor's browser: tabs opened in it share what it remembers."""
    context = await browser.new_context()
    yield context
    await context.close()


@in_module_loop
async def page(context):
    return await context.new_page()


@in_module_loop
async def stage():
    async with Stage(WidgetOptions(origins=(SHOP,), demo=True)) as stage:
        yield stage
