"""What is said: all contents, nothing that can run, files."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from gateway import (
    Attachment,
    Button,
    Buttons,
    Markup,
    Media,
    MediaKind,
    Message,
    Peer,
    Text,
)
from plugins.widget.tests.browser.chat import EVERYTHING, started, wrote

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b4944415478da6364f80f00010501012718e3660000"
    "000049454e44ae426082"
)


# --- contents ------------------------------------------------------------------------------------------------------


async def test_all_contents_are_shown(page, stage):
    chat = await started(page, stage)
    stage.bot_says(Message(contents=EVERYTHING))

    await expect(chat.log.locator("strong")).to_have_text("Bold")
    await expect(chat.log.locator("ol li")).to_have_text(["one", "two"])
    await expect(chat.log.get_by_role("img", name="A mug")).to_have_js_property("complete", True)
    await expect(chat.log.get_by_role("link", name="care.pdf")).to_contain_text("184 kB")
    await expect(chat.log.get_by_role("link", name="Show on the map")).to_have_attribute(
        "href", "https://www.openstreetmap.org/?mlat=38.7&mlon=-9.14#map=16/38.7/-9.14"
    )
    await expect(chat.log.get_by_role("link", name="+351 123")).to_have_attribute("href", "tel:+351 123")
    await expect(chat.log.get_by_role("listitem").filter(has_text="Early mug")).to_contain_text("350 ml")
    await chat.button("More").click()
    await stage.context.until(lambda _: wrote(stage))
    assert wrote(stage)[0].text == "More"


async def test_a_face_that_cannot_be_had_is_drawn(page, stage):
    chat = await started(page, stage)
    await page.route("**/face.png", lambda route: route.abort())
    bo = Peer(id="bo", name="Bo", avatar_url="https://shop.example.com/face.png")
    stage.agent_joins(bo)
    stage.agent_says("Hello", bo)

    face = chat.log.locator(".who").last.locator(".avatar")
    await expect(face.locator("svg")).to_be_visible()
    await expect(face.locator("img")).to_have_count(0)


async def test_lines_stay_lines(page, stage):
    chat = await started(page, stage)
    stage.bot_says("one")
    stage.bot_says("one\ntwo\nthree")
    one, three = chat.log.locator(".bubble").nth(0), chat.log.locator(".bubble").nth(1)
    await expect(three).to_be_visible()

    assert (await three.bounding_box())["height"] > 2 * (await one.bounding_box())["height"] - 18


async def test_a_long_text_full_of_markup_is_shown(page, stage):
    chat = await started(page, stage)
    stage.bot_says(Message(contents=(Text(text="`a` **b** " * 4000, markup=Markup.MARKDOWN),)))

    await expect(chat.log.locator("strong")).to_have_count(4000)


async def test_nothing_that_is_said_can_run(page, stage):
    chat = await started(page, stage)
    evil = [
        Text(
            text='<img src=x onerror="window.hit=1"><script>hit=1</script><a href=javascript:hit=1>x</a><b>fine</b>',
            markup=Markup.HTML,
        ),
        Text(text="[click](javascript:window.hit=1) <script>window.hit=1</script>", markup=Markup.MARKDOWN),
        Text(text="<img src=x onerror=window.hit=1> javascript:window.hit=1"),
        Media(kind=MediaKind.DOCUMENT, attachment=Attachment(url="javascript:window.hit=1", name="<b>evil</b>")),
        Media(kind=MediaKind.IMAGE, attachment=Attachment(url="data:text/html,<script>hit=1</script>", name="x")),
        Buttons(buttons=(Button(text="evil", url="javascript:window.hit=1"),)),
    ]
    stage.bot_says(Message(contents=tuple(evil)))
    await expect(chat.log.locator("b", has_text="fine")).to_be_visible()

    links = await chat.log.locator("a").evaluate_all("links => links.map(link => link.getAttribute('href') ?? '')")
    assert [href for href in links if href.startswith(("javascript", "data"))] == []
    assert await chat.log.locator("script, iframe").count() == 0
    assert await page.evaluate("window.hit") is None


# --- files ---------------------------------------------------------------------------------------------------------


async def test_a_picked_file_is_sent(page, stage):
    chat = await started(page, stage)
    await chat.window.locator("input[type=file]").set_input_files(
        {"name": "cat.png", "mimeType": "image/png", "buffer": PNG}
    )
    await expect(chat.button("Remove cat.png")).to_be_visible()
    await chat.say("My cat")

    shown = chat.log.get_by_role("img", name="cat.png")
    await expect(shown).to_have_js_property("naturalWidth", 1)
    text, media = wrote(stage)[0].contents
    assert (text.text, media.kind, media.attachment.size) == ("My cat", MediaKind.IMAGE, len(PNG))
    await chat.page.reload()
    await expect(shown).to_have_js_property("naturalWidth", 1)


async def test_what_is_sent_while_a_file_is_still_going_up_goes_out_with_it(page, stage):
    chat = await started(page, stage)
    may_go_up = asyncio.Event()

    async def slow(route):
        await may_go_up.wait()
        await route.continue_()

    await page.route("**/files?*", slow)
    await chat.window.locator("input[type=file]").set_input_files(
        {"name": "cat.png", "mimeType": "image/png", "buffer": PNG}
    )
    await expect(chat.button("Remove cat.png")).to_be_visible()
    await chat.say("My cat")
    await expect(chat.button("Send")).to_have_attribute("aria-busy", "true")
    await expect(chat.field).to_have_value("My cat")
    may_go_up.set()

    await expect(chat.log.get_by_role("img", name="cat.png")).to_have_js_property("naturalWidth", 1)
    assert [len(each.contents) for each in wrote(stage)] == [2]
    await expect(chat.field).to_have_value("")
    await expect(chat.button("Send")).to_have_attribute("aria-busy", "false")


async def test_a_file_that_cannot_go_up_holds_its_message_back(page, stage):
    chat = await started(page, stage)
    may_fail = asyncio.Event()

    async def broken(route):
        await may_fail.wait()
        await route.abort()

    await page.route("**/files?*", broken)
    await chat.window.locator("input[type=file]").set_input_files(
        {"name": "cat.png", "mimeType": "image/png", "buffer": PNG}
    )
    await chat.say("My cat")
    may_fail.set()

    await expect(chat.window.get_by_role("alert").filter(has_text="cat.png")).to_be_visible()
    await expect(chat.field).to_have_value("My cat")
    assert wrote(stage) == []


@pytest.mark.parametrize("way", ["paste", "drop"])
async def test_a_file_can_be_pasted_and_dropped(page, stage, way):
    chat = await started(page, stage)
    give = """(target, way) => {
      const data = new DataTransfer();
      data.items.add(new File(["hello"], "note.txt", { type: "text/plain" }));
      const Kind = way === "paste" ? ClipboardEvent : DragEvent;
      const files = way === "paste" ? { clipboardData: data } : { dataTransfer: data };
      target.dispatchEvent(new Kind(way, { bubbles: true, cancelable: true, composed: true, ...files }));
    }"""
    await chat.field.evaluate(give, way)
    await expect(chat.button("Send")).to_be_enabled()
    await chat.button("Send").click()

    await stage.context.until(lambda _: wrote(stage))
    assert wrote(stage)[0].contents[0].attachment.name == "note.txt"


async def test_what_is_too_large_is_said_at_once(page, stage):
    chat = await started(page, stage)
    big = {"name": "film.mov", "mimeType": "video/quicktime", "buffer": b"x" * 1_000_001}
    await chat.window.locator("input[type=file]").set_input_files(big)

    await expect(chat.window.get_by_role("alert")).to_have_text("film.mov is larger than 1 MB.")
    await expect(chat.button("Send")).to_be_disabled()
    await chat.button("Remove film.mov").click()
    await expect(chat.window.get_by_role("alert")).to_be_empty()
    assert stage.context.files.files == {}


async def test_a_text_that_is_too_long_is_said_at_once(page, stage):
    chat = await started(page, stage)
    await chat.field.fill("x" * 4001)

    await expect(chat.window.get_by_role("alert")).to_have_text("At most 4000 characters, please.")
    await expect(chat.button("Send")).to_be_disabled()
