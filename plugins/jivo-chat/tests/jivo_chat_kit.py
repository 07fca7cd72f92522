# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs
"""What the tests share: a gateway with the plugin, and the fake of Jivo beside it."""

from __future__ import annotations

from contextlib import asynccontextmanager

from gateway import BotReply, Entry, Message, Pressed, Said, Stage, Transfer, text_message
from gateway.testing import Harness
from gateway.testing.jivo_chat import FakeJivoChat

__all__ = ["FakeJivoChat", "Harness"]

KEY = "a-key-for-agents-messages"
WEBHOOKS_KEY = "another-key-for-webhooks"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


def config(channel_url, *, route=None, handoff=("jivo",), channel="fake", **options):
    """A gateway whose bot hands over to Jivo; `desk` is a second, fake platform."""
    own = {"type": "jivo-chat", "url": channel_url, "key": KEY, "webhooks_key": WEBHOOKS_KEY, "online_seconds": 0}
    return {
        "files": {"allow_private": True},
        "channels": {"web": {"type": channel}},
        "bots": {"bot": {"type": "fake"}},
        "platforms": {"jivo": {**own, **options}, "desk": {"type": "fake"}},
        "routes": {"main": {"channels": ["web"], "bot": "bot", "handoff": list(handoff), **(route or {})}},
    }


class Here:
    """A running gateway beside Jivo."""

    def __init__(self, gateway, jivo):
        self.gateway = gateway
        self.jivo = jivo
        self.entries: list[Entry] = []
        gateway.gateway.feed.watch_all(lambda change: self.entries.extend(change.entries))
        jivo.messages_url = f"{gateway.url}/hooks/jivo/{KEY}"
        jivo.webhooks_url = f"{gateway.url}/hooks/jivo/{WEBHOOKS_KEY}"

    @property
    def ann(self):
        return self.gateway.channel()

    @property
    def bot(self):
        return self.gateway.bot()

    async def logs(self, kind, count=1):
        """Wait until so many entries of this kind are in a log."""
        await self.gateway.until(lambda: len(self.logged(kind)) >= count)

    def logged(self, kind):
        return [entry.body for entry in self.entries if isinstance(entry.body, kind)]

    async def transferred(self, words="agent", client="ann", **transfer):
        """A client asks for a human, and Jivo has the dialog."""
        self.bot.answer = transferring(**transfer)
        await self.ann.writes(words, client)
        await self.queued(client)

    async def queued(self, client="ann"):
        """Wait until the core has heard that Jivo took the dialog."""
        known = (await self.gateway.conversation(client)).id
        await self.gateway.until(lambda: self._stage(known) is Stage.QUEUED)

    def _stage(self, known):
        handoff = self.gateway.gateway.engine.peek(known).handoff
        return handoff.stage if handoff and handoff.platform == "jivo" else None

    async def presses(self, value, text="", client="ann"):
        """The client presses a button."""
        await self.ann.writes(Message(contents=(Pressed(value=value, text=text),)), client)

    async def reads(self, *lines, client="web:ann"):
        """Wait until these are all the lines Jivo's agents read."""
        await self.jivo.until(lambda: client in self.jivo.chats and self.jivo.chats[client].lines == list(lines))

    async def sees(self, *texts):
        """Wait until these are the last texts the clients saw."""
        await self.gateway.until(lambda: self.ann.texts()[-len(texts) :] == list(texts))

    async def has_left(self):
        """Wait until the bot has the dialog again."""
        await self.gateway.until(lambda: any(text.startswith("back:") for text in self.ann.texts()))

    async def transcript(self):
        return await self.gateway.transcript()

    async def facts(self, client="ann"):
        return dict((await self.gateway.conversation(client)).attributes)


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
async def beside(folder, jivo, **more):
    """Run a gateway beside Jivo."""
    async with Harness(config(jivo.channel_url, **more), folder=folder) as gateway:
        yield Here(gateway, jivo)


@asynccontextmanager
async def both(folder, **more):
    """Run both."""
    async with FakeJivoChat() as jivo, beside(folder, jivo, **more) as here:
        yield here
