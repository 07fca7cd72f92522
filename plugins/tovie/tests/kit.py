# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs
"""What the tests share: a gateway whose bot is in Tovie, and the fake of Tovie beside it."""

from __future__ import annotations

import socket
from contextlib import asynccontextmanager

from gateway import AgentPlatformKind, Availability, ClientStarted, Entry, Message, Peer, hookimpl
from gateway.testing import Harness, plugin_host
from gateway.testing.fakes import FakePlatform, Nothing
from gateway.testing.tovie import TOKEN, FakeTovieBot

WEBHOOK_KEY = "a-key-for-the-tests"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


class Staffed(FakePlatform):
    """An agent platform that can tell who is there."""

    online = True

    async def availability(self, _destination):
        return Availability(online=self.online)


STAFFED = AgentPlatformKind(name="staffed", summary="Agents with presence", options=Nothing, build=Staffed)


@hookimpl
def register_agent_platforms():
    return [STAFFED]


def config(tovie, *, handoff=("desk",), channel="fake", route=None, server=None, **options):
    bot = {"type": "tovie", "url": tovie.api_url, "token": TOKEN, **options}
    return {
        **({"server": server} if server else {}),
        "files": {"allow_private": True},
        "channels": {"web": {"type": channel}},
        "bots": {"tovie": bot},
        "platforms": {"desk": {"type": "staffed"}},
        "routes": {"main": {"channels": ["web"], "bot": "tovie", "handoff": list(handoff), **(route or {})}},
    }


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Here:
    """A running gateway beside Tovie."""

    def __init__(self, gateway, tovie):
        self.gateway = gateway
        self.tovie = tovie
        self.entries: list[Entry] = []
        gateway.gateway.feed.watch_all(lambda change: self.entries.extend(change.entries))

    @property
    def ann(self):
        return self.gateway.channel()

    @property
    def desk(self):
        return self.gateway.platform()

    @property
    def webhook(self):
        return f"{self.gateway.url}/hooks/tovie/{WEBHOOK_KEY}"

    async def begins(self, payload="", **more):
        event = ClientStarted(client=Peer(id="ann", name="Ann"), payload=payload, **more)
        return await self.ann.context.receive(event)

    async def sends(self, *contents):
        return await self.ann.writes(Message(contents=contents))

    async def sees(self, *texts):
        """Wait until these are the last texts Ann sees."""
        await self.gateway.until(lambda: self.ann.texts()[-len(texts) :] == list(texts))

    async def asked(self, *questions):
        """Wait until these are the last questions of the script; return the newest."""
        await self.tovie.until(lambda: self.tovie.asked()[-len(questions) :] == list(questions))
        return self.tovie.questions[-1]

    async def logs(self, kind):
        """Wait until an entry of this kind is in the log; return the last one."""
        await self.gateway.until(lambda: any(isinstance(entry.body, kind) for entry in self.entries))
        return [entry.body for entry in self.entries if isinstance(entry.body, kind)][-1]

    async def transcript(self):
        return await self.gateway.transcript()

    async def floor(self):
        return (await self.gateway.conversation()).floor

    def ignored(self):
        """Count what came in and was ignored."""
        text = self.gateway.gateway.metrics.render()[0].decode()
        lines = [line for line in text.splitlines() if line.startswith('gateway_input_ignored_total{instance="tovie"')]
        return sum(float(line.rpartition(" ")[2]) for line in lines)


@asynccontextmanager
async def beside(folder, tovie, *, clock=None, **more):
    """Run a gateway beside Tovie."""
    host = plugin_host("plugins.tovie.tests.kit")
    async with Harness(config(tovie, **more), folder=folder, host=host, clock=clock) as gateway:
        here = Here(gateway, tovie)
        if more.get("webhook_key"):
            tovie.webhook = here.webhook
        yield here


@asynccontextmanager
async def talking(folder, **more):
    """Run both."""
    async with FakeTovieBot() as tovie, beside(folder, tovie, **more) as here:
        yield here


@asynccontextmanager
async def told_by_webhook(folder, **more):
    """Run both, with Tovie's webhook connected."""
    async with talking(folder, webhook_key=WEBHOOK_KEY, **more) as here:
        yield here


def saying(*replies):
    """Return a script that answers everything with these replies."""
    return lambda _question: [dict(reply) for reply in replies]
