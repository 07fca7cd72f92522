"""What every test of the repository can use, in `tests/` and in `plugins/*/tests/` alike."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.browser import open_browser, what_is_missing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator

    from playwright.async_api import Browser, Page

PLATFORM = "platform:"  # A reason that starts with this word may skip a test in CI too.


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A Chromium of the test's own. Ask for it in tests marked `browser`."""
    if reason := what_is_missing():
        pytest.skip(reason)
    async with open_browser() as browser:
        yield browser


@pytest.fixture
async def page(browser: Browser) -> Page:
    """An empty page, with no cookies and no cache."""
    return await browser.new_page()


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    forbid_skip_in_ci(report)
    return report


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    forbid_skip_in_ci(report)
    return report


def forbid_skip_in_ci(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure where CI is set: there, everything a test needs has been installed."""
    if not os.environ.get("CI") or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    if not reason.startswith(PLATFORM):
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: skipped, and in CI nothing may be skipped: {reason}"
