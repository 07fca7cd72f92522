"""The chat as its user meets it, in a real browser."""

from __future__ import annotations

from playwright.async_api import expect

expect.set_options(timeout=10_000)


class Chat:
    """A page with the chat on it. Everything is found by what a user sees, or hears from a screen reader."""

    def __init__(self, page):
        self.page = page
        self.root = page.locator("gateway-chat")
        self.launcher = self.root.locator(".launcher")
        self.window = page.get_by_role("dialog")
        self.log = page.get_by_role("log")
        self.field = self.window.get_by_role("textbox")
        self.status = self.window.get_by_role("status")
        self.errors = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._console)

    def _console(self, message):
        if "Security Policy" in message.text:
            self.errors.append(message.text)

    async def visit(self, stage, **query):
        await self.page.goto(f"{stage.origin}/host?" + "&".join(f"{name}={value}" for name, value in query.items()))
        await expect(self.launcher).to_be_attached()
        return self

    async def open(self):
        await self.launcher.click()
        await expect(self.window).to_be_visible()
        return self

    async def say(self, text):
        await self.field.fill(text)
        await self.field.press("Enter")

    def button(self, name):
        return self.window.get_by_role("button", name=name, exact=True)

    def message(self, text):
        return self.log.locator(".message", has_text=text)

    async def shows(self, *texts):
        """Expect exactly these bubbles, in this order."""
        await expect(self.log.locator(".bubble:not(.dots)")).to_have_text(list(texts))
