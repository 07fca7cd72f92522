"""The widget in a whole gateway: the real engine, store and HTTP server."""

from __future__ import annotations

import pytest
from aiohttp import ClientSession

from gateway.testing import Harness
from plugins.widget.tests.stage import Caller

CONFIG = {
    "channels": {"site": {"type": "widget", "demo": True}},
    "bots": {"bot": {"type": "fake"}},
    "platforms": {"desk": {"type": "fake"}},
    "routes": {"main": {"channels": ["site"], "bot": "bot", "handoff": ["desk"]}},
}


class Place:
    """A running gateway, as a `Caller` wants it."""

    def __init__(self, gateway, client):
        self.origin = gateway.url
        self.client = client

    def url(self, path):
        return f"{self.origin}/site/{path}"


@pytest.fixture
async def client():
    async with ClientSession() as client:
        yield client


async def until_said(line, text):
    """Hear until somebody says a text; returns the frame that brought it."""
    while True:
        frame = await line.hear("log")
        if any(text in str(entry["body"].get("message")) for entry in frame["entries"]):
            return frame


async def test_a_bot_an_agent_and_a_restart(tmp_path, client):
    async with Harness(CONFIG, folder=tmp_path) as gateway:
        visitor = await Caller(Place(gateway, client)).arrive()
        async with visitor.socket() as line:
            await line.hear("hello")
            await line.send(type="start", id="s1")
            await until_said(line, "hello")
            await line.send(type="say", id="m1", text="ping")
            await until_said(line, "echo ping")
            await line.send(type="say", id="m2", text="agent")
            while (await line.hear("log"))["conversation"]["stage"] != "queued":
                pass
            await gateway.platform().joins()
            await gateway.platform().writes("This is Bo.")
            frame = await until_said(line, "This is Bo.")
            last = frame["entries"][-1]["number"]

    assert frame["conversation"]["floor"] == "agent"
    assert sorted(line._numbers()) == list(range(1, last + 1))

    async with Harness(CONFIG, folder=tmp_path) as gateway:
        visitor.stage = Place(gateway, client)
        visitor.headers = {"Origin": gateway.url}
        async with visitor.socket(frame["conversation"]["id"], after=last) as line:
            state = (await line.hear("hello"))["conversation"]
            await line.send(type="say", id="m1", text="ping")
            again = await line.hear("ack")
            await line.send(type="leave", id="l1")
            await until_said(line, "back: client_left")

    assert (state["floor"], state["agent"]["name"]) == ("agent", "Bo")
    assert again["conversation"] == frame["conversation"]["id"]
    assert line._numbers()[0] == last + 1


async def test_what_is_refused_is_counted(tmp_path, client):
    async with Harness(CONFIG, folder=tmp_path, memory=True) as gateway:
        visitor = await Caller(Place(gateway, client)).arrive()
        await (await Caller(Place(gateway, client), origin="https://evil.example.net").get("widget.js")).release()
        await (await visitor.post("frames", data=b"{", headers=visitor.authorization)).release()
        await (await visitor.post("frames", data=b"{}")).release()
        async with client.get(gateway.url + "/metrics") as response:
            metrics = await response.text()

    for status in (400, 401, 403):
        assert f'gateway_input_refused_total{{instance="site",status="{status}"}} 1.0' in metrics


async def test_a_file_goes_through_the_gateways_own_store(tmp_path, client):
    async with Harness(CONFIG, folder=tmp_path, memory=True) as gateway:
        visitor = await Caller(Place(gateway, client)).arrive()
        status, upload = await visitor.upload(b"hello there")
        await visitor.say("", files=[upload["ticket"]])
        async with client.get(gateway.url + upload["attachment"]["url"]) as response:
            body = await response.read()

    assert status == 200
    assert body == b"hello there"
