"""What the tests share: a gateway with the plugin, and the fake Telegram beside it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from gateway.testing import Harness
from gateway.testing.telegram import FakeTelegram

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
WAIT_SECONDS = 10


def config(telegram, **options):
    """A gateway whose only channel is the fake's bot."""
    own = {"type": "telegram", "token": telegram.token, "api_url": telegram.url, "poll_seconds": 1, **options}
    return {
        "channels": {"tg": own},
        "bots": {"bot": {"type": "fake"}},
        "platforms": {"desk": {"type": "fake"}},
        "routes": {"main": {"channels": ["tg"], "bot": "bot", "handoff": ["desk"]}},
    }


class Place:
    """A running gateway and its Telegram."""

    def __init__(self, gateway, telegram):
        self.gateway = gateway
        self.telegram = telegram

    @property
    def bot(self):
        return self.gateway.bot()

    @property
    def desk(self):
        return self.gateway.platform()

    async def sees(self, person, *texts):
        """Wait until these are all the words a person sees."""
        await self.telegram.until(lambda: person.texts() == list(texts))

    async def log(self, person):
        return await self.gateway.log(str(person.id), "tg")

    async def transcript(self, person):
        return await self.gateway.transcript(str(person.id), "tg")

    async def hears(self, count=1):
        """Wait until the bot was asked so often, and return what it was told last."""
        async with asyncio.timeout(WAIT_SECONDS):
            await self.gateway.until(lambda: len(self.bot.turns) >= count)
        return self.bot.turns[count - 1].cause.body

    def answers(self, *messages, **more):
        """Let the bot answer everything with these messages."""
        from gateway import BotReply

        self.bot.answer = lambda _turn: BotReply(messages=messages, **more)


@asynccontextmanager
async def place(folder, telegram, **options):
    """Run a gateway."""
    async with Harness(config(telegram, **options), folder=folder) as gateway:
        yield Place(gateway, telegram)


@asynccontextmanager
async def standing(folder, **options):
    """Run both."""
    async with FakeTelegram() as telegram, place(folder, telegram, **options) as found:
        yield found
