"""A bot with agents of its own is a platform, too: one instance, one lane, in order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from gateway import BotEngineKind, BotReply, Floor, Outcome, Turn, hookimpl
from gateway.contracts import Closing, Opened, Opening, Outgoing, Receipt
from gateway.given import Context
from gateway.testing import Harness, echo, plugin_host
from gateway.testing.fakes import FakePlatform, Nothing


class StaffedBot(FakePlatform):
    """A fake platform that also answers, and remembers in which order it was called."""

    def __init__(self, context: Context, options: Nothing) -> None:
        super().__init__(context, options)
        self.order: list[str] = []

    async def reply(self, turn: Turn) -> BotReply:
        self.order.append(f"turn {turn.cause.number}")
        await self.called()
        return echo(turn)

    async def open(self, opening: Opening) -> Opened:
        self.order.append("open")
        return await super().open(opening)

    async def send(self, outgoing: Outgoing) -> Receipt:
        self.order.append(f"send {outgoing.message.text}")
        return await super().send(outgoing)

    async def close(self, closing: Closing) -> None:
        self.order.append(f"close {closing.outcome}")
        await super().close(closing)


KIND = BotEngineKind(name="staffed", summary="A bot with agents", options=Nothing, build=StaffedBot)


@hookimpl
def register_bot_engines() -> Iterable[BotEngineKind[Nothing]]:
    return [KIND]


CONFIG = {
    "channels": {"web": {"type": "fake"}},
    "bots": {"bot": {"type": "staffed"}},
    "routes": {"main": {"channels": ["web"], "bot": "bot", "handoff": ["bot"]}},
}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Harness]:
    async with Harness(CONFIG, folder=tmp_path, host=plugin_host(__name__)) as gateway:
        yield gateway


def bot_of(gateway: Harness) -> StaffedBot:
    bot = gateway.gateway.instances["bot"].component
    assert isinstance(bot, StaffedBot)
    return bot


async def test_the_bot_hears_all_of_a_client_in_one_lane(gateway: Harness) -> None:
    bot = bot_of(gateway)
    bot.gate.clear()
    for words in ("hello", "agent", "one", "two"):
        await gateway.channel().writes(words)
    bot.gate.set()
    await gateway.settled()

    assert bot.order == ["turn 1", "turn 2", "open", "send one", "send two"]


async def test_its_agents_take_over_and_give_back(gateway: Harness) -> None:
    bot, channel = bot_of(gateway), gateway.channel()
    await channel.writes("agent")
    await gateway.settled()
    await bot.writes("good day")
    assert (await gateway.conversation()).floor is Floor.AGENT

    await channel.writes("hi")
    await gateway.settled()
    await bot.ends(outcome=Outcome.RETURNED)
    await gateway.settled()

    assert (await gateway.conversation()).floor is Floor.BOT
    assert bot.order[:3] == ["turn 1", "open", "send hi"]
    assert channel.texts()[-1] == "back: returned"


async def test_a_turn_under_way_when_its_agent_comes_is_void(gateway: Harness) -> None:
    bot, channel = bot_of(gateway), gateway.channel()
    await channel.writes("agent")
    await gateway.settled()
    await channel.leaves_agent()
    await gateway.settled()
    bot.gate.clear()
    asked = len(bot.order)
    await channel.writes("hello")
    await gateway.until(lambda: len(bot.order) > asked)
    await channel.ends()
    bot.gate.set()
    await gateway.settled()

    assert "echo hello" not in channel.texts()
    assert f"close {Outcome.CLIENT_LEFT}" in bot.order
