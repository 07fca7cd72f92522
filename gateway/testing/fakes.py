"""Fakes of everything around the gateway, as real plugins.

A channel, a bot engine and an agent platform that remember what reached them and do what a test tells them.

Configure them by `type: fake`; reach the built ones by `Harness.channel(...)`, `.bot(...)`, `.platform(...)`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import count

from gateway.capabilities import EVERYTHING
from gateway.contracts import BotReply, Closing, Opened, Opening, Outgoing, Receipt, Turn
from gateway.entries import Left, Said, Started
from gateway.errors import Failure
from gateway.events import (
    AgentJoined,
    AgentWrote,
    ClientClosed,
    ClientLeftAgent,
    ClientStarted,
    ClientWrote,
    HumanJoined,
    HumanLeft,
    HumanWrote,
    SessionEnded,
)
from gateway.given import Context, Received
from gateway.hookspecs import hookimpl
from gateway.kinds import (
    AgentPlatformKind,
    AnyAgentPlatformKind,
    AnyBotEngineKind,
    AnyChannelKind,
    BotEngineKind,
    ChannelKind,
    Options,
)
from gateway.model import Message, Outcome, Peer, Transfer, text_message


class Nothing(Options):
    """No options."""


class Fake:
    """What all fakes share: they remember, and can be told to fail or to wait."""

    def __init__(self, context: Context) -> None:
        """`context`: the core."""
        self.context = context
        self.started = False
        self.failures: list[Failure] = []
        """Raised one by one instead of doing what is asked."""
        self.gate = asyncio.Event()
        """While cleared, calls hang."""
        self.gate.set()
        self.on_call: Callable[[], None] = lambda: None

    async def start(self) -> None:
        """Remember."""
        self.started = True
        self.on_call()

    async def stop(self) -> None:
        """Remember."""
        self.started = False

    async def called(self) -> None:
        """Tell whoever waits, fail or hang as told."""
        self.on_call()
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)


class FakeChannel(Fake):
    """A channel whose clients are driven by the test. Also a business channel (`human_…`, `open`, `close`)."""

    def __init__(self, context: Context, _options: Nothing) -> None:
        """Nobody has written yet."""
        super().__init__(context)
        self.sent: list[Outgoing] = []
        self.edited: list[tuple[str, Outgoing]] = []
        """(the id of what was shown before, what is shown in its place)."""
        self.invited: list[Opening] = []
        self.closed: list[Closing] = []
        self._ids = count(1)

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Remember what the client sees."""
        await self.called()
        self.sent.append(outgoing)
        self.on_call()
        return Receipt(remote_id=str(len(self.sent)))

    async def edit(self, outgoing: Outgoing, remote_id: str) -> Receipt:
        """Remember what the client sees instead."""
        await self.called()
        self.edited.append((remote_id, outgoing))
        self.on_call()
        return Receipt(remote_id=remote_id)

    def texts(self) -> list[str]:
        """Return what clients have seen, in words."""
        return [outgoing.message.text for outgoing in self.sent]

    async def begins(self, client: str = "ann") -> Received:
        """A client opens the chat."""
        return await self.context.receive(ClientStarted(client=Peer(id=client, name=client.title())))

    async def writes(self, text: str | Message, client: str = "ann", *, key: str = "") -> Received:
        """A client says something."""
        message = text_message(text, id=f"m{next(self._ids)}") if isinstance(text, str) else text
        event = ClientWrote(client=Peer(id=client, name=client.title()), message=message)
        return await self.context.receive(event, key=key)

    async def leaves_agent(self, client: str = "ann") -> Received:
        """A client presses the button back to the bot."""
        return await self.context.receive(ClientLeftAgent(client=Peer(id=client)))

    async def ends(self, client: str = "ann") -> Received:
        """A client ends the conversation."""
        return await self.context.receive(ClientClosed(client=Peer(id=client)))

    async def open(self, opening: Opening) -> Opened:
        """Remember the invitation."""
        await self.called()
        self.invited.append(opening)
        self.on_call()
        return Opened()

    async def close(self, closing: Closing) -> None:
        """Remember."""
        await self.called()
        self.closed.append(closing)

    async def human_joins(self, client: str = "ann", agent: str = "bo") -> Received:
        """An agent takes the dialog inside the business channel."""
        return await self.context.receive(HumanJoined(client=Peer(id=client), agent=Peer(id=agent, name=agent.title())))

    async def human_writes(self, text: str, client: str = "ann", agent: str = "bo") -> Received:
        """An agent speaks to the client inside the business channel."""
        peer = Peer(id=agent, name=agent.title())
        return await self.context.receive(HumanWrote(client=Peer(id=client), agent=peer, message=text_message(text)))

    async def human_leaves(self, client: str = "ann", outcome: Outcome = Outcome.RETURNED) -> Received:
        """The business channel gives the dialog back, or found nobody."""
        return await self.context.receive(HumanLeft(client=Peer(id=client), outcome=outcome))


def echo(turn: Turn) -> BotReply:
    """Greet, echo, transfer on "agent", end on "bye", and say how an agent's turn ended."""
    match turn.cause.body:
        case Started():
            return BotReply(messages=(text_message("hello"),))
        case Left(outcome=outcome, note=note):
            return BotReply(messages=(text_message(f"back: {outcome.value} {note}".strip()),))
        case Said(message=message) if message.text == "agent":
            return BotReply(messages=(text_message("calling"),), transfer=Transfer(close_phrases=("back",)))
        case Said(message=message) if message.text == "bye":
            return BotReply(messages=(text_message("goodbye"),), close=True)
        case Said(message=message):
            return BotReply(messages=(text_message(f"echo {message.text}"),))
        case _:
            return BotReply()


class FakeBot(Fake):
    """A bot whose answers are a function."""

    def __init__(self, context: Context, _options: Nothing) -> None:
        """It echoes until told otherwise."""
        super().__init__(context)
        self.turns: list[Turn] = []
        self.answer: Callable[[Turn], BotReply] = echo

    async def reply(self, turn: Turn) -> BotReply:
        """Answer by the function."""
        self.turns.append(turn)
        await self.called()
        return self.answer(turn)


class FakePlatform(Fake):
    """An agent platform whose agents are driven by the test."""

    def __init__(self, context: Context, _options: Nothing) -> None:
        """Nobody has come yet."""
        super().__init__(context)
        self.openings: list[Opening] = []
        self.sent: list[Outgoing] = []
        self.closed: list[Closing] = []
        self.opened = Opened()

    @property
    def session(self) -> str:
        """The newest session."""
        return self.openings[-1].session

    async def open(self, opening: Opening) -> Opened:
        """Take the dialog."""
        await self.called()
        self.openings.append(opening)
        self.on_call()
        return self.opened

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Remember what the agent sees."""
        await self.called()
        self.sent.append(outgoing)
        self.on_call()
        return Receipt()

    async def close(self, closing: Closing) -> None:
        """Remember."""
        await self.called()
        self.closed.append(closing)
        self.on_call()

    def texts(self) -> list[str]:
        """Return what the agent got after the history, in words."""
        return [outgoing.message.text for outgoing in self.sent]

    async def joins(self, agent: str = "bo") -> Received:
        """An agent takes the newest session."""
        return await self.context.receive(AgentJoined(session=self.session, agent=_agent(agent)))

    async def writes(self, text: str, agent: str = "bo", *, key: str = "") -> Received:
        """An agent says something."""
        event = AgentWrote(session=self.session, agent=_agent(agent), message=text_message(text))
        return await self.context.receive(event, key=key)

    async def ends(self, outcome: Outcome = Outcome.RETURNED, note: str = "") -> Received:
        """An agent gives the dialog back."""
        return await self.context.receive(SessionEnded(session=self.session, outcome=outcome, note=note))


def _agent(name: str) -> Peer:
    return Peer(id=name, name=name.title())


CHANNEL = ChannelKind(
    name="fake", summary="A channel driven by tests", options=Nothing, build=FakeChannel, capabilities=EVERYTHING
)
PLAIN_CHANNEL = ChannelKind(name="plain", summary="A channel of plain text", options=Nothing, build=FakeChannel)
TAILING_CHANNEL = ChannelKind(
    name="tailing",
    summary="A channel that shows the log itself",
    options=Nothing,
    build=FakeChannel,
    capabilities=replace(EVERYTHING, tails_log=True),
)
BOT = BotEngineKind(name="fake", summary="A bot driven by tests", options=Nothing, build=FakeBot)
PLATFORM = AgentPlatformKind(name="fake", summary="Agents driven by tests", options=Nothing, build=FakePlatform)


@hookimpl
def register_channels() -> Iterable[AnyChannelKind]:
    """Offer the fake channels."""
    return [CHANNEL, PLAIN_CHANNEL, TAILING_CHANNEL]


@hookimpl
def register_bot_engines() -> Iterable[AnyBotEngineKind]:
    """Offer the fake bot."""
    return [BOT]


@hookimpl
def register_agent_platforms() -> Iterable[AnyAgentPlatformKind]:
    """Offer the fake platform."""
    return [PLATFORM]
