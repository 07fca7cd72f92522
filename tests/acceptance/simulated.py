"""A real `gateway simulate` in a process of its own, and the person at its page."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Self

from playwright.async_api import expect

from tests.acceptance.process import ROOT, GatewayProcess

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from playwright.async_api import BrowserContext, ConsoleMessage, Locator, Page

CONFIGS = ROOT / "config" / "simulate"
SECONDS = 30.0


class ReadyMade(GatewayProcess):
    """One of the configurations of `config/simulate`, with the addresses the test has chosen."""

    def __init__(self, name: str, folder: Path) -> None:
        super().__init__(CONFIGS / name, folder)
        self.overrides: dict[str, str] = {}

    @property
    def environ(self) -> dict[str, str]:
        return {**super().environ, **self.overrides}


class SimulationProcess:
    """Runs a simulation, on a free port unless one is named."""

    def __init__(self, *arguments: str, gateway: str, port: int = 0) -> None:
        self._arguments = [*arguments, "--port", str(port), "--gateway", gateway, "--no-open"]
        self._process: subprocess.Popen[str] | None = None
        self.said = ""
        self.url = ""

    async def __aenter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "simulate", *self._arguments],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        async with asyncio.timeout(SECONDS):
            while "Ctrl-C" not in self.said:
                line = await asyncio.to_thread(self._process.stdout.readline)
                assert line, f"it ended: {self.said}"
                self.said += line
        self.url = re.search(r"http://127\.0\.0\.1:\d+", self.said)[0]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._process.terminate()
        assert await asyncio.to_thread(self._process.wait, SECONDS) == 0
        self._process.stdout.close()

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def exports(self) -> Mapping[str, str]:
        """The environment it prints for the gateway."""
        return dict(re.findall(r"export (\w+)=(\S+)", self.said))


class Player:
    """The person at the page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        self.log = page.get_by_role("log")
        self.wire = page.get_by_role("complementary", name="Wire log")

    @classmethod
    async def opens(cls, context: BrowserContext, url: str) -> Player:
        page = await context.new_page()
        player = cls(page)
        page.on("pageerror", lambda error: player.faults.append(str(error)))
        page.on("console", player.hears)
        await page.goto(f"{url}/")
        return player

    def hears(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.faults.append(said.text)

    async def writes(self, text: str) -> None:
        box = self.page.get_by_role("textbox", name="Message")
        await box.fill(text)
        await box.press("Enter")

    async def attaches(self, file: Path) -> None:
        await self.page.locator(".composer input[type=file]").set_input_files(str(file))
        await expect(self.page.locator(".file-chip")).to_contain_text(file.name)

    async def presses(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).last.click()

    async def does(self, name: str, **fields: str) -> None:
        """Press an act's button, and fill in what it asks for."""
        await self.page.locator(".acts, .list-acts").get_by_role("button", name=name, exact=True).click()
        dialog = self.page.get_by_role("dialog")
        for label, value in fields.items():
            await dialog.get_by_label(label.replace("_", " ")).fill(value)
        await dialog.get_by_role("button", name=name, exact=True).click()
        await expect(dialog).to_have_count(0)

    async def sees(self, text: str, *, times: int | None = None) -> None:
        found = self.log.get_by_text(text, exact=True)
        if times is None:
            await expect(found.last).to_be_visible()
        else:
            await expect(found).to_have_count(times)

    def call(self, name: str) -> Locator:
        """The newest call of a name in the wire log."""
        return (
            self.wire.locator("details").filter(has=self.page.locator("strong", has_text=re.compile(f"^{name}$"))).last
        )

    async def reads(self, name: str) -> Locator:
        """Open a call."""
        call = self.call(name)
        await call.locator("summary").click()
        return call.locator(".inside")
