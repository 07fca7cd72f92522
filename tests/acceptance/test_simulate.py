"""The other side by hand: two commands and no account, with real processes and a real browser."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.acceptance.people import Agent, Client
from tests.acceptance.process import ROOT
from tests.acceptance.simulated import Player, ReadyMade, SimulationProcess
from tests.browser import GRAVE, barriers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser

pytestmark = [pytest.mark.acceptance, pytest.mark.browser]

TEAPOT = ROOT / "config" / "demo" / "teapot.png"
ANNA = "demo-token-of-anna"


@asynccontextmanager
async def desk(folder: Path, browser: Browser) -> AsyncIterator[tuple[ReadyMade, Player]]:
    """A gateway, and somebody who plays the agents of the desk it hands over to."""
    gateway = ReadyMade("operator-api.yaml", folder)
    async with SimulationProcess("operator-api", gateway=gateway.url) as simulation:
        gateway.overrides["GATEWAY_PLATFORMS__CENTER__URL"] = simulation.exports["DESK_API_URL"]
        async with gateway:
            player = await Player.opens(await browser.new_context(), simulation.url)
            yield gateway, player
            assert player.faults == []


@asynccontextmanager
async def telegram(folder: Path, browser: Browser) -> AsyncIterator[tuple[ReadyMade, Player]]:
    """A gateway, and somebody who plays the people who write to its bot."""
    gateway = ReadyMade("telegram.yaml", folder)
    async with SimulationProcess("telegram", gateway=gateway.url) as simulation:
        gateway.overrides["GATEWAY_CHANNELS__SHOP__API_URL"] = simulation.url
        gateway.overrides["GATEWAY_CHANNELS__SHOP__TOKEN"] = simulation.exports["TELEGRAM_TOKEN"]
        async with gateway:
            player = await Player.opens(await browser.new_context(), simulation.url)
            yield gateway, player
            assert player.faults == []


async def handed_over(browser: Browser, gateway: ReadyMade, player: Player) -> Client:
    """A client whom the bot has handed over to the desk."""
    client = await Client.visits(await browser.new_context(), gateway.url)
    await client.opens_chat()
    await client.sees("What can I do for you?")
    await client.writes("I want to talk to a human")
    await player.sees("Client: I want to talk to a human")
    return client


async def test_a_person_plays_the_desk(browser: Browser, tmp_path: Path) -> None:
    async with desk(tmp_path, browser) as (gateway, player):
        client = await handed_over(browser, gateway, player)
        await player.writes("Hello, this is Bo")
        await client.sees("Hello, this is Bo", times=1)
        await client.is_with("Bo Ek")

        await client.attaches(TEAPOT)
        await client.writes("look")
        await expect(player.log.locator("img")).to_have_js_property("complete", value=True)
        await expect(player.log.get_by_role("link", name=re.compile("teapot.png")).last).to_be_visible()

        receipt = tmp_path / "receipt.txt"
        receipt.write_text("paid", encoding="utf-8")
        await player.attaches(receipt)
        await player.writes("your receipt")
        await client.sees("your receipt")
        await expect(client.log.get_by_role("link", name=re.compile("receipt.txt"))).to_be_visible()

        await player.does("Forward")
        await player.sees("forwarded to Sales")
        await player.page.get_by_role("combobox", name="Write as").select_option("Eva Rossi")
        await player.writes("And this is Eva")
        await client.is_with("Eva Rossi")

        await player.does("Close")
        await expect(player.page.get_by_text("This dialog is closed.")).to_be_visible()
        await client.writes("hours")
        await expect(client.log.get_by_text("Monday to Friday")).to_be_visible()

        await client.writes("I want to talk to a human")
        new = player.page.get_by_role("button").filter(has=player.page.get_by_role("img", name="new"))
        await new.click()
        await player.sees("Client: I want to talk to a human")
        await expect(new).to_have_count(0)


async def test_nobody_at_the_desk_is_a_switch(browser: Browser, tmp_path: Path) -> None:
    async with desk(tmp_path, browser) as (gateway, player):
        for group in ("Sales", "Service"):
            switch = player.page.get_by_role("switch", name=group)
            await switch.click()
            await expect(switch).to_have_attribute("aria-checked", "false")
        client = await Client.visits(await browser.new_context(), gateway.url)
        await client.opens_chat()
        await client.writes("I want to talk to a human")
        await client.sees("I am sorry, nobody is at the desk right now. What would you like to do?", times=1)


async def test_the_wire_log_shows_every_call_as_it_was(browser: Browser, tmp_path: Path) -> None:
    async with desk(tmp_path, browser) as (gateway, player):
        await handed_over(browser, gateway, player)
        await player.writes("Hello")
        event = await player.reads("TextMessage")
        for words in ('"text": "Hello"', '"firstName": "Bo"', "Content-Type: application/json", "Answer 200"):
            await expect(event).to_contain_text(words)
        opening = await player.reads("selectDestination")
        await expect(opening).to_contain_text('"destinationId": "2"')
        await expect(opening).to_contain_text("Idempotency-Key")

        await expect(player.call("getDestinations")).to_have_count(0)
        await player.wire.get_by_label("polls too").check()
        await expect(player.call("getDestinations")).to_be_visible()
        await player.wire.get_by_role("searchbox").fill("setwebhook")
        await expect(player.wire.locator("details")).to_have_count(1)


async def test_what_is_refused_comes_again(browser: Browser, tmp_path: Path) -> None:
    async with desk(tmp_path, browser) as (gateway, player):
        client = await handed_over(browser, gateway, player)
        await player.page.keyboard.press("Escape")
        await player.page.get_by_role("button", name="Trouble").click()
        dialog = player.page.get_by_role("dialog")
        await dialog.get_by_label("Refuse with").select_option("503")
        await dialog.get_by_label("Which calls").select_option("sendText")
        await dialog.get_by_role("button", name="Do it").click()
        await expect(player.page.get_by_text("the next call of sendText will be refused with 503")).to_be_visible()

        await client.writes("Is somebody there?")
        await player.sees("Is somebody there?", times=1)
        await expect(player.wire.locator(".status", has_text="503")).to_have_count(1)
        await expect(player.page.get_by_text("will be refused")).to_have_count(0)


async def test_a_missing_gateway_is_shown_with_the_cure_and_comes_back_by_itself(
    browser: Browser, tmp_path: Path
) -> None:
    async with desk(tmp_path, browser) as (gateway, player):
        client = await handed_over(browser, gateway, player)
        await gateway.stop()
        banner = player.page.locator(".banner")
        await expect(banner).to_contain_text(f"There is no gateway at {gateway.url}: nothing listens there.")
        await expect(banner).to_contain_text("gateway serve --config config/simulate/operator-api.yaml")
        await player.writes("Do you hear me?")
        await expect(player.log.get_by_text("the gateway did not answer")).to_be_visible()
        player.faults.clear()

        await gateway.start()
        await expect(player.page.get_by_text("Gateway is up")).to_be_visible()
        await expect(banner).to_have_count(0)
        await player.presses("Send again")
        await client.sees("Do you hear me?", times=1)


async def test_a_person_plays_telegram(browser: Browser, tmp_path: Path) -> None:
    async with telegram(tmp_path, browser) as (gateway, player):
        await player.does("Start", **{"Payload of t.me/bot?start=…": "spring"})
        await player.sees("/start spring", times=1)
        await player.sees("What can I do for you?", times=1)
        await player.presses("Show me something nice")
        await expect(player.log.locator("img").last).to_be_visible()
        sizes = "images => images.every(image => image.complete && image.naturalWidth > 0)"
        assert await player.log.locator("img").evaluate_all(sizes)
        await expect(player.log.get_by_role("button", name="About the kettle")).to_be_in_viewport()

        agent = await Agent.signs_in(browser, gateway.url, ANNA)
        await agent.goes_online()
        await player.writes("I want to talk to a human")
        await agent.opens_next()
        await agent.takes()
        await player.attaches(TEAPOT)
        await player.writes("in two pieces")
        await agent.sees("in two pieces", times=1)
        await expect(agent.log.locator("img[src*='/files/']").last).to_be_visible()
        await player.does("Location")
        await expect(agent.log.get_by_text(re.compile("59.3251")).last).to_be_visible()

        receipt = tmp_path / "receipt.txt"
        receipt.write_text("paid", encoding="utf-8")
        await agent.attaches(receipt)
        await expect(agent.page.get_by_role("button", name=re.compile("receipt.txt"))).to_be_visible()
        await agent.writes("your receipt")
        await expect(player.log.get_by_role("link", name=re.compile("receipt.txt"))).to_be_visible()

        await player.does("Block the bot")
        await expect(agent.log.get_by_text(re.compile("closed|ended|blocked")).last).to_be_visible()
        await expect(
            player.page.get_by_text("has blocked the bot. “Unblock the bot” above lets it write again.")
        ).to_be_visible()


async def test_somebody_new_writes_to_the_bot(browser: Browser, tmp_path: Path) -> None:
    async with telegram(tmp_path, browser) as (_, player):
        await player.does("Add somebody", First_name="Dora")
        await expect(player.page.get_by_role("heading", name="Dora")).to_be_visible()
        await player.writes("hours")
        await expect(player.log.get_by_text(re.compile("Monday to Friday"))).to_be_visible()
        await player.page.keyboard.press("Alt+ArrowDown")
        await expect(player.page.get_by_role("heading", name="Dora")).to_have_count(0)


@pytest.mark.slow  # the gateway asks again after some seconds
async def test_a_simulation_may_come_later_and_be_started_again(browser: Browser, tmp_path: Path) -> None:
    gateway = ReadyMade("telegram.yaml", tmp_path)
    async with SimulationProcess("telegram", gateway=gateway.url) as first:
        port = first.port
    gateway.overrides["GATEWAY_CHANNELS__SHOP__API_URL"] = first.url
    start = asyncio.create_task(gateway.start())
    try:
        for words in ("hours", "hours again"):
            async with SimulationProcess("telegram", gateway=gateway.url, port=port) as simulation:
                player = await Player.opens(await browser.new_context(), simulation.url)
                await player.writes(words)
                await expect(player.log.get_by_text(re.compile("Monday to Friday"))).to_be_visible(timeout=60_000)
    finally:
        await start
        await gateway.stop()


async def test_a_person_plays_the_clients_of_a_tovie_bot(browser: Browser, tmp_path: Path) -> None:
    gateway = ReadyMade("operator-api-tovie.yaml", tmp_path)
    async with SimulationProcess("operator-api", "--as", "tovie", gateway=gateway.url) as simulation, gateway:
        assert simulation.exports["TOVIE_KEY"] in gateway.config.read_text(encoding="utf-8")
        player = await Player.opens(await browser.new_context(), simulation.url)
        await expect(player.call("setWebhook").locator(".status")).to_have_text("200")
        await player.writes("hello")
        await player.does("Transfer to an agent", First_words_to_the_agent="A person, please")
        agent = await Agent.signs_in(browser, gateway.url, ANNA)
        await agent.goes_online()
        await agent.opens_next()
        await agent.takes()
        await agent.sees("Ann: hello", times=1)
        await agent.sees("A person, please", times=1)
        await agent.writes("Hello, this is Anna")
        await player.sees("Hello, this is Anna", times=1)
        await player.writes("Thank you")
        await agent.sees("Thank you", times=1)
        await agent.returns_to_bot("done")
        await expect(player.page.locator(".chat-head .tag")).to_have_text("with the bot")
        assert player.faults == []


async def test_a_person_plays_clients_and_agents_of_jivo(browser: Browser, tmp_path: Path) -> None:
    gateway = ReadyMade("jivo.yaml", tmp_path)
    async with SimulationProcess("jivo", gateway=gateway.url) as simulation:
        gateway.overrides["GATEWAY_CHANNELS__JIVO__URL"] = simulation.url
        gateway.overrides["GATEWAY_CHANNELS__JIVO__TOKEN"] = simulation.exports["JIVO_TOKEN"]
        gateway.overrides["GATEWAY_CHANNELS__JIVO__PROVIDER_ID"] = simulation.exports["JIVO_PROVIDER_ID"]
        async with gateway:
            player = await Player.opens(await browser.new_context(), simulation.url)
            await player.writes("hours")
            await expect(player.log.locator("strong", has_text="Monday to Friday")).to_be_visible()
            await player.writes("show me something nice")
            await expect(player.log.locator("img[src*='/files/']").first).to_be_visible()
            await player.presses("About the mug")
            await player.sees("About the mug")
            await player.attaches(TEAPOT)
            await player.writes("in two pieces")

            await player.presses("Yes please")
            await player.sees("the bot invites an agent")
            writes_as = player.page.get_by_role("combobox", name="Write as")
            await expect(writes_as).to_have_value("client")
            await player.does("Agent joins")
            await expect(writes_as).to_have_value("7")
            await writes_as.select_option("Ann, client")
            await player.writes("only for the agent")
            await expect(player.log.get_by_text("Ann, to the agent only")).to_be_visible()
            await expect(player.call("CLIENT_MESSAGE")).not_to_contain_text("only for the agent")
            await writes_as.select_option("Bo Ek, agent")
            await player.writes("Hello, this is Bo")
            await expect(player.call("AGENT_MESSAGE").locator(".status")).to_have_text("200")

            await player.presses("Back to the bot")
            await expect(player.page.locator(".chat-head .tag")).to_have_text("with the bot")
            await expect(writes_as).to_have_value("client")
            await player.does("Close")
            await expect(player.page.get_by_text("This chat is closed.")).to_be_visible()
            await player.page.get_by_role("button", name="Boris").click()
            await expect(player.log.get_by_text("Write as Boris, and the gateway's bot answers.")).to_be_visible()
            assert player.faults == []


async def test_a_person_plays_tovie_agent(browser: Browser, tmp_path: Path) -> None:
    gateway = ReadyMade("tovie.yaml", tmp_path)
    async with SimulationProcess("tovie", gateway=gateway.url) as simulation:
        gateway.overrides["GATEWAY_BOTS__TOVIE__URL"] = f"{simulation.url}/chatadapter"
        gateway.overrides["GATEWAY_BOTS__TOVIE__TOKEN"] = simulation.exports["TOVIE_TOKEN"]
        gateway.overrides["GATEWAY_BOTS__TOVIE__WEBHOOK_KEY"] = simulation.exports["TOVIE_WEBHOOK_KEY"]
        async with gateway:
            player = await Player.opens(await browser.new_context(), simulation.url)
            client = await Client.visits(await browser.new_context(), gateway.url)
            await client.opens_chat()
            await client.sees("Hello, I am a script in Tovie. Press something, or just write.", times=1)
            await client.presses("Picture")
            await expect(client.log.locator("img[src*='hill.png']").last).to_have_js_property("naturalWidth", 320)
            await player.does("Event", Event="reminder")
            await client.sees("The event reminder has come.", times=1)

            await client.writes("I want to talk to a human")
            await player.sees("the script hands over to Tovie Agent (switch)")
            await player.writes("Hello, this is Tovie Agent")
            await client.sees("Hello, this is Tovie Agent", times=1)
            await client.attaches(TEAPOT)
            await client.writes("look")
            await expect(player.log.locator("img[src*='/files/']").last).to_be_visible()
            await player.attaches(TEAPOT)
            await player.writes("a new one")
            await client.sees("a new one", times=1)
            await player.does("Close the dialog")
            await client.sees("The agent has gone. What else can I do for you?", times=1)
            await client.writes("and now?")
            await client.sees("You wrote: and now?", times=1)

            switch = player.page.get_by_role("switch", name="Tovie Agent")
            await switch.click()
            await expect(switch).to_have_attribute("aria-checked", "false")
            await client.writes("another human, please")
            await client.sees("Nobody is there at the moment, I am sorry.", times=1)
            assert player.faults == []


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("size", [(1440, 900), (390, 780)], ids=["desktop", "phone"])
async def test_everybody_can_use_the_page(
    browser: Browser, tmp_path: Path, colours: str, size: tuple[int, int]
) -> None:
    async with SimulationProcess("telegram", gateway="http://127.0.0.1:9") as simulation:
        viewport = {"width": size[0], "height": size[1]}
        context = await browser.new_context(viewport=viewport, color_scheme=colours)
        player = await Player.opens(context, simulation.url)
        await player.page.get_by_role("button", name="Boris Petrov").click()
        await player.writes("hello")
        await player.sees("hello", times=1)
        await expect(player.page.locator(".banner")).to_contain_text("There is no gateway")
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert await player.page.evaluate(overflow) == 0
        for key in ("", "s", "f", "?"):
            await player.log.focus()
            if key:
                await player.page.keyboard.press(key)
                await expect(player.page.get_by_role("dialog")).to_be_visible()
            assert await barriers(player.page, impacts=GRAVE | {"moderate", "minor"}) == []
            await player.page.keyboard.press("Escape")
            await expect(player.page.get_by_role("dialog")).to_have_count(0)
        assert player.faults == []
