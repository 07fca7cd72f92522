"""The page around the chat: unread, sound, page API, identity, strict sites."""

from __future__ import annotations

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import expect

from gateway import (
    ClientChanged,
    Message,
)
from gateway_widget.options import WidgetOptions
from plugins.widget.tests.browser.chat import EVERYTHING, Chat, started
from plugins.widget.tests.stage import Stage
from tests.browser import GRAVE, barriers

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

KEY = "k" * 32


# --- unread, sound, page -------------------------------------------------------------------------------------------


async def test_unread_is_counted_on_launcher_and_title(page, stage):
    chat = await started(page, stage)
    stage.bot_says("one")
    await chat.shows("one")
    await chat.button("Close chat").click()
    stage.bot_says("two")
    stage.bot_says("three")

    await expect(page).to_have_title("(2) Shop")
    await expect(chat.root.locator(".preview")).to_contain_text("three")
    await expect(chat.launcher).to_have_accessible_name("Open chat, 2 unread")
    await page.reload()
    await expect(chat.launcher).to_have_accessible_name("Open chat, 2 unread")
    stage.bot_says("**four**")
    await chat.root.locator(".preview").get_by_role("button", name="four").click()
    await expect(page).to_have_title("Shop")
    await expect(chat.root.locator(".launcher")).to_have_accessible_name("Close chat")


async def test_the_sound_can_be_switched_off_for_good(page, stage):
    chat = await started(page, stage)
    await chat.button("Turn sound off").click()
    await expect(chat.button("Turn sound on")).to_be_focused()
    await page.reload()

    await expect(chat.button("Turn sound on")).to_be_visible()


async def test_the_page_can_speak_to_the_chat(page, stage):
    await page.add_init_script("""window.heard = [];
      (window.GatewayChat ??= []).push((chat) => {
        for (const name of ["open", "close", "message", "unread", "status"])
          chat.on(name, (detail) => heard.push([name, detail]));
        chat.on("ready", () => heard.push(["ready"]));
      });""")
    chat = await Chat(page).visit(stage)
    await page.evaluate("GatewayChat.setAttributes({ order: 77, story: 'x'.repeat(9999) })")
    await page.evaluate("GatewayChat.open()")
    await expect(chat.field).to_be_focused()
    await stage.context.until(lambda events: events)
    assert stage.context.events[0].attributes["order"] == "77"
    assert len(stage.context.events[0].attributes["story"]) == 500
    await page.evaluate("GatewayChat.setAttributes({ cart: 'full' })")
    await stage.context.until(lambda events: isinstance(events[-1], ClientChanged))
    stage.agent_joins()
    stage.agent_says("Hello")
    await chat.shows("Hello")
    await page.evaluate("GatewayChat.close()")
    await expect(chat.window).to_be_hidden()
    stage.agent_says("Still there?")
    await expect(page).to_have_title("(1) Shop")

    heard = await page.evaluate("window.heard")
    assert [name for name, *_ in heard if name in {"ready", "open", "close"}] == ["ready", "open", "close"]
    assert ["unread", 1] in heard
    assert ["status", {"connection": "online", "floor": "agent", "agent": "Anna"}] in heard
    messages = [detail for name, *rest in heard for detail in rest if name == "message"]
    said = [(each["role"], each["contents"][0]["text"]) for each in messages]
    assert said == [("agent", "Hello"), ("agent", "Still there?")]


# --- identity ------------------------------------------------------------------------------------------------------


def proof(stage, sub="42", seconds=60):
    return jwt.encode({"sub": sub, "name": "Ann", "exp": stage.context.now() + seconds}, KEY)


async def test_a_proven_visitor_and_a_logout(page):
    async with Stage(WidgetOptions(jwt=KEY)) as stage:
        chat = await Chat(page).visit(stage)
        await page.evaluate("jwt => GatewayChat.identify(jwt)", proof(stage))
        await chat.open()
        await chat.say("It is me")
        await expect(chat.message("It is me")).to_contain_text("Sent")
        assert (stage.context.events[-1].client.id, stage.context.events[-1].verified) == ("u.42", True)

        await page.evaluate("GatewayChat.logout()")
        await chat.shows()
        await chat.say("And now nobody")
        await expect(chat.message("nobody")).to_contain_text("Sent")
        assert stage.context.events[-1].client.id.startswith("v.")

        error = await page.evaluate("GatewayChat.identify('x.y.z').catch(error => error.code)")
        assert error == "unauthorized"


async def test_a_lapsed_identity_is_told_and_never_swapped(page):
    async with Stage(WidgetOptions(jwt=KEY, identity_hours=1)) as stage:
        chat = await Chat(page).visit(stage)
        await page.evaluate("jwt => GatewayChat.identify(jwt)", proof(stage))
        await chat.open()
        await chat.say("It is me")
        await expect(chat.message("It is me")).to_contain_text("Sent")
        stage.context.clock.skip(hours=2)
        stage.cut()

        await expect(chat.status).to_have_text("Your sign-in has expired. Sign in again to go on.")
        await expect(chat.field).to_be_disabled()
        await page.evaluate("jwt => GatewayChat.identify(jwt)", proof(stage))
        await expect(chat.status).to_be_empty()
        await chat.say("Me again")
        await expect(chat.message("Me again")).to_contain_text("Sent")
        assert {event.client.id for event in stage.context.events} == {"u.42"}


async def test_another_person_never_sees_the_chat_of_the_one_before(page):
    async with Stage(WidgetOptions(jwt=KEY, identity_hours=1)) as stage:
        chat = await Chat(page).visit(stage)
        people = ["ann", "bob"]
        await page.expose_function("freshProof", lambda: proof(stage, sub=people[0]))
        await page.evaluate("GatewayChat.identify(() => freshProof())")
        await chat.open()
        await chat.say("I am Ann")
        await expect(chat.message("I am Ann")).to_contain_text("Sent")
        people.pop(0)
        stage.context.clock.skip(hours=2)
        stage.cut()
        await stage.context.until(lambda events: events[-1].client.id == "u.bob")
        await chat.say("I am Bob")

        await expect(chat.message("I am Bob")).to_contain_text("Sent")
        await chat.shows("I am Bob")


async def test_a_page_that_can_prove_again_is_asked(page):
    async with Stage(WidgetOptions(jwt=KEY, identity_hours=1)) as stage:
        chat = await Chat(page).visit(stage)
        await page.expose_function("freshProof", lambda: proof(stage))
        await page.evaluate("GatewayChat.identify(() => freshProof())")
        await chat.open()
        await chat.say("It is me")
        await expect(chat.message("It is me")).to_contain_text("Sent")
        stage.context.clock.skip(hours=2)
        stage.cut()
        await chat.say("Still me")

        await expect(chat.message("Still me")).to_contain_text("Sent")
        assert {event.client.id for event in stage.context.events} == {"u.42"}


# --- where it runs -------------------------------------------------------------------------------------------------


async def test_a_strict_site_elsewhere(page):
    """Another origin whose policy allows nothing but the gateway, by the directives the README names."""
    policy = ["default-src 'none'"]
    gateway: list[Stage] = []

    async def show(_request):
        script = f'<script type="module" src="{gateway[0].url("widget.js")}"></script>'
        text = f'<!doctype html><html lang="en"><title>Strict</title>{script}'
        headers = {"Content-Security-Policy": "; ".join(policy)}
        return web.Response(text=text, content_type="text/html", headers=headers)

    site = web.Application()
    site.router.add_get("/", show)
    async with TestServer(site, host="127.0.0.1") as server:
        origin = str(server.make_url("/")).rstrip("/")
        async with Stage(WidgetOptions(origins=(origin,), demo=True)) as stage:
            gateway.append(stage)
            sockets = stage.origin.replace("http", "ws")
            policy.extend(f"{kind}-src {stage.origin}" for kind in ("script", "img", "media"))
            policy.append(f"connect-src {stage.origin} {sockets}")
            chat = Chat(page)
            await page.goto(origin)
            await chat.open()
            await stage.context.until(lambda events: events)
            stage.bot_says(Message(contents=EVERYTHING[:2]))
            await chat.say("Hello from far away")

            await expect(chat.message("far away")).to_contain_text("Sent")
            await expect(chat.log.get_by_role("img", name="A mug")).to_have_js_property("complete", True)
            assert await chat.window.evaluate("panel => getComputedStyle(panel).borderRadius") == "18px"
            assert chat.errors == []


async def test_the_demo_shop_keeps_its_own_policy(page, stage):
    chat = Chat(page)
    await page.goto(stage.url())
    await page.get_by_role("button", name="Ask about it").first.click()
    await stage.context.until(lambda events: events)

    await expect(chat.field).to_be_focused()
    assert stage.context.events[0].attributes["product"] == "Harbour teapot"
    assert await barriers(page, impacts=GRAVE | {"moderate"}) == []
    assert chat.errors == []
