# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs
"""What the tests share: gateways with one half of the plugin, and the fake of the other side beside them."""

from __future__ import annotations

import socket
from contextlib import asynccontextmanager

from gateway import BotReply, Entry, Said, Stage, Text, Transfer, text_message
from gateway.testing import Harness
from gateway.testing.operator_api import FakeDesk, FakeTovie

__all__ = ["FakeDesk", "FakeTovie", "Harness", "Text"]

KEY = "tovie-key-for-the-tests"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)

ROUTE = {"channels": ["web"], "bot": "bot", "handoff": ["center"]}


def driving(desk_url, *, route=None, handoff=("center",), **options):
    """A gateway whose bot hands over to a desk behind the Operator API; `desk` is a second, fake platform."""
    return {
        "files": {"allow_private": True},
        "channels": {"web": {"type": "fake"}},
        "bots": {"bot": {"type": "fake"}},
        "platforms": {"center": {"type": "operator-api", "url": desk_url, **options}, "desk": {"type": "fake"}},
        "routes": {"main": {**ROUTE, "handoff": list(handoff), **(route or {})}},
    }


def being(*, route=None, **options):
    """A gateway that is the desk of a Tovie bot; its agents sit on a fake platform."""
    return {
        "files": {"allow_private": True},
        "channels": {"tovie": {"type": "operator-api", "key": KEY, **options}},
        "platforms": {"desk": {"type": "fake"}},
        "routes": {"agents": {"channels": ["tovie"], "handoff": ["desk"], **(route or {})}},
    }


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Driver:
    """A running gateway that drives a desk."""

    def __init__(self, gateway, desk):
        self.gateway = gateway
        self.desk = desk
        self.entries: list[Entry] = []
        gateway.gateway.feed.watch_all(lambda change: self.entries.extend(change.entries))

    async def logs(self, kind):
        """Wait until an entry of this kind is in the log."""
        await self.gateway.until(lambda: any(isinstance(entry.body, kind) for entry in self.entries))

    @property
    def ann(self):
        return self.gateway.channel()

    @property
    def bot(self):
        return self.gateway.bot()

    @property
    def hook(self):
        return self.desk.webhook

    async def transferred(self, words="agent", **transfer):
        """Ann asks for a human, and the desk has it."""
        self.bot.answer = transferring(**transfer)
        before = len(self.desk.dialogs)
        await self.ann.writes(words)
        await self.desk.until(lambda: len(self.desk.dialogs) > before)
        await self.waits_in_queue()

    async def waits_in_queue(self):
        """Wait until the core has heard that the desk took the newest dialog."""
        peek, known = self.gateway.gateway.engine.peek, (await self.gateway.conversation()).id

        def queued():
            handoff = peek(known).handoff
            return handoff and handoff.session == self.desk.user and handoff.stage is Stage.QUEUED

        await self.gateway.until(queued)

    async def reads(self, *lines):
        """Wait until these are all the lines the desk's agents read."""
        await self.desk.until(lambda: self.desk.dialog.lines == list(lines))

    async def sees(self, *texts):
        """Wait until these are the last texts Ann sees."""
        await self.gateway.until(lambda: self.ann.texts()[-len(texts) :] == list(texts))

    async def transcript(self):
        return await self.gateway.transcript()


def transferring(**transfer):
    """A bot that answers "hi …", hands over on "agent…", and says how it got the dialog back."""

    def answer(turn):
        body = turn.cause.body
        if not isinstance(body, Said):
            return BotReply(messages=(text_message(f"back: {body.outcome.value}"),))
        if body.message.text.startswith("agent"):
            return BotReply(transfer=Transfer(**transfer))
        return BotReply(messages=(text_message(f"hi {body.message.text}"),))

    return answer


@asynccontextmanager
async def driver(folder, desk, **more):
    """Run a gateway beside a desk."""
    async with Harness(driving(desk.api_url, **more), folder=folder) as gateway:
        yield Driver(gateway, desk)


@asynccontextmanager
async def driving_a_desk(folder, **more):
    """Run both."""
    async with FakeDesk() as desk, driver(folder, desk, **more) as found:
        yield found


class Office:
    """A running gateway that is the desk of a Tovie bot."""

    def __init__(self, gateway, tovie):
        self.gateway = gateway
        self.tovie = tovie

    @property
    def api_url(self):
        return f"{self.gateway.url}/hooks/tovie/{KEY}"

    @property
    def agents(self):
        return self.gateway.platform()

    async def opened(self, count=1):
        await self.gateway.until(lambda: len(self.agents.openings) >= count)
        return self.agents.openings[-1]

    async def read(self, *texts):
        """Wait until these are all the client's words the agents got."""
        await self.gateway.until(lambda: self.agents.texts() == list(texts))

    async def transcript(self, user="ann"):
        return await self.gateway.transcript(user, "tovie")

    async def log(self, user="ann"):
        return await self.gateway.log(user, "tovie")

    async def told(self, kind, count=1, user="ann"):
        await self.tovie.until(lambda: len(self.tovie.told(kind, user)) >= count)
        return self.tovie.told(kind, user)


@asynccontextmanager
async def office(folder, tovie, *, connected=True, **more):
    """Run a gateway beside Tovie."""
    async with Harness(being(**more), folder=folder) as gateway:
        found = Office(gateway, tovie)
        if connected:
            await tovie.connect(found.api_url)
        yield found


@asynccontextmanager
async def desk_of_tovie(folder, **more):
    """Run both."""
    async with FakeTovie() as tovie, office(folder, tovie, **more) as found:
        yield found
