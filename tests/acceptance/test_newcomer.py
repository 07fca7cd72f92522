"""The newcomer's story, with real processes and a real browser: a shop's client, its bot, a human at the desk."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.acceptance.people import Agent, Client
from tests.acceptance.process import ROOT, GatewayProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser

pytestmark = [pytest.mark.acceptance, pytest.mark.browser]

DEMO = ROOT / "config" / "demo.yaml"
ANNA = "demo-token-of-anna"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    async with GatewayProcess(DEMO, tmp_path) as process:
        yield process


@asynccontextmanager
async def dialog(browser: Browser, gateway: GatewayProcess) -> AsyncIterator[tuple[Client, Agent]]:
    """A client who talks to Anna."""
    agent = await Agent.signs_in(browser, gateway.url, ANNA)
    await agent.goes_online()
    context = await browser.new_context()
    client = await Client.visits(context, gateway.url)
    await client.opens_chat()
    await client.sees("What can I do for you?")
    await client.writes("I want to talk to a human")
    await client.sees("A colleague will be with you soon. You can go on writing meanwhile.")
    await agent.opens_next()
    await agent.takes()
    await client.is_with("Anna Lind")
    yield client, agent


async def test_the_bot_greets_answers_and_offers_buttons(browser: Browser, gateway: GatewayProcess) -> None:
    client = await Client.visits(await browser.new_context(), gateway.url)
    await client.opens_chat()
    await client.sees("What can I do for you?", times=1)
    await client.presses("Opening hours")
    await expect(client.log.get_by_text("Monday to Friday")).to_be_visible()


async def test_an_agent_takes_over_and_gives_back_with_a_note(
    browser: Browser, gateway: GatewayProcess, tmp_path: Path
) -> None:
    async with dialog(browser, gateway) as (client, agent):
        await agent.sees("What can I do for you?")
        await agent.sees("I want to talk to a human", times=1)

        await agent.writes("Hello, this is Anna")
        await client.sees("Hello, this is Anna", times=1)
        await client.writes("My teapot arrived in two pieces")
        await agent.sees("My teapot arrived in two pieces", times=1)

        photo = ROOT / "config" / "demo" / "teapot.png"
        await client.attaches(photo)
        await client.writes("look")
        await expect(agent.log.locator("img[src*='/files/']").last).to_be_visible()
        receipt = tmp_path / "receipt.txt"
        receipt.write_text("paid", encoding="utf-8")
        await agent.attaches(receipt)
        await agent.writes("your receipt")
        await expect(client.log.get_by_role("link", name=re.compile("receipt.txt"))).to_be_visible()

        await agent.returns_to_bot("a new teapot is on its way")
        await client.sees("It is me again, Pip. Anna Lind left me a note: a new teapot is on its way", times=1)
        await client.writes("hours")
        await expect(client.log.get_by_text("Monday to Friday")).to_be_visible()


async def test_nobody_at_the_desk_is_told_at_once_with_the_alternative(
    browser: Browser, gateway: GatewayProcess
) -> None:
    client = await Client.visits(await browser.new_context(), gateway.url)
    await client.opens_chat()
    await client.writes("I want to talk to a human")
    await client.sees("I am sorry, nobody is at the desk right now. What would you like to do?", times=1)
    await client.presses("Wait in the queue")
    agent = await Agent.signs_in(browser, gateway.url, ANNA)
    await agent.goes_online()
    await agent.opens_next()
    await agent.sees("I want to talk to a human", times=1)


async def test_the_client_leaves_the_agent_by_the_button(browser: Browser, gateway: GatewayProcess) -> None:
    async with dialog(browser, gateway) as (client, _):
        await client.presses("Back to Pip")
        await client.sees("Here I am again. What can I do for you?", times=1)


async def test_a_reload_and_a_second_tab_show_the_same_conversation(browser: Browser, gateway: GatewayProcess) -> None:
    async with dialog(browser, gateway) as (client, agent):
        await agent.writes("Hello, this is Anna")
        await client.sees("Hello, this is Anna", times=1)
        before = await client.transcript()

        await client.page.reload()
        await client.sees("Hello, this is Anna", times=1)
        assert await client.transcript() == before
        await client.is_with("Anna Lind")

        second = await Client.visits(client.page.context, gateway.url)
        await second.sees("Hello, this is Anna", times=1)
        await second.writes("I am in the second tab")
        await client.sees("I am in the second tab", times=1)
        await agent.sees("I am in the second tab", times=1)
        assert await client.transcript() == await second.transcript()


async def test_a_lost_network_loses_and_doubles_nothing(browser: Browser, gateway: GatewayProcess) -> None:
    async with dialog(browser, gateway) as (client, agent):
        await client.page.context.set_offline(True)
        await client.writes("said while offline")
        await agent.writes("one")
        await agent.writes("two")
        await agent.sees("two", times=1)
        await client.page.context.set_offline(False)

        await client.sees("two", times=1)
        await client.sees("one", times=1)
        await agent.sees("said while offline", times=1)
        await client.sees("said while offline", times=1)


async def test_a_killed_gateway_goes_on_where_it_was(browser: Browser, gateway: GatewayProcess) -> None:
    async with dialog(browser, gateway) as (client, agent):
        await agent.writes("before the crash")
        await client.sees("before the crash", times=1)
        await gateway.kill()
        await client.writes("said while it was down")
        await agent.writes("said at the desk while it was down")
        await gateway.start()

        await agent.sees("said while it was down", times=1)
        await client.sees("said at the desk while it was down", times=1)
        await client.is_with("Anna Lind")
        assert (await client.transcript()).count("before the crash") == 1
        await agent.returns_to_bot("done")
        await client.sees("It is me again, Pip. Anna Lind left me a note: done", times=1)

        trace = gateway.run("trace", _first_id(gateway.run("conversations")))
        for word in ("said while it was down", "transferred", "joined", "left", "ask_bot", "epoch"):
            assert word in trace, trace


def _first_id(listed: str) -> str:
    found = re.search(r"\b[0-9a-hjkmnp-tv-z]{13}\b", listed)
    assert found, listed
    return found[0]
