# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs
"""Tovie's clients reach the agents of another platform: the gateway is Tovie's desk, and Jivo has the agents."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gateway.testing import Harness
from gateway.testing.jivo_chat import FakeJivoChat
from gateway.testing.operator_api import FakeTovie

KEY = "tovie-key-for-the-tests"
MESSAGES_KEY = "a-key-for-agents-messages"
WEBHOOKS_KEY = "another-key-for-webhooks"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


def config(channel_url):
    jivo = {"type": "jivo-chat", "url": channel_url, "key": MESSAGES_KEY, "webhooks_key": WEBHOOKS_KEY}
    return {
        "files": {"allow_private": True},
        "channels": {"tovie": {"type": "operator-api", "key": KEY}},
        "platforms": {"jivo": {**jivo, "online_seconds": 0}},
        "routes": {"agents": {"channels": ["tovie"], "handoff": ["jivo"]}},
    }


@pytest.fixture
async def here(tmp_path):
    async with (
        FakeTovie() as tovie,
        FakeJivoChat() as jivo,
        Harness(config(jivo.channel_url), folder=tmp_path) as gateway,
    ):
        jivo.messages_url = f"{gateway.url}/hooks/jivo/{MESSAGES_KEY}"
        jivo.webhooks_url = f"{gateway.url}/hooks/jivo/{WEBHOOKS_KEY}"
        assert (await tovie.connect(f"{gateway.url}/hooks/tovie/{KEY}")).status == 200
        yield SimpleNamespace(tovie=tovie, jivo=jivo, gateway=gateway)


async def reads(here, *lines):
    """Wait until these are the last lines Jivo's agents read."""
    await here.jivo.until(lambda: bool(here.jivo.chats) and here.jivo.chat.lines[-len(lines) :] == list(lines))


async def sees(here, *texts):
    """Wait until these are the last texts Tovie shows to the client."""
    await here.tovie.until(lambda: here.tovie.texts()[-len(texts) :] == list(texts))


async def test_a_client_of_tovie_talks_with_an_agent_of_jivo_until_the_agent_is_done(here):
    await here.tovie.transfers(first_message="my parcel is lost", attributes={"email": "ann@example.com"})
    await reads(here, "my parcel is lost")
    await here.jivo.says("Good day")
    await sees(here, "Good day")
    await here.tovie.says("it was green")
    await reads(here, "it was green")
    await here.jivo.says("found it")
    await sees(here, "found it")
    await here.jivo.stops()
    await here.tovie.until(lambda: bool(here.tovie.told("Closed")))

    assert here.jivo.chat.senders[-1]["name"] == "Ann"
    assert [event["employee"]["firstName"] for event in here.tovie.told("TextMessage")][-2:] == ["Bo", "Bo"]


async def test_files_both_ways(here):
    await here.tovie.transfers(first_message="hello")
    await reads(here, "hello")
    await here.tovie.sends(here.tovie.keep("y.png", PNG, "image/png"), "y.png")
    await here.jivo.until(lambda: bool(here.jivo.told("photo")))
    await here.jivo.sends("photo", here.jivo.keep("x.png", PNG, "image/png"))
    await sees(here, "<x.png>")


async def test_a_client_who_goes_back_to_the_bot_is_gone_for_the_agent(here):
    await here.tovie.transfers(first_message="hello")
    await reads(here, "hello")
    await here.jivo.says("Good day")
    await sees(here, "Good day")
    assert (await here.tovie.closes("The user closed the chat")).status == 200
    await here.jivo.until(lambda: bool(here.jivo.told("stop")))
    await here.tovie.transfers(first_message="hello again")
    await reads(here, "hello again")


async def test_nobody_is_online_in_jivo_and_tovie_hears_that(here):
    here.jivo.online = False
    await here.tovie.transfers(first_message="hello")
    await here.tovie.until(lambda: bool(here.tovie.told("Closed")))

    assert not here.jivo.chats
