"""A channel, a bot engine and an agent platform that add nothing of their own, found through PYTHONPATH.

All three call the one server of `world`, and tell in each call when it was begun: the system's monotonic clock is the
same on both sides, so that a word of the bot sent after an agent came can be told from one that was on its way.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from gateway import (
    AgentJoined,
    AgentPlatformKind,
    AgentWrote,
    BotEngineKind,
    BotReply,
    Capabilities,
    ChannelKind,
    ClientAsked,
    ClientClosed,
    ClientLeftAgent,
    ClientWrote,
    Closing,
    Context,
    Opened,
    Opening,
    Options,
    Outcome,
    Outgoing,
    Peer,
    Receipt,
    Refused,
    Remote,
    Said,
    SessionEnded,
    SessionMoved,
    Transfer,
    Turn,
    WebhookRequest,
    WebhookResponse,
    hookimpl,
    text_message,
)


class WorldOptions(Options):
    """Where the other side is, and how long it is waited for."""

    url: str
    seconds: float = 2.0


class Instance:
    """What the three share: they call one address."""

    def __init__(self, context: Context, options: WorldOptions) -> None:
        self._context = context
        self._url = options.url
        self._remote = Remote(context, who="the world", cure="", timeout_seconds=options.seconds)

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to do."""

    async def _call(self, what: str, key: str, **body: object) -> Any:
        url = f"{self._url}/{self._context.name}/{what}"
        answer = await self._remote.post(url, {"at": time.monotonic(), **body}, key=key)
        return answer.json()


class Channel(Instance):
    """Takes updates by webhook, sends messages by POST."""

    async def webhook(self, request: WebhookRequest) -> WebhookResponse:
        """Commit what the client does, then answer."""
        update = request.json()
        await self._context.receive(_client_event(update), key=update["id"])
        return WebhookResponse(body=b"{}")

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Send one message."""
        await self._call(
            "send",
            outgoing.id,
            conversation=outgoing.conversation,
            client=outgoing.client.id,
            number=outgoing.number,
            text=outgoing.message.text,
        )
        return Receipt()


def _client_event(update: dict[str, Any]) -> ClientWrote | ClientAsked | ClientLeftAgent | ClientClosed:
    client = Peer(id=update["client"])
    match update["what"]:
        case "says":
            return ClientWrote(client=client, message=text_message(update["text"], id=update["id"]))
        case "asks":
            return ClientAsked(client=client)
        case "leaves":
            return ClientLeftAgent(client=client)
        case _:
            return ClientClosed(client=client)


class Bot(Instance):
    """Asked by POST, answers with words, a transfer, the end."""

    async def reply(self, turn: Turn) -> BotReply:
        """Ask."""
        cause = turn.cause.body
        answer = await self._call(
            "turn",
            turn.id,
            conversation=turn.conversation.id,
            number=turn.cause.number,
            cause=cause.type,
            text=cause.message.text if isinstance(cause, Said) else "",
        )
        return BotReply(
            messages=tuple(map(text_message, answer["texts"])),
            transfer=Transfer() if answer["transfer"] else None,
            close=answer["close"],
        )


class Platform(Instance):
    """Dialogs go there by POST, agents' acts come by webhook."""

    async def open(self, opening: Opening) -> Opened:
        """Offer a dialog."""
        answer = await self._call(
            "open",
            opening.id,
            conversation=opening.conversation,
            client=opening.client.id,
            session=opening.session,
            history=[entry.number for entry in opening.history],
        )
        if answer["refused"]:
            raise Refused("told to", code=answer["refused"])
        return Opened(agent=Peer(id=answer["agent"], name="Bo") if answer["agent"] else None)

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Hand a message over."""
        await self._call(
            "send",
            outgoing.id,
            conversation=outgoing.conversation,
            session=outgoing.session,
            number=outgoing.number,
            text=outgoing.message.text,
        )
        return Receipt()

    async def close(self, closing: Closing) -> None:
        """End a dialog."""
        await self._call("close", closing.id, conversation=closing.session.partition(".")[0], session=closing.session)

    async def webhook(self, request: WebhookRequest) -> WebhookResponse:
        """Commit what an agent does, then answer."""
        update = request.json()
        await self._context.receive(_agent_event(update), key=update["id"])
        return WebhookResponse(body=b"{}")


def _agent_event(update: dict[str, Any]) -> AgentJoined | AgentWrote | SessionMoved | SessionEnded:
    session, agent = update["session"], Peer(id=update["agent"], name="Bo")
    match update["what"]:
        case "joins":
            return AgentJoined(session=session, agent=agent)
        case "says":
            return AgentWrote(session=session, agent=agent, message=text_message(update["text"], id=update["id"]))
        case "moves":
            return SessionMoved(session=session, destination="sales", agent=agent)
        case _:
            return SessionEnded(session=session, agent=agent, outcome=Outcome(update["outcome"]), close=update["close"])


@hookimpl
def register_channels() -> Iterable[ChannelKind[WorldOptions]]:
    """Offer the channel."""
    capabilities = Capabilities(text_length=4096)
    return [
        ChannelKind(name="faults", summary="Faults", options=WorldOptions, build=Channel, capabilities=capabilities)
    ]


@hookimpl
def register_bot_engines() -> Iterable[BotEngineKind[WorldOptions]]:
    """Offer the bot."""
    return [BotEngineKind(name="faults", summary="Faults", options=WorldOptions, build=Bot)]


@hookimpl
def register_agent_platforms() -> Iterable[AgentPlatformKind[WorldOptions]]:
    """Offer the platform."""
    return [AgentPlatformKind(name="faults", summary="Faults", options=WorldOptions, build=Platform)]
