"""No word is lost, none comes twice: the chat in a real browser, with everything around it breaking."""

from __future__ import annotations

import re
from random import Random

import pytest
from playwright.async_api import expect

from gateway import (
    Blocked,
    Button,
    Buttons,
    ClientStarted,
    ClientWrote,
    Closed,
    Delivery,
    DeliveryState,
    Floor,
    Message,
    Peer,
    Pressed,
    Role,
    Said,
    Text,
    Typing,
    Unavailable,
)
from gateway_widget import streams
from gateway_widget.frames import Malformed
from plugins.widget.tests.browser.chat import Chat
from plugins.widget.tests.browser.conftest import in_module_loop

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

NO_SOCKETS = """window.WebSocket = class {
  constructor() { setTimeout(() => this.onclose({ code: 1006 })); }
  close() {}
};"""


def said(stage):
    return [event.message.text for event in stage.context.events if isinstance(event, ClientWrote)]


@in_module_loop
async def chat(page, stage):
    chat = await (await Chat(page).visit(stage)).open()
    yield chat
    assert chat.errors == []


async def test_a_first_conversation(stage, chat):
    await stage.context.until(lambda events: events)
    stage.bot_says("Hello, I am Robin.")
    await chat.shows("Hello, I am Robin.")
    await chat.say("Where is my parcel?")
    await chat.shows("Hello, I am Robin.", "Where is my parcel?")
    await expect(chat.message("Where is my parcel?")).to_contain_text("Sent")

    started, wrote = stage.context.events
    assert isinstance(started, ClientStarted)
    assert started.attributes["page"] == f"{stage.origin}/host"
    assert (wrote.language, wrote.client.id) == ("en", started.client.id)


async def test_a_reload_changes_nothing(stage, chat):
    await chat.say("one")
    await stage.context.until(lambda _: said(stage) == ["one"])
    stage.bot_says("two")
    await chat.say("three")
    await chat.shows("one", "two", "three")
    await expect(chat.message("three")).to_contain_text("Sent")

    await chat.page.reload()

    await chat.shows("one", "two", "three")
    await expect(chat.window).to_be_visible()
    await chat.say("four")
    await chat.shows("one", "two", "three", "four")
    assert len({event.client.id for event in stage.context.events}) == 1


async def test_two_tabs_go_in_step(stage, chat):
    await chat.say("from the first")
    other = await Chat(await chat.page.context.new_page()).visit(stage)
    await expect(other.window).to_be_visible()
    await other.shows("from the first")
    await other.say("from the second")
    stage.bot_says("to both")

    await chat.shows("from the first", "from the second", "to both")
    await other.shows("from the first", "from the second", "to both")
    assert said(stage) == ["from the first", "from the second"]
    await other.button("Close chat").click()
    await expect(chat.window).to_be_hidden()


async def test_a_restarted_gateway_is_found_again(stage, chat):
    await chat.say("before")
    await expect(chat.message("before")).to_contain_text("Sent")
    await stage.go_down()
    await chat.say("while you were away")
    await chat.say("still here")
    await expect(chat.message("still here")).to_contain_text("Sending")
    await expect(chat.status).to_contain_text("Connecting")
    stage.bot_says("said while nobody listened")

    await stage.come_up()

    await expect(chat.status).to_be_empty()
    await chat.shows("before", "said while nobody listened", "while you were away", "still here")
    assert said(stage) == ["before", "while you were away", "still here"]


async def test_a_lost_network_is_told_and_survived(stage, chat):
    await chat.say("before")
    await expect(chat.message("before")).to_contain_text("Sent")
    await chat.page.context.set_offline(True)
    await expect(chat.status).to_contain_text("You are offline")
    await chat.say("in the tunnel")
    stage.bot_says("are you there?")
    await chat.page.context.set_offline(False)

    await chat.shows("before", "are you there?", "in the tunnel")
    await expect(chat.status).to_be_empty()
    assert said(stage) == ["before", "in the tunnel"]


async def test_a_lost_acknowledgement_does_not_double(stage, chat):
    await chat.say("before")
    await expect(chat.message("before")).to_contain_text("Sent")
    stage.context.after_commit.append(stage.cut)
    await chat.say("committed, and the line tears")

    await expect(chat.message("tears")).to_contain_text("Sent")
    await chat.shows("before", "committed, and the line tears")
    assert said(stage) == ["before", "committed, and the line tears"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_breaks_each_word_comes_once_and_in_order(stage, chat, seed):
    luck = Random(seed)
    other = await Chat(await chat.page.context.new_page()).visit(stage)
    words = [f"word {number:02}" for number in range(24)]
    breaks = [stage.cut, lambda: stage.context.after_commit.append(stage.cut), chat.page.reload, lambda: None]
    for number, word in enumerate(words):
        await chat.say(word)
        if stage.book.states and luck.random() < 0.5:
            stage.bot_says(f"answer {number:02}")
        if number == 12:
            await stage.go_down()
            await stage.come_up()
        if broken := luck.choice(breaks)():
            await broken

    await stage.context.until(lambda _: len(said(stage)) == len(words))
    assert said(stage) == words
    log = [entry.body.message.text for entry in stage.book.logs[stage.conversation] if isinstance(entry.body, Said)]
    for tab in (chat, other):
        await tab.shows(*log)


async def test_unsent_words_survive_a_reload(stage, chat):
    await chat.say("before")
    await expect(chat.message("before")).to_contain_text("Sent")
    stage.context.refuse = Unavailable("the disk is full")
    await chat.say("first unsent")
    await chat.say("second unsent")
    await expect(chat.message("second unsent")).to_contain_text("Sending")
    await chat.page.reload()
    await chat.shows("before", "first unsent", "second unsent")
    stage.context.refuse = None

    await expect(chat.message("second unsent")).to_contain_text("Sent")
    assert said(stage) == ["before", "first unsent", "second unsent"]


async def test_words_of_a_closed_tab_are_sent_by_another(stage, chat):
    await chat.say("before")
    other = await Chat(await chat.page.context.new_page()).visit(stage)
    await other.shows("before")
    stage.context.refuse = Unavailable("the disk is full")
    await other.say("and then the tab was closed")
    await expect(other.message("closed")).to_contain_text("Sending")
    await other.page.close()
    stage.context.refuse = None

    await stage.context.until(lambda _: said(stage)[1:])
    await chat.shows("before", "and then the tab was closed")


async def test_a_refused_message_says_so_and_keeps_its_id(stage, chat):
    await chat.say("before")
    await expect(chat.message("before")).to_contain_text("Sent")
    stage.context.refuse = Blocked("no")
    await chat.say("not this one")
    await expect(chat.message("not this one")).to_contain_text("Not delivered")
    keys = set(stage.context.keys)
    stage.context.refuse = None
    await chat.button("Try again").click()

    await expect(chat.message("not this one")).to_contain_text("Sent")
    assert said(stage) == ["before", "not this one"]
    assert len(set(stage.context.keys) - keys) == 1


async def test_a_frame_the_gateway_cannot_read_is_not_sent_for_ever(stage, chat, monkeypatch):
    await chat.say("before")
    await expect(chat.message("before")).to_contain_text("Sent")

    def cannot_read(_data):
        raise Malformed("frame: no JSON", frame_id="")

    monkeypatch.setattr(streams, "read", cannot_read)
    await chat.say("poison")
    await expect(chat.message("poison")).to_contain_text("Not delivered")
    monkeypatch.undo()
    await chat.say("half an emoji: \ud83d")

    await stage.context.until(lambda _: said(stage) == ["before", "half an emoji: \ufffd"])
    await expect(chat.message("poison")).to_contain_text("Not delivered")


async def test_a_message_that_did_not_reach_the_agent_can_be_said_again(stage, chat):
    await chat.say("lost")
    await expect(chat.message("lost")).to_contain_text("Sent")
    number = stage.book.states[stage.conversation].head
    stage.book.add(stage.conversation, Delivery(number=number, to="desk", state=DeliveryState.FAILED))
    await expect(chat.message("lost")).to_contain_text("Not delivered")
    await chat.button("Try again").click()

    await stage.context.until(lambda _: said(stage) == ["lost", "lost"])
    assert stage.context.events[-1].message.id == stage.context.events[-2].message.id + ".r"


async def test_without_sockets_it_works_by_events(page, stage):
    await page.add_init_script(NO_SOCKETS)
    chat = await (await Chat(page).visit(stage)).open()
    await chat.say("no sockets here")
    await expect(chat.message("no sockets")).to_contain_text("Sent", timeout=20_000)
    stage.bot_says("no matter")

    await chat.shows("no sockets here", "no matter")
    assert said(stage) == ["no sockets here"]


async def test_a_silent_line_is_noticed(page, stage):
    """The network swallows everything, and nothing is ever closed."""
    await page.clock.install()
    sockets = []
    swallow: list[bool] = []

    def between(socket):
        sockets.append(socket)
        server = socket.connect_to_server()
        socket.on_message(lambda message: swallow or server.send(message))
        server.on_message(lambda message: swallow or socket.send(message))

    await page.route_web_socket(re.compile("/socket$"), between)
    chat = await (await Chat(page).visit(stage)).open()
    await chat.say("before")
    await expect(chat.message("before")).to_contain_text("Sent")
    swallow.append(True)
    stage.bot_says("swallowed")
    await page.clock.fast_forward(30_000)
    await page.clock.fast_forward(15_000)
    swallow.clear()
    await page.clock.fast_forward(5_000)

    await chat.shows("before", "swallowed")
    assert len(sockets) > 1


async def test_after_an_end_a_new_chat_begins_below_the_old_one(stage, chat):
    await chat.say("the first chat")
    await expect(chat.message("the first chat")).to_contain_text("Sent")
    await chat.button("End chat").click()
    await chat.window.get_by_text("End this chat?").wait_for()
    await chat.window.locator(".actions").get_by_role("button", name="End chat").click()
    await expect(chat.log).to_contain_text("This chat has ended")
    await chat.button("Start a new chat").click()
    await stage.context.until(lambda events: isinstance(events[-1], ClientStarted))
    stage.bot_says("Hello again")

    await chat.shows("the first chat", "Hello again")
    await expect(chat.log.locator(".divider")).to_have_text("New chat")
    await chat.page.reload()
    await chat.shows("the first chat", "Hello again")


async def test_long_logs_are_read_backwards(stage, chat):
    await chat.say("first")
    await expect(chat.message("first")).to_contain_text("Sent")
    for number in range(100):
        stage.bot_says(f"answer {number}")
    await chat.page.reload()
    await expect(chat.message("answer 99")).to_be_in_viewport()
    await expect(chat.message("answer 61")).to_be_attached()
    await expect(chat.message("answer 50")).not_to_be_attached()
    for wanted in ("answer 30", "first"):
        await chat.log.evaluate("log => log.scrollTo(0, 0)")
        await expect(chat.log.get_by_text(wanted, exact=True)).to_be_attached()

    await chat.shows("first", *(f"answer {number}" for number in range(100)))


async def test_who_reads_above_is_not_pulled_down(stage, chat):
    await chat.say("first")
    await expect(chat.message("first")).to_contain_text("Sent")
    for number in range(30):
        stage.bot_says(f"answer {number}")
    await expect(chat.message("answer 29")).to_be_in_viewport()
    await chat.log.evaluate("log => log.scrollTo(0, 200)")
    await expect(chat.message("answer 29")).not_to_be_in_viewport()
    stage.bot_says("news")
    await expect(chat.button("New messages")).to_be_visible()
    assert await chat.log.evaluate("log => log.scrollTop") == 200
    await chat.button("New messages").click()

    await expect(chat.message("news")).to_be_in_viewport()
    await expect(chat.button("New messages")).to_be_hidden()


async def test_a_blocked_client_is_told(stage, chat):
    await chat.say("Hi")
    await expect(chat.message("Hi")).to_contain_text("Sent")
    stage.book.add(stage.conversation, Closed(by=Role.AGENT), floor=Floor.CLOSED, blocked=True)

    await expect(chat.status).to_have_text("You cannot write here any more.")
    await expect(chat.field).to_be_disabled()


async def test_a_late_message_says_so_until_it_arrives(stage, chat):
    await chat.say("Hi")
    await expect(chat.message("Hi")).to_contain_text("Sent")
    number = stage.book.states[stage.conversation].head
    stage.book.add(stage.conversation, Delivery(number=number, to="desk", state=DeliveryState.DELAYED))
    await expect(chat.message("Hi")).to_contain_text("Takes longer than usual")
    stage.book.add(stage.conversation, Delivery(number=number, to="desk", state=DeliveryState.ARRIVED))

    await expect(chat.message("Hi")).to_contain_text("Sent")


async def test_a_pressed_button_is_spent(stage, chat):
    await stage.context.until(lambda events: events)
    choices = Buttons(
        buttons=(Button(text="Yes", value="y"), Button(text="No"), Button(text="Terms", url="https://example.com/"))
    )
    stage.bot_says(Message(contents=(Text(text="Sure?"), choices)))
    await chat.button("Yes").click()
    await stage.context.until(lambda _: said(stage))

    assert stage.context.events[-1].message.contents == (Pressed(value="y", text="Yes"),)
    await expect(chat.button("Yes")).to_be_disabled()
    await expect(chat.button("No")).to_be_disabled()
    await expect(chat.button("Yes")).to_have_attribute("aria-pressed", "true")
    await expect(chat.window.get_by_role("link", name="Terms")).to_have_attribute("href", "https://example.com/")
    await expect(chat.field).to_be_focused()


async def test_typing_is_seen_on_both_sides(stage, chat):
    await chat.say("Hi")
    await expect(chat.message("Hi")).to_contain_text("Sent")
    stage.agent_joins()
    await chat.field.press_sequentially("Is anybo")
    stage.book.type(Typing(conversation=stage.conversation, role=Role.AGENT))
    await expect(chat.log.locator(".dots")).to_be_visible()
    await expect(chat.log).to_contain_text("Anna is writing")
    stage.agent_says("Yes!")

    await chat.shows("Hi", "Yes!")
    await expect(chat.log.locator(".dots")).to_have_count(0)
    assert stage.context.signals[0] == Typing(conversation=stage.conversation, role=Role.CLIENT)


async def test_the_way_to_an_agent_and_back(stage, chat):
    await chat.say("agent")
    await expect(chat.message("agent")).to_contain_text("Sent")
    stage.transfer(position=2)
    await expect(chat.status).to_have_text("You are number 2 in the queue")
    await expect(chat.button("Back to the assistant")).to_be_visible()
    stage.agent_joins()
    await expect(chat.status).to_be_empty()
    await expect(chat.window.get_by_text("Anna is here for you")).to_be_visible()
    await expect(chat.log).to_contain_text("Anna joined the chat")
    await chat.page.reload()
    await expect(chat.window.get_by_text("Anna is here for you")).to_be_visible()
    stage.agent_leaves()
    await expect(chat.log).to_contain_text("You are back with the assistant")
    stage.transfer()
    await expect(chat.status).to_have_text("You are in the queue, somebody will be with you soon")
    await chat.button("Back to the assistant").click()
    await expect(chat.status).to_be_empty()


async def test_the_gateways_own_words_are_notices(stage, chat):
    await stage.context.until(lambda events: events)
    notice = Message(contents=(Text(text="We are closed on Sundays."),))
    stage.book.add(stage.conversation, Said(role=Role.SYSTEM, author=Peer(id="gateway"), message=notice))

    await expect(chat.log.locator(".notice")).to_have_text("We are closed on Sundays.")
