"""What a bot lets be seen while it writes, in a real browser: it grows, becomes the message, and never stays behind."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from gateway import Markup, Peer, Role, Said, Typing, text_message
from plugins.widget.tests.browser.chat import Chat
from plugins.widget.tests.browser.conftest import in_module_loop
from plugins.widget.tests.browser.test_words import NO_SOCKETS
from tests.browser import GRAVE, barriers

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

WORDS = "It is **on its way**.\n\n- today: *Lisbon*\n- tomorrow: your door"

WATCH = """() => {
  const log = document.querySelector("gateway-chat").shadowRoot.querySelector("[role=log]");
  const live = (node) => (node.closest("[aria-live]") ?? log).ariaLive ?? "polite";
  window.aloud = [];
  window.seen = [];
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const node of addedNodes)
        if (node.nodeType === 1 && live(node) !== "off") window.aloud.push(node.innerText);
    const bubbles = [...log.querySelectorAll(".message .bubble")].filter((each) => !each.closest(".mine"));
    window.seen.push(bubbles.map((each) => each.innerText.length));
  }).observe(log, { childList: true, subtree: true });
}"""

LINES = """() => {
  window.lines = [];
  window.GatewayChat.on("status", ({ connection }) => window.lines.push(connection));
}"""

PLACE = """() => {
  const log = document.querySelector("gateway-chat").shadowRoot.querySelector("[role=log]");
  const bubble = [...log.querySelectorAll(".message:not(.mine) .bubble")].at(-1).getBoundingClientRect();
  return [bubble.top, bubble.height, bubble.width, log.scrollHeight].map(Math.round);
}"""


def writes(stage, text="", *, active=True, role=Role.BOT):
    stage.book.type(
        Typing(conversation=stage.conversation, role=role, active=active, text=text, markup=Markup.MARKDOWN)
    )


async def talking(page, stage):
    chat = await (await Chat(page).visit(stage)).open()
    await chat.say("Where is it?")
    await expect(chat.message("Where is it?")).to_contain_text("Sent")
    return chat


@in_module_loop
async def chat(page, stage):
    chat = await talking(page, stage)
    yield chat
    assert chat.errors == []


def drafts(chat):
    """The dots below a draft: those that wait for the first word are a bubble."""
    return chat.log.locator(".foot.dots")


async def test_a_draft_grows_and_becomes_the_message(stage, chat):
    writes(stage)
    await expect(chat.log.locator(".bubble.dots")).to_be_visible()
    writes(stage, "It is **on")
    await chat.shows("Where is it?", "It is **on")
    await expect(chat.log.locator(".bubble.dots")).to_have_count(0)
    await expect(drafts(chat)).to_be_visible()
    writes(stage, WORDS)
    await expect(chat.log.locator(".message strong")).to_have_text("on its way")
    assert await barriers(chat.page, impacts=GRAVE | {"moderate"}) == []
    before = await chat.page.evaluate(PLACE)
    stage.bot_says(text_message(WORDS, markup=Markup.MARKDOWN))
    await expect(drafts(chat)).to_have_count(0)
    await expect(chat.log.locator(".message:not(.mine) time")).to_be_visible()

    assert await chat.page.evaluate(PLACE) == before
    await expect(chat.log.locator(".message:not(.mine)")).to_have_count(1)


async def test_nothing_flickers_in_between(stage, chat):
    await chat.page.evaluate(WATCH)
    for length in range(5, len(WORDS), 5):
        writes(stage, WORDS[:length])
    await expect(drafts(chat)).to_be_visible()
    stage.bot_says(text_message(WORDS, markup=Markup.MARKDOWN))
    await expect(chat.log.locator(".message:not(.mine) time")).to_be_visible()

    seen = [lengths for lengths in await chat.page.evaluate("window.seen") if lengths]
    assert {len(lengths) for lengths in seen} == {1}


async def test_a_screen_reader_hears_the_message_once_and_nothing_of_the_draft(stage, chat):
    await asyncio.sleep(0.6)  # what was there when the chat opened is not news, and is hushed for half a second
    await chat.page.evaluate(WATCH)
    writes(stage)
    await expect(chat.log.locator(".bubble.dots")).to_be_visible()
    for length in range(5, len(WORDS), 5):
        writes(stage, WORDS[:length])
        await asyncio.sleep(0.02)
    await expect(drafts(chat)).to_be_visible()
    stage.bot_says(text_message(WORDS, markup=Markup.MARKDOWN))
    await expect(chat.log.locator(".message:not(.mine) time")).to_be_visible()

    aloud = await chat.page.evaluate("window.aloud")
    assert len(aloud) == 2
    assert "is writing" in aloud[0]
    assert "on its way" in aloud[1]


async def test_a_draft_that_comes_to_nothing_goes(stage, chat):
    writes(stage, "It is on")
    await chat.shows("Where is it?", "It is on")
    writes(stage, active=False)
    stage.book.add(
        stage.conversation, Said(role=Role.SYSTEM, author=Peer(id="gateway"), message=text_message("Sorry."))
    )
    await expect(chat.log).to_contain_text("Sorry.")

    assert await drafts(chat).count() == 0  # at once, not when it would have faded
    writes(stage)
    await expect(chat.log.locator(".bubble.dots")).to_be_visible()
    await chat.shows("Where is it?")


async def test_a_sign_without_words_leaves_the_draft(stage, chat):
    writes(stage, "It is on")
    writes(stage)
    writes(stage, "It is on its")

    await chat.shows("Where is it?", "It is on its")


async def test_an_agent_who_comes_ends_the_draft(stage, chat):
    writes(stage, "It is on")
    await chat.shows("Where is it?", "It is on")
    stage.agent_joins()
    await expect(chat.log).to_contain_text("Anna joined")
    assert await drafts(chat).count() == 0  # at once, not when it would have faded
    writes(stage, "It is on its way")
    stage.agent_says("Let me look.")

    await chat.shows("Where is it?", "Let me look.")
    stage.agent_leaves()
    await expect(chat.log).to_contain_text("back with the assistant")
    await chat.shows("Where is it?", "Let me look.")


async def test_a_draft_fades_if_nobody_goes_on_with_it(stage, chat):
    writes(stage, "It is on")
    await chat.shows("Where is it?", "It is on")

    await chat.shows("Where is it?")  # after six seconds


async def test_a_torn_line_takes_the_draft_along(stage, chat):
    writes(stage, "It is on")
    await chat.shows("Where is it?", "It is on")
    await chat.page.evaluate(LINES)
    stage.cut()
    await chat.page.wait_for_function("lines.includes('connecting') && lines.at(-1) === 'online'")

    assert await drafts(chat).count() == 0


async def test_drafts_come_by_events_too(page, stage):
    await page.add_init_script(NO_SOCKETS)
    chat = await talking(page, stage)
    writes(stage, "It is on")
    await chat.shows("Where is it?", "It is on")
    stage.bot_says("It is on its way.")

    await chat.shows("Where is it?", "It is on its way.")


async def test_a_closed_chat_says_nothing_of_a_draft(stage, chat):
    await chat.button("Close chat").click()
    writes(stage, "It is on")
    await expect(chat.root.locator(".foot.dots")).to_be_attached()
    await expect(chat.root.locator(".preview")).to_be_empty()
    stage.bot_says("It is on its way.")

    await expect(chat.root.locator(".preview")).to_contain_text("It is on its way.")
