# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs
"""What the tests share: a gateway with a Chat API channel, and a site that calls it and has a webhook.

A dialog through two gateways, one of which is a client of this API, is in the core's tests.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from urllib.parse import quote, urlencode

from gateway import AgentNoted, AgentWrote, BotReply, Message, Outcome, Peer, Said, SessionEnded, Transfer, text_message
from gateway.testing import Harness
from gateway.testing.side import Side

TOKEN = "a1B2c3D4:0123456789abcdef0123456789abcdef01234567"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


def config(*, bot=True, handoff=True, **options):
    """A gateway whose only channel is the Chat API; bot and agents are fakes."""
    route = {**({"bot": "bot"} if bot else {}), **({"handoff": ["desk"]} if handoff else {})}
    bots = {"bots": {"bot": {"type": "fake"}}} if bot else {}
    return {
        **bots,
        "files": {"allow_private": True},
        "channels": {"rest": {"type": "chat-api", "token": TOKEN, **options}},
        "platforms": {"desk": {"type": "fake"}},
        "routes": {"main": {"channels": ["rest"], **route}},
    }


class Site(Side):
    """A program that talks to the API, and takes what is posted to it."""

    def __init__(self):
        super().__init__()
        self.base = ""
        self.connections = lambda: 0
        """How many the gateway has open."""

    # --- the webhook ---

    @property
    def hook(self):
        return f"{self.url}/hook"

    def _named(self, request, body):
        return "hook"

    def _take(self, request, what, body):
        return 200, {}

    @property
    def items(self):
        """All items that were posted and taken."""
        return [item for body in self.called("hook") for item in body]

    @property
    def words(self):
        """What was said in them."""
        return [item["data"]["answer"] for item in self.items if item["kind"] == "reply"]

    async def hears(self, *words):
        await self.until(lambda: self.words == list(words))

    # --- the client ---

    def at(self, tail="", **query):
        return f"{self.base}/chatapi/{quote(TOKEN, safe='')}{tail}" + (f"?{urlencode(query)}" if query else "")

    async def asks(self, query="hello", client="ann", *, tail="", headers=None, cid=None, **more):
        """Post a query; return the answer's body."""
        body = {"clientId": client, **({} if query is None else {"query": query}), **more}
        answer = await self.request("POST", self.at(tail, **({"cid": cid} if cid else {})), body, headers=headers)
        assert answer.status == 200, answer.body
        return answer.body

    async def reads(self, what="events", client="ann", *, headers=None, **query):
        whose = {"clientId": client} if client else {}
        answer = await self.request("GET", self.at(f"/{what}", **whose, **query), headers=headers)
        assert answer.status == 200, answer.body
        return answer.body

    @asynccontextmanager
    async def hung(self, query="hello", client="ann", **more):
        """A request whose caller hangs up at the end of the block."""
        host, port = self.base.removeprefix("http://").split("/")[0].split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        body = json.dumps({"clientId": client, "query": query, **more}).encode()
        path = "/" + self.at().removeprefix("http://").partition("/")[2]
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        try:
            yield
        finally:
            before = self.connections()
            writer.transport.abort()
            async with asyncio.timeout(20):
                while self.connections() == before:  # noqa: ASYNC110 - nobody is told that a caller is gone
                    await asyncio.sleep(0.005)


class Stage:
    """A running gateway beside a site."""

    def __init__(self, gateway, site):
        self.gateway = gateway
        self.site = site
        site.base = f"{gateway.url}/rest"
        site.connections = lambda: sum(1 for each in gateway.gateway._web._runner.server.connections if each.transport)

    @property
    def bot(self):
        return self.gateway.bot()

    @property
    def desk(self):
        return self.gateway.platform()

    @property
    def channel(self):
        return self.gateway.gateway.instances["rest"].component

    async def log(self, client="ann"):
        return await self.gateway.transcript(client, "rest")

    async def logged(self, count, client="ann"):
        """Wait for so many words in the log."""
        peek = self.gateway.gateway.engine

        def there():
            known = peek._newest.get(("rest", client))
            return known is not None and peek.peek(known).head >= count

        await self.gateway.until(there)

    async def with_agent(self, client="ann"):
        """A client is with an agent."""
        before = len(self.desk.openings)
        await self.site.asks("agent", client)
        await self.gateway.until(lambda: len(self.desk.openings) > before)
        await self.desk.joins()


@asynccontextmanager
async def stage(folder, *, site=None, webhook=True, **options):
    """Run both."""
    if site is None:
        async with Site() as fresh, stage(folder, site=fresh, webhook=webhook, **options) as found:
            yield found
    else:
        more = {"webhook": site.hook} if webhook else {}
        async with Harness(config(**more, **options), folder=folder) as gateway:
            yield Stage(gateway, site)


def texts(answer):
    """The texts in an answer or an item."""
    return [reply["text"] for reply in answer["data"]["replies"] if reply["type"] == "text"]


def saying(*contents):
    """A bot that says the same to everything."""

    def answer(turn):
        return BotReply(messages=(Message(contents=contents),)) if isinstance(turn.cause.body, Said) else BotReply()

    return answer


def transferring(_turn):
    """A bot that hands over."""
    return BotReply(messages=(text_message("calling"),), transfer=Transfer())


def closing(session):
    """An agent ends the conversation."""
    return SessionEnded(session=session, outcome=Outcome.CLOSED, close=True)


def note(session, text):
    """An agent leaves a note."""
    return AgentNoted(session=session, agent=Peer(id="bo"), text=text)


def saying_as_agent(session, message):
    """An agent says something."""
    return AgentWrote(
        session=session, agent=Peer(id="bo", name="Bo", avatar_url="https://c.example/bo.png"), message=message
    )
