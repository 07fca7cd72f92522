# mypy: allow-untyped-defs, allow-untyped-calls
"""A real agent of the Microsoft 365 Agents SDK, in a process of its own, talked to in both ways it can answer."""

from __future__ import annotations

from importlib import import_module

import pytest

from gateway import (
    Attachment,
    Button,
    Buttons,
    Card,
    Carousel,
    ClientStarted,
    Floor,
    Markup,
    Media,
    MediaKind,
    Message,
    Peer,
    Refused,
    Text,
)
from gateway.testing import Harness

kit = import_module("plugins.bot-framework.tests.framework_kit")
environments = import_module("plugins.bot-framework.tests.environments")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
WELCOME = "Welcome, Ann"


@pytest.fixture(scope="module")
def running_agent():
    try:
        python = environments.agents_python()
    except environments.CannotBeMade as error:
        pytest.skip(f"no environment with the Microsoft 365 Agents SDK: {error}")
    agent = kit.Agent(python)
    yield agent
    agent.stop()


@pytest.fixture
def agent(running_agent):
    running_agent.forget()
    return running_agent


@pytest.fixture(params=["inline", "callback"])
async def gateway(request, tmp_path, agent):
    async with Harness(kit.config(agent.url, answers=request.param), folder=tmp_path) as gateway:
        yield gateway


async def talk(gateway, *texts):
    """Say these one after another; return what the client saw after the last."""
    seen = 0
    for text in texts:
        seen = len(gateway.channel().sent)
        await gateway.channel().writes(text)
        await gateway.settled()
    return [each.message.contents for each in gateway.channel().sent[seen:]]


async def test_it_welcomes_whoever_opens_the_chat_and_echoes(gateway, agent):
    await gateway.channel().context.receive(ClientStarted(client=Peer(id="ann", name="Ann"), language="de"))
    await gateway.settled()
    await talk(gateway, "hello", "again")

    assert gateway.channel().texts() == [WELCOME, "You said: hello", "You said: again"]
    assert agent.heard(3) == ["conversationUpdate", "message hello", "message again"]


async def test_it_is_told_of_a_conversation_that_begins_with_a_word(gateway, agent):
    await talk(gateway, "hello", "again")

    assert gateway.channel().texts() == [WELCOME, "You said: hello", "You said: again"]
    assert agent.heard(3) == ["conversationUpdate", "message hello", "message again"]


async def test_its_suggested_actions_are_buttons(gateway):
    (contents,) = await talk(gateway, "hi", "choose")

    assert contents == (
        Text(text="Which?", markup=Markup.MARKDOWN),
        Buttons(buttons=(Button(text="Red", value="red"), Button(text="Shop", url="https://shop.example.com"))),
    )


async def test_its_hero_cards_are_a_carousel(gateway):
    (contents,) = await talk(gateway, "hi", "cards")

    assert contents == (
        Carousel(
            cards=tuple(
                Card(
                    title=colour,
                    description=f"The {colour} one",
                    image=Attachment(url=f"https://shop.example.com/{colour}.png", name="picture"),
                    buttons=(Button(text="Take it", value=f"take {colour}"),),
                )
                for colour in ("red", "blue")
            )
        ),
    )


async def test_files_go_both_ways(gateway):
    (contents,) = await talk(gateway, "hi", "picture")
    picture = Attachment(url="https://shop.example.com/red.png", name="red.png", media_type="image/png")
    file = Attachment(url="/files/k/bill.pdf", name="bill.pdf", media_type="application/pdf")
    (answer,) = await talk(
        gateway, Message(contents=(Media(kind=MediaKind.DOCUMENT, attachment=file, caption="file"),))
    )

    assert contents == (
        Text(text="**Look**", markup=Markup.MARKDOWN),
        Media(kind=MediaKind.IMAGE, attachment=picture),
    )
    assert answer == (Text(text="bill.pdf application/pdf", markup=Markup.MARKDOWN),)


async def test_it_hands_over_and_is_told_how_it_ended(gateway):
    await talk(gateway, "hi")
    await gateway.channel().writes("agent")
    await gateway.until(lambda: bool(gateway.platform().openings))
    await gateway.platform().joins()
    await gateway.platform().writes("how can I help?")
    await gateway.channel().writes("it is broken")
    await gateway.platform().ends(note="solved")
    await gateway.until(lambda: "completed" in gateway.channel().texts()[-1])
    (opening,) = gateway.platform().openings

    assert opening.destination == "billing"
    assert opening.attributes == {"Skill": "billing", "order": "17"}
    assert "One moment." in gateway.channel().texts()
    last = gateway.channel().texts()[-1]
    assert last == "completed (solved); agent: how can I help? / user: it is broken"


async def test_it_is_told_that_nobody_came(gateway):
    gateway.platform().failures.append(Refused("nobody is here", code="offline"))
    await talk(gateway, "hi", "agent")

    assert gateway.channel().texts()[-1].startswith("failed (offline)")


async def test_its_end_of_the_conversation_is_the_end(gateway):
    await talk(gateway, "hi", "bye")

    assert gateway.channel().texts()[-1] == "Bye."
    assert (await gateway.conversation()).floor is Floor.CLOSED


async def test_its_typing_sign_does_no_harm(gateway):
    assert await talk(gateway, "hi", "type") == [(Text(text="typed", markup=Markup.MARKDOWN),)]


async def test_what_it_said_it_can_change_by_callback(tmp_path, agent):
    """Inline it is told no ids, so it cannot."""
    async with Harness(kit.config(agent.url, answers="callback"), folder=tmp_path) as gateway:
        await talk(gateway, "hi", "change")

        assert gateway.channel().texts()[-1] == "one moment"
        assert [each.message.text for _, each in gateway.channel().edited] == ["here it is"]


async def test_it_speaks_unasked(gateway):
    await talk(gateway, "hi", "remind me")
    await gateway.until(lambda: gateway.channel().texts()[-1] == "you wanted to know")


async def test_its_own_words_about_a_fault_are_shown(gateway):
    """The SDK catches what its agent raises, and tells the client."""
    (contents,) = await talk(gateway, "hi", "fail")

    assert "told to" in contents[0].text
