"""The chat as its user meets it, in a real browser."""

from __future__ import annotations

from playwright.async_api import expect

from gateway import (
    Attachment,
    Button,
    Buttons,
    Card,
    Carousel,
    ClientWrote,
    Contact,
    Location,
    Markup,
    Media,
    MediaKind,
    Text,
)

expect.set_options(timeout=15_000)

EVERYTHING = (
    Text(text="**Bold** and `code`\n\n1. one\n2. two", markup=Markup.MARKDOWN),
    Media(kind=MediaKind.IMAGE, attachment=Attachment(url="/site/demo/mug.svg", name="A mug"), caption="Ours"),
    Media(kind=MediaKind.DOCUMENT, attachment=Attachment(url="/files/x/care.pdf", name="care.pdf", size=184_320)),
    Location(latitude=38.7, longitude=-9.14, title="Lisbon"),
    Contact(name="Anna Kiln", phone="+351 123", email="anna@example.com"),
    Carousel(cards=(Card(title="Early mug", description="350 ml", buttons=(Button(text="More"),)), Card(title="Bowl"))),
    Buttons(buttons=(Button(text="Yes"), Button(text="Terms", url="https://example.com/"))),
)


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
        self.errors: list[str] = []
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


async def started(page, stage, **query):
    """An open chat whose conversation has begun."""
    chat = await (await Chat(page).visit(stage, **query)).open()
    await stage.context.until(lambda events: events)
    return chat


def wrote(stage):
    return [event.message for event in stage.context.events if isinstance(event, ClientWrote)]
