"""The life of a conversation through the real engine, store and dispatcher."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import Attachment, BotReply, Floor, Media, MediaKind, Message, Outcome
from gateway.testing import SIMPLE, Harness


@pytest.fixture(params=["memory", "sqlite"])
def memory(request: pytest.FixtureRequest) -> bool:
    return request.param == "memory"


async def test_bot_agent_bot(tmp_path: Path, memory: bool) -> None:
    async with Harness(folder=tmp_path, memory=memory) as gateway:
        web, desk = gateway.channel(), gateway.platform()
        await web.begins()
        await web.writes("hi")
        await web.writes("agent")
        await gateway.until(lambda: bool(desk.openings))
        await web.writes("are you there?")
        await gateway.until(lambda: desk.texts() == ["are you there?"])
        await desk.joins()
        await desk.writes("how can I help?")
        await web.writes("my order")
        await gateway.until(lambda: desk.texts() == ["are you there?", "my order"])
        await desk.ends(note="solved")
        await gateway.until(lambda: web.texts()[-1] == "back: returned solved")
        await gateway.settled()

        assert (await gateway.conversation()).floor is Floor.BOT
        assert await gateway.transcript() == [
            "started",
            "bot: hello",
            "client: hi",
            "bot: echo hi",
            "client: agent",
            "bot: calling",
            "transferred",
            "queued",
            "system: We are finding somebody to help you.",
            "client: are you there?",
            "joined",
            "system: Bo is here.",
            "agent: how can I help?",
            "client: my order",
            "left",
            "system: You are back with the assistant.",
            "bot: back: returned solved",
        ]
        history = [entry.body.message.text for entry in desk.openings[0].history]
        assert history == ["hello", "hi", "echo hi", "agent", "calling"]


async def test_a_restart_in_the_middle_goes_on(tmp_path: Path) -> None:
    async with Harness(folder=tmp_path) as gateway:
        await gateway.channel().writes("agent")
        await gateway.until(lambda: bool(gateway.platform().openings))
        await gateway.settled()
        session = gateway.platform().session
    async with Harness(folder=tmp_path) as gateway:
        web, desk = gateway.channel(), gateway.platform()
        await web.writes("still there?")
        await gateway.until(lambda: desk.texts() == ["still there?"])
        assert desk.sent[0].session == session


async def test_a_duplicate_happens_once(tmp_path: Path, memory: bool) -> None:
    async with Harness(folder=tmp_path, memory=memory) as gateway:
        web = gateway.channel()
        first = await web.writes("hi", key="1")
        again = await web.writes("hi", key="1")
        await gateway.settled()

        assert not first.duplicate
        assert again.duplicate
        assert web.texts() == ["echo hi"]


async def test_the_last_platform_refuses_and_the_bot_says_why(tmp_path: Path, memory: bool) -> None:
    from gateway import Refused

    async with Harness(folder=tmp_path, memory=memory) as gateway:
        web, desk = gateway.channel(), gateway.platform()
        desk.failures.append(Refused("nobody", code="offline"))
        await web.writes("agent")
        await gateway.until(lambda: web.texts()[-1:] == [f"back: {Outcome.OFFLINE.value}"])
        assert (await gateway.conversation()).floor is Floor.BOT


async def test_what_happened_is_counted(tmp_path: Path) -> None:
    async with Harness(folder=tmp_path) as gateway:
        await gateway.channel().writes("hi")
        await gateway.channel().writes("agent")
        await gateway.until(lambda: bool(gateway.platform().openings))
        await gateway.settled()
        waiting = gateway.gateway.metrics.render()[0].decode()
        await gateway.platform().joins()
        await gateway.settled()
        counted = gateway.gateway.metrics.render()[0].decode()

    assert 'gateway_queue_length{platform="desk"} 1.0' in waiting
    for line in (
        'gateway_messages_received_total{instance="web"} 2.0',
        'gateway_messages_received_total{instance="bot"} 2.0',
        'gateway_messages_sent_total{instance="web"} 4.0',
        'gateway_floor_changes_total{floor="agent",route="main"} 1.0',
        'gateway_handoff_accept_seconds_count{platform="desk"} 1.0',
        'gateway_handoff_wait_seconds_count{platform="desk"} 1.0',
        'gateway_queue_length{platform="desk"} 0.0',
        "gateway_store_commit_seconds_count",
    ):
        assert line in counted, line


async def test_a_file_becomes_a_link_that_works_where_files_cannot_be_shown(tmp_path: Path) -> None:
    config = {**SIMPLE, "channels": {"web": {"type": "plain"}}}
    file = Media(kind=MediaKind.IMAGE, attachment=Attachment(url="/files/key/cat.png", name="cat.png"))
    async with Harness(config, folder=tmp_path) as gateway:
        gateway.bot().answer = lambda _turn: BotReply(messages=(Message(contents=(file,)),))
        await gateway.channel().writes("hi")
        await gateway.settled()

        assert gateway.channel().texts() == [f"cat.png: {gateway.url}/files/key/cat.png"]
