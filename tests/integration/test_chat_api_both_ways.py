# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs
"""The Chat API from both ends: a gateway whose bot is a Chat API channel of another gateway, with agents behind it.

What the plugins `tovie` and `chat-api` each assume where nothing is documented must at least agree.
"""

from __future__ import annotations

from typing import Any

import pytest

from gateway import (
    AgentWrote,
    Attachment,
    BotReply,
    Button,
    Buttons,
    Floor,
    Media,
    MediaKind,
    Message,
    Outcome,
    Peer,
    Refused,
    Said,
    SessionEnded,
    Text,
    text_message,
)
from tests.integration.two_gateways import two_gateways

TOKEN = "a1B2c3D4:0123456789abcdef0123456789abcdef01234567"
KEY = "a-key-for-the-tests"
CLEO = Peer(id="cleo", name="Cleo")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)

WEBHOOK = {"webhook_key": KEY}
POLLING = {"poll_seconds": 0.05}
LATER = {"asynchronous": True}
WAYS: dict[str, dict[str, Any]] = {
    "sync, agents by webhook": WEBHOOK,
    "async by webhook": {**LATER, **WEBHOOK},
    "async by polling": {**LATER, **POLLING},
    "async by polling for all at once": {**LATER, **POLLING, "poll_by": "channel"},
    "async by polling as one connection": {**LATER, **POLLING, "connection_id": "gateway"},
    "async by webhook and polling": {**LATER, **WEBHOOK, **POLLING},
}
SILENT = dict.fromkeys(("queued", "queued_position", "joined", "moved", "left", "nobody", "closed"), "")
"""One of the two gateways tells the client who comes and goes; the other says nothing of its own."""


def tovie(back, **options):
    return {
        "channels": {"web": {"type": "fake"}},
        "bots": {"tovie": {"type": "tovie", "url": f"{back}/rest", "token": TOKEN, "agents": True, **options}},
        "routes": {"main": {"channels": ["web"], "bot": "tovie", "handoff": ["tovie"]}},
    }


def chat_api(front, *, webhook):
    told = {"webhook": f"{front}/hooks/tovie/{KEY}"} if webhook else {}
    return {
        "channels": {"rest": {"type": "chat-api", "token": TOKEN, **told}},
        "bots": {"bot": {"type": "fake"}},
        "platforms": {"desk": {"type": "fake"}},
        "routes": {"main": {"channels": ["rest"], "bot": "bot", "handoff": ["desk"], "texts": SILENT}},
    }


def talking(folder, **options):
    return two_gateways(
        folder,
        lambda back: tovie(back, **options),
        lambda front: chat_api(front, webhook="webhook_key" in options),
    )


@pytest.fixture(params=WAYS)
async def both(request, tmp_path):
    async with talking(tmp_path, **WAYS[request.param]) as both:
        yield both


@pytest.fixture
async def by_webhook(tmp_path):
    async with talking(tmp_path, **WEBHOOK) as both:
        yield both


async def floor_is(both, floor):
    """Wait until somebody has the floor in front."""
    known = (await both.front.conversation()).id
    await both.front.until(lambda: both.front.gateway.engine.peek(known).floor is floor)


async def said(both):
    """Return who said what in front, notices left out."""
    lines = [entry.body for entry in await both.front.log() if isinstance(entry.body, Said)]
    return [f"{each.author.name or each.role}: {each.message.text}" for each in lines if each.role != "system"]


async def test_bot_agent_and_bot_again(both):
    await both.ann.begins()
    await both.heard("hello")
    await both.ann.writes("hi")
    await both.heard("echo hi")
    await both.handed_over()
    await both.heard("calling")
    await both.agents.writes("good day", "cleo")
    await floor_is(both, Floor.AGENT)
    await both.heard("Cleo is here.", "good day")
    await both.ann.writes("thanks")
    await both.read("thanks")
    await both.agents.writes("you are welcome", "cleo")
    await both.heard("you are welcome")
    await both.agents.ends()
    await floor_is(both, Floor.BOT)
    await both.heard("back: returned")
    await both.ann.writes("once more")
    await both.heard("echo once more")

    assert await said(both) == [
        "bot: hello",
        "Ann: hi",
        "bot: echo hi",
        "Ann: agent",
        "bot: calling",
        "Cleo: good day",
        "Ann: thanks",
        "Cleo: you are welcome",
        "bot: back: returned",
        "Ann: once more",
        "bot: echo once more",
    ]


async def test_the_end_there_is_no_end_here(both):
    await both.handed_over()
    await both.agents.writes("good day", "cleo")
    await both.heard("good day")
    await both.agents.context.receive(SessionEnded(session=both.agents.session, close=True))
    await floor_is(both, Floor.BOT)
    await both.ann.writes("new")
    await both.heard("echo new")

    assert await both.back.transcript("web:ann", "rest") == ["client: new", "bot: echo new"]


async def test_what_the_client_says_while_waiting_is_read_by_the_agent_in_order(both):
    await both.handed_over()
    await both.heard("calling")
    await both.ann.writes("one")
    await both.ann.writes("two")
    await both.read("one", "two")
    await both.agents.writes("good day", "cleo")
    await both.heard("good day")
    await both.ann.writes("three")
    await both.read("one", "two", "three")

    assert both.agents.texts() == ["one", "two", "three"]


async def test_agents_that_are_only_polled_for_are_gone_when_the_bot_answers(tmp_path):
    """Documented: without `all` only agents' words are in `/events`. Asked synchronously, answers need no more."""
    async with talking(tmp_path, **POLLING) as both:
        await both.handed_over()
        await both.agents.writes("good day", "cleo")
        await both.heard("Cleo is here.", "good day")
        await both.agents.ends()
        await both.ann.writes("hi")
        await both.heard("echo hi")

        assert (await both.front.conversation()).floor is Floor.BOT


async def test_nobody_takes_the_dialog(both):
    both.agents.failures.append(Refused("nobody", code="offline"))
    await both.ann.writes("agent")
    await both.heard("calling", "back: offline")
    await both.ann.writes("hi")
    await both.heard("echo hi")


async def test_an_end_of_the_bots_can_be_the_end_here(tmp_path):
    async with talking(tmp_path, **WEBHOOK, close_on_end_session=True) as both:
        await both.ann.writes("bye")
        await both.heard("goodbye")
        await floor_is(both, Floor.CLOSED)


async def test_files_both_ways(by_webhook):
    both = by_webhook
    await both.handed_over()
    await both.agents.writes("good day", "cleo")
    await both.heard("good day")
    kept = await _kept(both.front, "x.png")
    await both.ann.writes(Message(contents=(Media(kind=MediaKind.IMAGE, attachment=kept, caption="see"),)))
    await both.back.until(lambda: bool(both.agents.sent))
    there = await _kept(both.back, "y.png")
    picture = Message(contents=(Media(kind=MediaKind.IMAGE, attachment=there),))
    await both.agents.context.receive(AgentWrote(session=both.agents.session, agent=CLEO, message=picture))
    await both.front.until(lambda: isinstance(both.ann.sent[-1].message.contents[0], Media))

    [got] = [each for each in both.agents.sent[-1].message.contents if isinstance(each, Media)]
    [seen] = both.ann.sent[-1].message.contents
    assert (got.kind, got.attachment.size) == (MediaKind.IMAGE, len(PNG))
    assert isinstance(seen, Media)
    assert (seen.kind, seen.attachment.url) == (MediaKind.IMAGE, f"{both.back.url}{there.url}")


async def _kept(gateway, name) -> Attachment:
    async def chunks():
        yield PNG

    return await gateway.gateway.files.save(chunks(), name=name)


async def test_a_button_says_there_what_it_stands_for(by_webhook):
    both = by_webhook

    def offering(turn):
        said = turn.cause.body.message
        buttons = Buttons(buttons=(Button(text="Yes", value="yes-1"), Button(text="No")))
        return BotReply(messages=(Message(contents=(Text(text=f"<{said.text}>"), buttons)),))

    both.back.bot().answer = offering
    await both.ann.writes("hi")
    await both.front.until(lambda: bool(both.ann.sent))
    [_, shown] = both.ann.sent[-1].message.contents
    await both.ann.writes("Yes")
    await both.front.until(lambda: len(both.ann.sent) > 1)

    assert isinstance(shown, Buttons) and [each.text for each in shown.buttons] == ["Yes", "No"]
    [pressed] = both.back.bot().turns[-1].cause.body.message.contents
    assert (pressed.type, pressed.value) == ("pressed", "yes-1")


async def test_a_close_phrase_of_the_bot_behind_leaves_the_agent(by_webhook):
    both = by_webhook
    await both.handed_over()
    await both.agents.writes("good day", "cleo")
    await both.heard("good day")
    await both.ann.writes("back")
    await floor_is(both, Floor.BOT)
    await both.heard("back: client_left back")

    assert [closing.outcome for closing in both.agents.closed] == [Outcome.CLIENT_LEFT]


async def test_a_restart_of_either_loses_and_doubles_nothing(by_webhook):
    """Items that could not be posted while the front was away are posted later; each is said once."""
    both = by_webhook
    await both.handed_over()
    await both.agents.writes("one", "cleo")
    await both.heard("one")
    session = both.agents.session
    await both.stop("front")
    await both.agents.writes("two", "cleo")
    await both.start("front")
    await both.heard("two")
    await both.stop("back")
    await both.ann.writes("three")
    await both.start("back")
    await both.read("three")
    await both.agents.context.receive(AgentWrote(session=session, agent=CLEO, message=text_message("four")))
    await both.heard("two", "four")

    assert (await said(both))[-4:] == ["Cleo: one", "Cleo: two", "Ann: three", "Cleo: four"]
