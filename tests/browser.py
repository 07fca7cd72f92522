"""Where the browser tests find Chromium, and how they start it.

Playwright drives the Chromium of the system; `playwright install` is never needed. Most tests just ask for
the `browser` or `page` fixture of the root `conftest.py`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright._impl._driver import compute_driver_executable
from playwright.async_api import async_playwright

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_CHROMIUM = "Chromium is missing: apt-get install chromium, or point GATEWAY_CHROMIUM at it"
NO_DRIVER = "Playwright's driver does not start; on Debian: apt-get install libatomic1"

# A page under test talks to 127.0.0.1 and to nobody else.
LAUNCH_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


def chromium_path() -> str | None:
    """The Chromium to use: what GATEWAY_CHROMIUM says, else the first one on PATH, else None."""
    if named := os.environ.get("GATEWAY_CHROMIUM"):
        return shutil.which(named)
    return next(filter(None, map(shutil.which, NAMES)), None)


@cache
def what_is_missing() -> str | None:
    """Why no browser test can run here, in words for a skip; None if they can."""
    if chromium_path() is None:
        return NO_CHROMIUM
    node, _ = compute_driver_executable()
    works = subprocess.run([node, "--version"], capture_output=True, check=False).returncode == 0
    return None if works else NO_DRIVER


STILL = """() => {
  const all = [document, ...[...document.querySelectorAll("*")].map((each) => each.shadowRoot).filter(Boolean)];
  const moving = all.flatMap((root) => root.getAnimations()).filter(({ effect }) => {
    return effect.getComputedTiming().endTime !== Infinity;
  });
  return Promise.allSettled(moving.map(({ finished }) => finished));
}"""
"""What fades in has the colours of no theme while it does."""


GRAVE = frozenset({"serious", "critical"})


async def barriers(page: Page, *, impacts: frozenset[str] = GRAVE) -> list[str]:
    """Return what axe finds on a page once nothing moves there."""
    await page.evaluate(STILL)
    found = (await Axe().run(page)).response["violations"]
    return [
        f"{each['id']} ({each['impact']}): {node['html']}"
        for each in found
        if each["impact"] in impacts
        for node in each["nodes"]
    ]


@asynccontextmanager
async def open_browser(*, headless: bool = True) -> AsyncIterator[Browser]:
    """Start Chromium for one test; it is gone when the block ends."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=LAUNCH_ARGS, headless=headless)
        try:
            yield browser
        finally:
            await browser.close()
