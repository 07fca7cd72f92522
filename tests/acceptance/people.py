"""The people of the acceptance tests, as far as they see and press things: a client and an agent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.async_api import expect

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser, BrowserContext, Page


expect.set_options(timeout=20_000)  # a slow machine is no failure


class Client:
    """Somebody on the demo shop's page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.chat = page.locator("gateway-chat")
        self.log = self.chat.get_by_role("log")
        self.header = self.chat.locator("header")

    @classmethod
    async def visits(cls, context: BrowserContext, url: str) -> Client:
        page = await context.new_page()
        await page.goto(f"{url}/site/")
        return cls(page)

    async def opens_chat(self) -> None:
        await self.chat.get_by_role("button", name=re.compile("chat", re.IGNORECASE)).first.click()

    async def writes(self, text: str) -> None:
        box = self.chat.get_by_role("textbox")
        await box.fill(text)
        await box.press("Enter")

    async def presses(self, name: str) -> None:
        await self.chat.get_by_role("button", name=name, exact=True).last.click()

    async def attaches(self, file: Path) -> None:
        await self.chat.locator("input[type=file]").set_input_files(str(file))

    async def sees(self, text: str, *, times: int | None = None) -> None:
        """Wait until a text stands in the chat (exactly so many times)."""
        found = self.log.get_by_text(text, exact=True)
        if times is None:
            await expect(found.last).to_be_visible()
        else:
            await expect(found).to_have_count(times)

    async def is_with(self, agent: str) -> None:
        await expect(self.header).to_contain_text(agent)

    async def transcript(self) -> list[str]:
        """Return what stands in the chat, message by message, without times."""
        rows = await self.log.locator(".row.message .bubble").all_inner_texts()
        return [row.strip() for row in rows]


class Agent:
    """Somebody at the desk."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.log = page.get_by_role("log")

    @classmethod
    async def signs_in(cls, browser: Browser, url: str, token: str) -> Agent:
        page = await (await browser.new_context()).new_page()
        await page.goto(f"{url}/desk/#token={token}")
        agent = cls(page)
        await expect(page.get_by_role("radio", name="Online")).to_be_visible()
        assert token not in page.url
        return agent

    async def goes_online(self) -> None:
        online = self.page.get_by_role("radio", name="Online")
        await online.click()
        await expect(online).to_have_attribute("aria-checked", "true")

    async def opens_next(self) -> None:
        await self.page.locator(".section-waiting .item").first.click()

    async def takes(self) -> None:
        await self.page.get_by_role("button", name=re.compile("^Take")).first.click()
        await expect(self.page.get_by_role("button", name="Back to the bot").first).to_be_visible()

    async def writes(self, text: str) -> None:
        box = self.page.locator(".composer .words")
        await box.fill(text)
        await box.press("Enter")

    async def sees(self, text: str, *, times: int | None = None) -> None:
        found = self.log.get_by_text(text, exact=True)
        if times is None:
            await expect(found.last).to_be_visible()
        else:
            await expect(found).to_have_count(times)

    async def attaches(self, file: Path) -> None:
        await self.page.locator(".composer input[type=file]").set_input_files(str(file))

    async def returns_to_bot(self, note: str) -> None:
        await self.page.get_by_role("button", name="Back to the bot").first.click()
        await self.page.locator("dialog textarea").fill(note)
        await self.page.locator("dialog button.primary").click()
