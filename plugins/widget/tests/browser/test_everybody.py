"""For everybody: keyboard, screen reader, phone, right to left, light and dark."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import expect

from gateway import (
    Button,
    Buttons,
    Message,
    Text,
    Transfer,
)
from gateway_widget.options import WidgetOptions
from plugins.widget.tests.browser.chat import EVERYTHING, Chat, started, wrote
from plugins.widget.tests.stage import Stage
from tests.browser import GRAVE, barriers

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


# --- for everybody -------------------------------------------------------------------------------------------------


async def test_by_keyboard_alone(page, stage):
    chat = await Chat(page).visit(stage)
    await page.keyboard.press("Tab")
    await expect(chat.launcher).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(chat.field).to_be_focused()
    await stage.context.until(lambda events: events)
    stage.bot_says(Message(contents=(Text(text="Sure?"), Buttons(buttons=(Button(text="Yes"), Button(text="No"))))))
    await expect(chat.button("Yes")).to_be_visible()
    for _ in range(3):
        await page.keyboard.press("Shift+Tab")
    await expect(chat.button("Yes")).to_be_focused()
    await page.keyboard.press("Space")
    await stage.context.until(lambda _: wrote(stage))
    await page.keyboard.type("two")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("lines")
    await page.keyboard.press("Enter")
    await stage.context.until(lambda _: wrote(stage)[1:])
    assert [message.text for message in wrote(stage)] == ["Yes", "two\nlines"]
    await page.keyboard.press("Escape")
    await expect(chat.window).to_be_hidden()
    await expect(chat.launcher).to_be_focused()
    await expect(chat.launcher).to_have_attribute("aria-expanded", "false")


async def test_targets_are_large_enough(page, stage):
    chat = await started(page, stage)
    stage.bot_says(Message(contents=EVERYTHING))
    await expect(chat.button("Yes")).to_be_visible()
    sizes = await chat.root.get_by_role("button").evaluate_all(
        "all => all.map(each => [each.offsetWidth, each.offsetHeight])"
    )

    assert len(sizes) >= 7
    assert min(min(pair) for pair in sizes) >= 24


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("accent", ["#4f46e5", "#ffd54a"])
async def test_axe_finds_nothing_serious(page, stage, theme, accent):
    await page.emulate_media(reduced_motion="reduce")
    chat = await Chat(page).visit(stage, **{"data-theme": theme, "data-accent": accent.replace("#", "%23")})
    assert await barriers(page, impacts=GRAVE | {"moderate"}) == []
    await chat.open()
    await stage.context.until(lambda events: events)
    stage.bot_says(Message(contents=EVERYTHING))
    await chat.say("Hello")
    await expect(chat.message("Hello")).to_contain_text("Sent")
    assert await barriers(page, impacts=GRAVE | {"moderate"}) == []
    stage.transfer(Transfer(close_button=True), position=2)
    await chat.button("End chat").click()
    await expect(chat.window.get_by_text("End this chat?")).to_be_visible()
    assert await barriers(page, impacts=GRAVE | {"moderate"}) == []


async def test_the_system_chooses_light_or_dark(page, stage):
    await page.emulate_media(color_scheme="dark")
    chat = await started(page, stage)
    surface = "panel => getComputedStyle(panel).backgroundColor"

    assert await chat.window.evaluate(surface) == "rgb(23, 25, 31)"
    await page.emulate_media(color_scheme="light")
    assert await chat.window.evaluate(surface) == "rgb(255, 255, 255)"


async def test_right_to_left(page, stage):
    chat = await started(page, stage, lang="ar")
    stage.bot_says("مرحبا")
    await chat.say("شكرا")
    await expect(chat.message("شكرا")).to_be_visible()
    window, theirs, mine = [
        await place.bounding_box()
        for place in (chat.window, chat.message("مرحبا").locator(".bubble"), chat.message("شكرا").locator(".bubble"))
    ]

    await expect(chat.root).to_have_js_property("dir", "rtl")
    assert theirs["x"] > window["x"] + window["width"] / 2
    assert mine["x"] < window["x"] + window["width"] / 2
    await expect(chat.field).to_have_attribute("placeholder", "اكتب رسالة…")


@pytest.mark.parametrize(
    ("lang", "title"), [("pt-BR", "Fale com a gente"), ("de-AT", "Schreiben Sie uns"), ("xx", "Chat with us")]
)
async def test_the_language_is_the_pages(page, stage, lang, title):
    chat = await started(page, stage, lang=lang)

    await expect(chat.window).to_have_accessible_name(title)


async def test_words_and_colours_of_the_config():
    options = WidgetOptions(
        accent="#ffd54a", title="Ask the kiln", texts={"en": {"placeholder": "What about?"}}, position="left"
    )
    async with Stage(options) as stage:
        settings = stage.channel._settings()

    assert settings["texts"] == {"en": {"placeholder": "What about?"}}
    assert json.dumps(settings)


async def test_on_a_phone_it_fills_the_screen(page, stage):
    await page.set_viewport_size({"width": 390, "height": 780})
    chat = await started(page, stage)
    await chat.window.evaluate("panel => Promise.all(panel.getAnimations().map(({ finished }) => finished))")

    assert await chat.window.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 780}
    assert await chat.window.evaluate("panel => panel.matches(':modal')")
    assert await barriers(page, impacts=GRAVE | {"moderate"}) == []
    await page.reload()
    await expect(chat.launcher).to_be_visible()
    await expect(chat.window).to_be_hidden()


async def test_who_wants_no_motion_gets_none(page, stage):
    await page.emulate_media(reduced_motion="reduce")
    chat = await started(page, stage)
    stage.transfer()
    await expect(chat.status).not_to_be_empty()

    assert await chat.root.evaluate("root => root.shadowRoot.getAnimations().length") == 0


async def test_on_a_touch_screen_no_keyboard_comes_unasked(browser, stage):
    context = await browser.new_context(has_touch=True, is_mobile=True, viewport={"width": 390, "height": 700})
    chat = await started(await context.new_page(), stage)
    stage.bot_says(Message(contents=(Buttons(buttons=(Button(text="Yes"),)),)))
    await expect(chat.log).to_be_focused()
    await chat.button("Yes").tap()
    await stage.context.until(lambda _: wrote(stage))

    await expect(chat.log).to_be_focused()
    await context.close()
