"""The workspace in a real browser, as an agent uses it."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from playwright.async_api import expect

from gateway import (
    Attachment,
    ClientWrote,
    Floor,
    Markup,
    Media,
    MediaKind,
    Message,
    Peer,
    Permanent,
    Role,
    Text,
    Transfer,
    Typing,
    text_message,
)
from gateway.testing import Harness
from plugins.desk.tests.kit import CONFIG, TOKENS, Place, config_with
from tests.browser import barriers

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 780}
WIDE = {"width": 1360, "height": 820}


async def enter(browser, place, name="anna", *, online=True, viewport=None, **options):
    """An agent opens the workspace by a one-click link."""
    context = await browser.new_context(viewport=viewport or WIDE, locale="en-GB", **options)
    page = await context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"error in the page: {error}"))
    await page.goto(f"{place.url}#token={TOKENS[name]}")
    await expect(page.locator(".desk")).to_be_visible()
    if online:
        await page.get_by_role("radio", name="Online").click()
        await expect(page.get_by_role("radio", name="Online")).to_be_checked()
    return page


async def take(page, name="Ann"):
    await line(page, name).click()
    await page.get_by_role("button", name="Take this dialog").click()
    await expect(page.locator(".floor-mine")).to_be_visible()


def line(page, name):
    return page.locator(".item", has=page.locator(".item-name", has_text=re.compile(f"^{name}$")))


def bubble(page, text):
    return page.locator(".bubble", has_text=text)


async def write(page, text):
    await page.get_by_role("combobox").fill(text)
    await page.keyboard.press("Enter")


# --- signing in -------------------------------------------------------------------------------------------------------


async def test_sign_in_with_the_keyboard(browser, place):
    page = await browser.new_page()
    await page.goto(place.url)
    await expect(page.get_by_label("Personal token")).to_be_focused()
    await page.keyboard.type("not a token")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("not known here")

    await page.keyboard.type(TOKENS["anna"])
    await page.keyboard.press("Enter")
    await expect(page.locator(".desk")).to_be_visible()


async def test_the_token_leaves_the_address_at_once(browser, place):
    page = await enter(browser, place, online=False)

    assert "token" not in page.url
    await page.reload()
    await expect(page.locator(".desk")).to_be_visible()


# --- the story --------------------------------------------------------------------------------------------------------


async def test_a_dialog_from_the_queue_to_the_return_with_the_keyboard_alone(browser, place):
    page = await enter(browser, place)
    transfer = Transfer(destination="sales", reason="wants a refund", attributes={"order": "A-17"})
    await place.calls(transfer)
    await expect(line(page, "Ann")).to_be_visible()

    await page.keyboard.press("j")
    await expect(page.locator(".packet")).to_contain_text("wants a refund")
    await expect(page.locator(".details")).to_contain_text("A-17")
    await page.keyboard.press("t")
    await expect(page.get_by_role("combobox", name="Write to Ann")).to_be_focused()
    await page.keyboard.type("/he")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("combobox")).to_have_value("Hello Ann, this is Anna.")
    await page.keyboard.press("Enter")
    await expect(page.locator(".said-mine")).to_contain_text("Hello Ann, this is Anna.")
    await place.client.writes("hello Anna")
    await expect(page.locator(".said-client").last).to_contain_text("hello Anna")

    await page.keyboard.press("Escape")
    await page.keyboard.press("n")
    await page.keyboard.type("refund agreed")
    await page.keyboard.press("Enter")
    await expect(page.locator(".note")).to_contain_text("refund agreed")
    await page.keyboard.press("Escape")
    await page.keyboard.press("b")
    await page.keyboard.type("refund booked")
    await page.keyboard.press("Enter")

    await expect(page.locator(".floor-ended")).to_be_visible()
    await place.gateway.settled()
    assert await place.floor() is Floor.BOT
    assert "back: returned refund booked" in place.client.texts()
    assert not any("refund agreed" in text for text in place.client.texts())


async def test_the_other_agent_sees_who_was_faster(browser, place):
    anna, ben = await enter(browser, place), await enter(browser, place, "ben")
    await place.calls()
    await line(ben, "Ann").click()
    await take(anna)

    await expect(ben.locator(".floor")).to_have_text("Anna has the floor")
    await expect(ben.get_by_role("button", name="Take this dialog")).to_have_count(0)
    await expect(ben.get_by_role("button", name="Take over from Anna")).to_be_visible()


async def test_taking_over_asks_first_and_the_loser_sees_it(browser, place):
    anna, ben = await enter(browser, place), await enter(browser, place, "ben")
    await place.calls()
    await take(anna)
    await line(ben, "Ann").click()
    await ben.get_by_role("button", name="Take over from Anna").click()
    await ben.get_by_role("button", name="Take over", exact=True).click()

    await expect(ben.locator(".floor-mine")).to_be_visible()
    await expect(anna.locator(".floor")).to_have_text("Ben has the floor")


async def test_forward_to_a_colleague(browser, place):
    anna, ben = await enter(browser, place), await enter(browser, place, "ben")
    await place.calls()
    await take(anna)
    await anna.get_by_role("button", name="Forward").click()
    await anna.get_by_role("radio", name="Ben").check()
    await anna.get_by_label("Note for whoever takes it").fill("speaks German")
    await anna.get_by_role("dialog").get_by_role("button", name="Forward").click()

    await expect(ben.locator(".section-waiting .tag.for-me")).to_have_text("for Ben")
    await line(ben, "Ann").click()
    await expect(ben.locator(".note")).to_contain_text("speaks German")


async def test_block_asks_first(browser, place):
    page = await enter(browser, place)
    await place.calls()
    await take(page)
    await page.get_by_role("button", name="Block the client").click()
    await expect(page.get_by_role("button", name="Cancel").last).to_be_focused()
    await page.keyboard.press("Escape")
    assert not (await place.gateway.conversation()).blocked

    await page.get_by_role("button", name="Block the client").click()
    await page.get_by_role("button", name="Block", exact=True).click()
    await expect(page.locator(".floor-ended")).to_be_visible()
    assert (await place.gateway.conversation()).blocked


# --- nothing is lost --------------------------------------------------------------------------------------------------


async def test_what_is_written_while_the_gateway_is_down_arrives_once(browser, tmp_path, unused_tcp_port):
    config = {**CONFIG, "server": {"port": unused_tcp_port}}
    async with Harness(config, folder=tmp_path) as gateway, Place(gateway) as place:
        page = await enter(browser, place)
        await place.calls()
        await take(page)
        await write(page, "before")
        await expect(bubble(page, "before")).to_be_visible()
    await expect(page.locator(".banner")).to_be_visible()
    await write(page, "while it was down")
    await write(page, "and this too")
    await expect(page.locator(".pending")).to_have_count(2)
    await expect(page.locator(".pending .fate").first).to_contain_text("Waiting for the connection")

    async with Harness(config, folder=tmp_path) as gateway, Place(gateway) as place:
        await expect(page.locator(".pending")).to_have_count(0, timeout=20_000)
        await expect(page.locator(".banner")).to_be_hidden()
        await expect(page.locator(".floor-mine")).to_be_visible()
        said = [text for text in await place.gateway.transcript() if text.startswith("agent: ")]
        assert said == ["agent: before", "agent: while it was down", "agent: and this too"]


async def test_a_new_version_of_the_gateway_brings_a_new_page(browser, tmp_path, unused_tcp_port, monkeypatch):
    config = {**CONFIG, "server": {"port": unused_tcp_port}}
    async with Harness(config, folder=tmp_path) as gateway, Place(gateway) as place:
        page = await enter(browser, place)
        await page.evaluate("window.old = true")
    monkeypatch.setattr("gateway_desk.workspace.BUILD", "newer")
    async with AsyncExitStack() as stack:
        async with page.expect_event("load"):
            await stack.enter_async_context(Harness(config, folder=tmp_path))
        await expect(page.get_by_role("radio", name="Online")).to_be_checked()
        assert await page.evaluate("window.old") is None


async def test_a_reload_keeps_the_dialog_the_draft_and_the_floor(browser, place):
    page = await enter(browser, place)
    await place.calls()
    await take(page)
    await page.get_by_role("combobox").fill("half a sen")
    await page.reload()

    await expect(page.get_by_role("combobox")).to_have_value("half a sen")
    await expect(page.locator(".floor-mine")).to_be_visible()
    await expect(bubble(page, "calling")).to_be_visible()


async def test_a_second_tab_shows_the_same(browser, place):
    page = await enter(browser, place)
    await place.calls()
    await take(page)
    other = await page.context.new_page()
    await other.goto(page.url)
    await write(page, "from the first tab")
    await expect(bubble(other, "from the first tab")).to_have_count(1)
    await write(other, "from the second tab")

    await expect(bubble(page, "from the second tab")).to_have_count(1)


async def test_what_the_client_did_not_get_is_marked(browser, place):
    page = await enter(browser, place)
    await place.calls()
    await take(page)
    await place.gateway.settled()
    place.client.failures.append(Permanent("the client blocked the bot"))
    await write(page, "are you there?")

    fate = page.locator(".said-mine", has_text="are you there?").locator(".fate-bad")
    await expect(fate).to_have_text("The client did not get this: the client blocked the bot")


async def test_a_failure_in_another_dialog_is_seen_in_the_list(browser, place):
    page = await enter(browser, place)
    await place.calls()
    await take(page)
    await place.gateway.settled()
    place.client.gate.clear()
    await write(page, "are you there?")
    await expect(bubble(page, "are you there?")).to_be_visible()
    await page.evaluate("location.hash = ''")
    place.client.failures.append(Permanent("the client blocked the bot"))
    place.client.gate.set()

    await expect(line(page, "Ann").locator(".item-last")).to_have_text("Not delivered")
    await line(page, "Ann").click()
    await expect(line(page, "Ann").locator(".item-last")).not_to_have_text("Not delivered")


async def test_who_loses_a_dialog_is_told(browser, place):
    page = await enter(browser, place)
    session = await place.calls()
    await take(page)
    ben = await place.agent("ben")
    await ben.does("take", session=session, over="anna")
    await expect(page.locator(".toast")).to_contain_text("Ben took over the dialog with Ann")

    await place.client.leaves_agent()
    await expect(page.locator(".floor-ended")).to_be_visible()


async def test_a_note_begun_without_the_floor_never_turns_into_a_reply(browser, place):
    page = await enter(browser, place)
    await place.calls()
    await line(page, "Ann").click()
    await expect(page.get_by_role("button", name="Take this dialog")).to_be_visible()
    await page.keyboard.press("n")
    await expect(page.get_by_role("combobox")).to_be_focused()
    await page.keyboard.type("this client is difficult")
    await page.get_by_role("button", name="Take this dialog").click()
    await expect(page.locator(".floor-mine")).to_be_visible()
    await page.get_by_role("combobox").press("Enter")

    await expect(page.locator(".note")).to_contain_text("this client is difficult")
    await place.gateway.settled()
    assert not any("difficult" in text for text in place.client.texts())


async def test_a_refused_message_is_not_lost(browser, place):
    page = await enter(browser, place)
    session = await place.calls()
    await take(page)
    ben = await place.agent("ben")
    await page.context.set_offline(True)
    await page.evaluate("dispatchEvent(new Event('offline'))")
    await write(page, "too late")
    await ben.does("take", session=session, over="anna")
    await page.context.set_offline(False)

    failed = page.locator(".pending-failed")
    await expect(failed).to_contain_text("Ben has this dialog", timeout=20_000)
    await failed.get_by_role("button", name="Discard").click()
    await expect(failed).to_have_count(0)


# --- what is shown ----------------------------------------------------------------------------------------------------


async def test_what_clients_write_stays_text(browser, place):
    page = await enter(browser, place)
    evil = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'
    session = await place.calls(Transfer(destination="sales", reason=evil, attributes={evil: evil}, summary=evil))
    await line(page, "Ann").click()
    await place.client.writes(evil)
    for markup in (Markup.HTML, Markup.MARKDOWN):
        text = f"{markup.value} {evil} [a](javascript:alert) <a href='javascript:alert'>b</a> **bold**"
        await place.client.writes(Message(contents=(Text(text=text, markup=markup),)))

    await expect(page.locator(".text-markdown strong")).to_have_text("bold")
    assert session in page.url
    assert await page.evaluate("window.pwned") is None
    assert await page.locator(".log script, .log [onerror], .log a[href^='javascript']").count() == 0


async def test_files_are_sent_by_picker_and_shown(browser, place, tmp_path):
    page = await enter(browser, place)
    await place.calls()
    await take(page)
    picture = tmp_path / "square.png"
    picture.write_bytes(PNG)
    await page.locator("input[type=file]").set_input_files(picture)
    await expect(page.locator(".file-chip")).to_contain_text("square.png")
    await write(page, "here it is")

    image = page.locator(".said-mine img[alt='square.png']")
    await expect(image).to_be_visible()
    assert await image.evaluate("image => image.naturalWidth") == 1
    await place.gateway.settled()
    assert place.client.sent[-1].message.contents[-1].kind is MediaKind.IMAGE


async def test_files_are_pasted(browser, place):
    page = await enter(browser, place)
    await place.calls()
    await take(page)
    await page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File(["hello"], "pasted.txt", { type: "text/plain" }));
          const field = document.querySelector(".words");
          field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }"""
    )

    await expect(page.locator(".file-chip")).to_contain_text("pasted.txt")


async def test_pictures_of_other_servers_are_not_loaded(browser, place):
    page = await enter(browser, place)
    await place.calls()
    await line(page, "Ann").click()
    picture = Attachment(url="https://cdn.example.com/cat.png", name="cat.png", media_type="image/png")
    await place.client.writes(Message(contents=(Media(kind=MediaKind.IMAGE, attachment=picture),)))

    await expect(page.locator(".file", has_text="cat.png")).to_contain_text("Open on cdn.example.com")
    assert await page.locator(".log img").count() == 0


async def test_an_agent_of_several_groups_can_look_at_one(browser, place):
    page = await enter(browser, place)
    await place.calls()
    await place.calls(Transfer(destination="service"), client="bob")
    await expect(line(page, "Bob")).to_be_visible()
    groups = page.get_by_role("group", name="Groups")
    await groups.get_by_role("button", name="Sales").click()
    await expect(line(page, "Bob")).to_have_count(0)
    await expect(line(page, "Ann")).to_be_visible()
    await expect(page).to_have_title("(2) Support")

    await page.reload()
    await expect(groups.get_by_role("button", name="Sales")).to_have_attribute("aria-pressed", "true")
    await groups.get_by_role("button", name="All").click()
    await expect(line(page, "Bob")).to_be_visible()


async def test_unread_words_are_counted_in_the_list_and_in_the_title(browser, place):
    page = await enter(browser, place)
    await place.calls()
    await take(page)
    await place.calls(client="bob")
    await line(page, "Bob").click()
    await place.client.writes("one")
    await place.client.writes("two")

    await expect(line(page, "Ann").locator(".badge")).to_contain_text("2 unread")
    await expect(page).to_have_title("(3) Support")
    await line(page, "Ann").click()
    await expect(line(page, "Ann").locator(".badge")).to_have_count(0)
    await expect(page).to_have_title("(1) Support")


async def test_typing_is_shown_both_ways(browser, place):
    page = await enter(browser, place)
    await place.calls()
    await take(page)
    seen: list[Typing] = []
    place.client.context.conversations.watch_typing(seen.append)
    conversation = await place.gateway.conversation()
    place.client.context.signal(Typing(conversation=conversation.id, role=Role.CLIENT))
    await expect(page.locator(".typing")).to_have_text("Ann is typing")

    await page.get_by_role("combobox").press_sequentially("hm")
    await expect(page.get_by_role("combobox")).to_have_value("hm")
    await write(page, "done")
    await expect(page.locator(".said-mine", has_text="done")).to_be_visible()
    assert [sign.role for sign in seen if sign.active] == [Role.AGENT]


async def test_many_words_are_told_in_order_to_a_page_that_was_away(browser, place):
    page = await enter(browser, place)
    await place.calls()
    await take(page)
    for number in range(120):
        await place.client.writes(f"word {number}.")

    await expect(bubble(page, "word 119.")).to_be_visible()
    words = await page.locator(".said-client .bubble").all_inner_texts()
    assert [word for word in words if word.startswith("word")] == [f"word {number}." for number in range(120)]


# --- everywhere, for everybody ----------------------------------------------------------------------------------------


async def test_on_a_phone_list_and_dialog_take_turns(browser, place):
    page = await enter(browser, place, viewport=PHONE, has_touch=True, is_mobile=True)
    await place.calls()
    await line(page, "Ann").tap()
    await expect(page.locator(".side")).to_be_hidden()
    await page.get_by_role("button", name="Take this dialog").tap()
    await write(page, "from the train")
    await expect(bubble(page, "from the train")).to_be_visible()
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE["width"]

    await page.get_by_role("button", name="Back to the list").tap()
    await expect(page.locator(".side")).to_be_visible()
    await expect(line(page, "Ann")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
async def test_nothing_serious_for_axe(browser, place, scheme, viewport):
    page = await enter(browser, place, viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    assert await barriers(page) == []
    transfer = Transfer(destination="sales", reason="refund", attributes={"order": "1"})
    session = await place.calls(transfer)
    await line(page, "Ann").click()
    await expect(page.locator(".packet")).to_be_visible()
    assert await barriers(page) == []
    await page.get_by_role("button", name="Take this dialog").click()
    await write(page, "hello")
    await expect(page.locator(".said-mine")).to_be_visible()
    ben = await place.agent("ben")
    await ben.does("note", session=session, text="a note")
    await expect(page.locator(".note")).to_be_visible()
    assert await barriers(page) == []
    for name in ("Forward", "Back to the bot", "Close"):
        await page.locator(".acts").get_by_role("button", name=name).click()
        assert await barriers(page) == []
        await page.keyboard.press("Escape")


async def test_help_and_settings_for_axe(browser, place):
    page = await enter(browser, place)
    for name in ("Keyboard shortcuts", "Settings"):
        await page.get_by_role("button", name=name).click()
        await expect(page.get_by_role("dialog", name=name)).to_be_visible()
        assert await barriers(page) == []
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("button", name=name)).to_be_focused()


async def test_notifications_are_asked_for_and_open_the_dialog(browser, place):
    page = await enter(browser, place, permissions=["notifications"])
    await page.evaluate(
        """() => {
          window.shown = [];
          window.Notification = class extends EventTarget {
            static permission = "granted";
            static requestPermission = async () => "granted";
            constructor(title, options) {
              super();
              Object.assign(this, { title, ...options, close() {} });
              shown.push(this);
            }
          };
          document.hasFocus = () => false;
        }"""
    )
    await place.calls(client="bob")
    await expect(line(page, "Bob")).to_be_visible()
    assert await page.evaluate("shown.length") == 0

    await page.get_by_role("button", name="Settings").click()
    await page.get_by_label("Notifications of the browser").check()
    await page.keyboard.press("Escape")
    await place.calls()
    await expect(line(page, "Ann")).to_be_visible()
    assert await page.evaluate("shown.map(({ title }) => title)") == ["Ann is waiting"]
    await page.evaluate("shown[0].dispatchEvent(new Event('click'))")
    await expect(page.get_by_role("heading", name="Ann")).to_be_visible()


async def test_guests_without_a_name_can_be_told_apart(browser, place):
    page = await enter(browser, place)
    for client in ("visitor-1a2b", "visitor-3c4d"):
        await place.client.context.receive(ClientWrote(client=Peer(id=client), message=text_message("agent")))
    await place.gateway.settled()

    await expect(line(page, "Guest 1A2B")).to_be_visible()
    await line(page, "Guest 3C4D").click()
    await page.get_by_role("button", name="Take this dialog").click()
    await page.get_by_role("combobox").press_sequentially("/he")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("combobox")).to_have_value("Hello, this is Anna.")


async def test_single_keys_can_be_switched_off(browser, place):
    page = await enter(browser, place)
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_label("Single-key shortcuts").uncheck()
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")

    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_the_page_speaks_the_agents_language(browser, place):
    context = await browser.new_context(locale="ru-RU")
    page = await context.new_page()
    await page.goto(f"{place.url}#token={TOKENS['anna']}")

    await expect(page.get_by_role("radio", name="На месте")).to_be_visible()
    assert await page.evaluate("document.documentElement.lang") == "ru"


@asynccontextmanager
async def desk_with(tmp_path, **options):
    async with Harness(config_with(**options), folder=tmp_path) as gateway, Place(gateway) as place:
        yield place


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("colour", ["#ffe100", "#101010", "#00b894"])
async def test_words_in_and_on_the_accent_can_be_read(browser, tmp_path, colour, scheme):
    async with desk_with(tmp_path, colour=colour) as place:
        page = await enter(browser, place, reduced_motion="reduce", color_scheme=scheme)
        await place.calls()
        await line(page, "Ann").click()
        await place.client.writes("look at https://example.com/teapot")
        await expect(page.get_by_role("link")).to_be_visible()
        await page.get_by_role("button", name="Take this dialog").click()
        await write(page, "/hello")
        await expect(page.locator(".words")).to_have_value("Hello Ann, this is Anna.")

        assert await barriers(page) == []


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b4944415478da6364f80f00010501012718e366"
    "0000000049454e44ae426082"
)
