"""A scripted bot inside a whole gateway."""

from __future__ import annotations

import pytest

from gateway import Outcome
from gateway.testing import Harness

SCRIPT = """
start:
  - say: Hello ${client.name}
    image: kettle.png
    buttons: [{ text: Order, goto: order }, { text: Human, goto: human }]
steps:
  order:
    - { ask: "Number?", save: nr, expect: number }
    - set: { attributes.order: "${nr}" }
    - Order ${nr} is on its way
  human:
    - transfer: { message_before: Calling, attributes: { Nr: "${nr|none}" }, close_phrases: [enough] }
on_return:
  returned: "Back from ${agent.name|them}: ${agent.note}"
  client_left: You left
"""


def config(channel="fake"):
    return {
        "channels": {"web": {"type": channel}},
        "bots": {"bot": {"type": "script", "file": "faq.yaml"}},
        "platforms": {"desk": {"type": "fake"}},
        "routes": {"main": {"channels": ["web"], "bot": "bot", "handoff": ["desk"]}},
    }


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "faq.yaml").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "kettle.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(32))
    return tmp_path


async def test_a_client_goes_to_an_agent_and_comes_back(folder):
    async with Harness(config(), folder=folder) as gateway:
        client, desk = gateway.channel(), gateway.platform()
        await client.begins()
        await client.writes("order")
        await client.writes("it is 42")
        await client.writes("Human")
        await gateway.until(lambda: bool(desk.openings))
        await desk.joins()
        await desk.writes("Hi, I am Bo")
        await desk.ends(Outcome.RETURNED, "all done")
        await gateway.settled()

        said = [line for line in await gateway.transcript() if line.startswith(("client:", "bot:", "agent:"))]
        opening = desk.openings[0]

    assert said == [
        "bot: Hello Ann",
        "client: order",
        "bot: Number?",
        "client: it is 42",
        "bot: Order 42 is on its way",
        "client: Human",
        "bot: Calling",
        "agent: Hi, I am Bo",
        "bot: Back from Bo: all done",
    ]
    assert opening.transfer.attributes == {"Nr": "42"}
    assert opening.attributes["order"] == "42"


async def test_a_picture_is_served_by_the_gateway(folder):
    async with Harness(config(), folder=folder) as gateway:
        await gateway.channel().begins()
        await gateway.settled()

        picture = gateway.channel().sent[0].message.contents[1]

    assert picture.attachment.url.endswith("/kettle.png")
    assert "/files/" in picture.attachment.url
    assert picture.attachment.media_type == "image/png"


async def test_buttons_can_be_typed_where_they_cannot_be_shown(folder):
    async with Harness(config("plain"), folder=folder) as gateway:
        client = gateway.channel()
        await client.begins()
        await client.writes("1")
        await gateway.settled()

        assert client.texts()[-1] == "Number?"


async def test_a_question_survives_a_restart(folder):
    async with Harness(config(), folder=folder) as gateway:
        await gateway.channel().begins()
        await gateway.channel().writes("order")
        await gateway.settled()

    async with Harness(config(), folder=folder) as gateway:
        await gateway.channel().writes("42")
        await gateway.settled()

        assert gateway.channel().texts() == ["Order 42 is on its way"]


async def test_the_bot_speaks_after_every_return(folder):
    async with Harness(config(), folder=folder) as gateway:
        client, desk = gateway.channel(), gateway.platform()
        await client.begins()
        for _ in range(3):
            desk.openings.clear()
            client.sent.clear()
            await client.writes("Human")
            await gateway.until(lambda: bool(desk.openings))
            await desk.joins()
            await client.leaves_agent()
            await gateway.until(lambda: "You left" in client.texts())


def test_a_broken_script_is_reported_with_the_config(folder):
    (folder / "faq.yaml").write_text("strat: Hi", encoding="utf-8")

    with pytest.raises(AssertionError, match=r"faq.yaml:1:1: bots.bot: strat: unknown key; did you mean 'start'\?"):
        Harness(config(), folder=folder)
