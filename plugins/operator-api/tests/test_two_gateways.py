# mypy: allow-untyped-defs, allow-untyped-calls
"""One gateway drives another, which is its desk: client -> bot | Operator API | agents."""

from __future__ import annotations

from contextlib import asynccontextmanager
from importlib import import_module

import pytest

from gateway import Attachment, Media, MediaKind, Message, Outcome, Peer, Refused, SessionMoved

kit = import_module("plugins.operator-api.tests.operator_kit")


class Both:
    """Two gateways on fixed ports, each of which can be stopped and started again."""

    def __init__(self, folder, **desk):
        self.ports = {"front": kit.free_port(), "back": kit.free_port()}
        self.folders = {name: folder / name for name in self.ports}
        for each in self.folders.values():
            each.mkdir()
        self.running = {}
        self.desk = {"destinations": {"sales": "Sales", "service": "Service"}, **desk}

    async def start(self, name):
        config = kit.being(**self.desk) if name == "back" else kit.driving(self.back_url)
        server = {"host": "127.0.0.1", "port": self.ports[name], "shutdown_seconds": 1}
        gateway = kit.Harness({**config, "server": server}, folder=self.folders[name])
        self.running[name] = await gateway.__aenter__()

    async def stop(self, name):
        await self.running.pop(name).__aexit__()

    @property
    def back_url(self):
        return f"http://127.0.0.1:{self.ports['back']}/hooks/tovie/{kit.KEY}"

    @property
    def front(self):
        return self.running["front"]

    @property
    def back(self):
        return self.running["back"]

    @property
    def ann(self):
        return self.front.channel()

    @property
    def agents(self):
        return self.back.platform()

    async def transferred(self, words="agent", **transfer):
        before = len(self.agents.openings)
        self.front.bot().answer = kit.transferring(**transfer)
        await self.ann.writes(words)
        await self.back.until(lambda: len(self.agents.openings) > before)
        return self.agents.openings[-1]

    async def sees(self, *texts):
        await self.front.until(lambda: self.ann.texts()[-len(texts) :] == list(texts))

    async def read(self, *texts):
        await self.back.until(lambda: self.agents.texts() == list(texts))


@asynccontextmanager
async def both_running(folder, **desk):
    found = Both(folder, **desk)
    await found.start("back")
    await found.start("front")
    try:
        yield found
    finally:
        for name in list(found.running):
            await found.stop(name)


@pytest.fixture
async def both(tmp_path):
    async with both_running(tmp_path) as both:
        yield both


@pytest.mark.parametrize(("amount", "lines"), [(0, 1), (1, 1), (5, 5), (20, 7)])
async def test_history_then_talk_then_back(both, amount, lines):
    both.front.bot().answer = kit.transferring()
    for words in "abc":
        await both.ann.writes(words)
        await both.sees(f"hi {words}")
    opening = await both.transferred(destination="sales", history=amount, attributes={"order": "17"})
    await both.back.until(lambda: len(both.agents.texts()) == lines)
    await both.agents.writes("good day", agent="cleo")
    await both.sees("Cleo is here.", "good day")
    await both.ann.writes("thanks")
    await both.back.until(lambda: both.agents.texts()[-1] == "thanks")
    await both.agents.ends()
    await both.sees("back: closed")

    assert both.agents.texts()[-2] == ("Ann: agent" if amount else "agent")
    assert (opening.destination, opening.client.name, opening.attributes) == ("sales", "Ann", {"order": "17"})


async def test_the_first_message_comes_last(both):
    await both.transferred(history=1, first_message="call her")

    await both.read("Ann: agent", "call her")


async def test_files_both_ways(both):
    async def chunks():
        yield kit.PNG

    await both.transferred(history=0)
    kept = await both.front.gateway.files.save(chunks(), name="x.png")
    await both.ann.writes(Message(contents=(Media(kind=MediaKind.IMAGE, attachment=kept),)))
    await both.back.until(lambda: len(both.agents.sent) == 2)
    [got] = both.agents.sent[1].message.contents
    mine = await both.back.gateway.files.save(chunks(), name="y.png")
    event = Media(kind=MediaKind.IMAGE, attachment=mine, caption="see")
    await both.agents.context.receive(agent_sends(both, event))
    await both.front.until(lambda: bool(both.ann.sent) and isinstance(both.ann.sent[-1].message.contents[0], Media))
    [seen] = both.ann.sent[-1].message.contents

    assert (got.kind, got.attachment.name, got.attachment.size) == (MediaKind.IMAGE, "x.png", len(kit.PNG))
    assert (seen.caption, seen.attachment.name, seen.attachment.size) == ("see", "y.png", len(kit.PNG))
    assert isinstance(seen.attachment, Attachment) and seen.attachment.url.startswith("/files/")


def agent_sends(both, content):
    from gateway import AgentWrote

    return AgentWrote(session=both.agents.session, agent=Peer(id="bo", name="Bo"), message=Message(contents=(content,)))


async def test_forwarding_reaches_the_client(both):
    await both.transferred(destination="sales")
    await both.agents.writes("good day")
    await both.sees("good day")
    moved = SessionMoved(session=both.agents.session, destination="service", destination_name="Service")
    await both.agents.context.receive(moved)

    await both.sees("A colleague will take over in a moment.")
    assert (await both.front.conversation()).handoff.destination == "service"


async def test_refused_by_the_agents_platform(both):
    both.agents.failures.append(Refused("full", code="busy"))
    both.front.bot().answer = kit.transferring()
    await both.ann.writes("agent")

    await both.sees("back: refused")


async def test_the_client_leaves(both):
    await both.transferred(last_message="bye then")
    await both.agents.writes("hello?")
    await both.sees("hello?")
    await both.ann.leaves_agent()
    await both.back.until(lambda: bool(both.agents.closed))
    await both.sees("bye then", "You are back with the assistant.", "back: client_left")

    assert (both.agents.closed[0].outcome, both.agents.closed[0].text) == (Outcome.CLIENT_LEFT, "bye then")


async def test_a_second_transfer_is_a_dialog_of_its_own(both):
    await both.transferred(history=0)
    await both.agents.writes("one")
    await both.sees("one")
    await both.agents.ends()
    await both.sees("back: closed")
    await both.transferred("agent again", history=0)
    await both.agents.writes("two")
    await both.sees("two")

    assert both.agents.texts() == ["agent", "agent again"]


async def test_the_driving_side_restarts_while_an_agent_talks(both):
    await both.transferred(history=0)
    await both.agents.writes("one")
    await both.sees("one")
    await both.stop("front")
    await both.agents.writes("two")
    await both.agents.writes("three")
    await both.start("front")
    both.back.advance(1)

    await both.front.until(lambda: both.ann.texts() == ["two", "three"])
    await both.ann.writes("all here")
    await both.read("agent", "all here")


async def test_the_desk_restarts_while_the_client_waits(both):
    await both.transferred(history=0)
    await both.read("agent")
    await both.stop("back")
    await both.ann.writes("still there?")
    await both.ann.writes("hello?")
    await both.start("back")
    both.front.advance(1)

    await both.read("still there?", "hello?")


async def test_the_desk_is_down_when_it_is_asked(both):
    both.front.bot().answer = kit.transferring(history=0)
    await both.stop("back")
    await both.ann.writes("agent")
    await both.ann.writes("please")
    await both.start("back")
    both.front.advance(1)

    await both.read("agent", "please")
    await both.agents.writes("here I am")
    await both.sees("here I am")
