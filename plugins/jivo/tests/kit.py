# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs
"""What the tests share: a gateway that is a bot of Jivo's, and the fake Jivo beside it."""

from __future__ import annotations

from contextlib import asynccontextmanager

from gateway import BotReply, Entry, Said, Started, Transfer, text_message
from gateway.testing import Harness
from gateway.testing.jivo import FakeJivo

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


def config(jivo, *, route=None, handoff=("jivo",), **options):
    own = {"type": "jivo", "provider_id": jivo.provider_id, "token": jivo.token, "url": jivo.url, **options}
    return {
        "files": {"allow_private": True},
        "channels": {"jivo": own},
        "bots": {"bot": {"type": "fake"}},
        "platforms": {"desk": {"type": "fake"}},
        "routes": {"main": {"channels": ["jivo"], "bot": "bot", "handoff": list(handoff), **(route or {})}},
    }


class Place:
    """A running gateway and its Jivo."""

    def __init__(self, gateway, jivo):
        self.gateway = gateway
        self.jivo = jivo
        self.entries: list[Entry] = []
        gateway.gateway.feed.watch_all(lambda change: self.entries.extend(change.entries))
        self.bot.answer = scripted

    @property
    def bot(self):
        return self.gateway.bot()

    def tried(self):
        """Return what was posted for the client to see, taken or not: the fake refuses a bot that does not lead."""
        return [call.body["message"]["text"] for call in self.jivo.calls if call.what == "BOT_MESSAGE"]

    async def sees(self, chat, *texts):
        """Wait until these are all the words the client sees of the bot."""
        await self.jivo.until(lambda: chat.texts() == list(texts))

    async def hears(self, count=1):
        """Wait until the bot was asked so often, and return why it was asked last."""
        await self.gateway.until(lambda: len(self.bot.turns) >= count)
        return self.bot.turns[count - 1].cause.body

    async def logs(self, kind):
        """Wait until an entry of this kind is in a log; return the last one."""
        await self.gateway.until(lambda: any(isinstance(entry.body, kind) for entry in self.entries))
        return [entry.body for entry in self.entries if isinstance(entry.body, kind)][-1]

    async def conversation(self, chat):
        return await self.gateway.conversation(chat.client, "jivo")

    async def transcript(self, chat):
        return await self.gateway.transcript(chat.client, "jivo")

    async def log(self, chat):
        return [entry.body for entry in await self.gateway.log(chat.client, "jivo")]

    def answers(self, *messages, **more):
        """Let the bot answer everything with these messages."""
        self.bot.answer = lambda _turn: BotReply(messages=messages, **more)

    async def invited(self, chat, count=1):
        """The client asks for a human, and the gateway knows that Jivo was asked."""
        await chat.says("agent")
        await self.jivo.until(lambda: chat.invited >= count)
        await self.gateway.settled()


def scripted(turn):
    """Greet, answer "hi …", transfer on "agent", end on "bye", and say how the dialog came back."""
    match turn.cause.body:
        case Started(payload=payload):
            return BotReply(messages=(text_message(f"welcome {payload}".strip()),))
        case Said(message=message) if message.text == "agent":
            return BotReply(transfer=Transfer())
        case Said(message=message) if message.text == "bye":
            return BotReply(messages=(text_message("goodbye"),), close=True)
        case Said(message=message):
            return BotReply(messages=(text_message(f"hi {message.text}"),))
        case body:
            return BotReply(messages=(text_message(f"back: {body.outcome.value}"),))


@asynccontextmanager
async def place(folder, jivo, **more):
    """Run a gateway beside Jivo."""
    async with Harness(config(jivo, **more), folder=folder) as gateway:
        jivo.connect(gateway.url)
        yield Place(gateway, jivo)


@asynccontextmanager
async def standing(folder, **more):
    """Run both."""
    async with FakeJivo() as jivo, place(folder, jivo, **more) as found:
        yield found
