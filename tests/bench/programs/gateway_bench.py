"""The thinnest honest plugins: a channel with a webhook in and a POST out, and a bot asked by a POST.

All that a real plugin adds is its wire format; what is measured is the gateway.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway import (
    BotEngineKind,
    BotReply,
    Capabilities,
    ChannelKind,
    ClientWrote,
    Context,
    Options,
    Outgoing,
    Peer,
    Receipt,
    Remote,
    Turn,
    WebhookRequest,
    WebhookResponse,
    hookimpl,
    text_message,
)


class PeerOptions(Options):
    """Where the other side is."""

    url: str


class BenchChannel:
    """Takes updates by webhook, sends messages by POST."""

    def __init__(self, context: Context, options: PeerOptions) -> None:
        self._context = context
        self._url = f"{options.url}/channel"
        self._remote = Remote(context, who="the peer", cure="")

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to do."""

    async def webhook(self, request: WebhookRequest) -> WebhookResponse:
        """Commit the client's words, then answer."""
        update = request.json()
        message = update["message"]
        event = ClientWrote(
            client=Peer(id=str(message["chat"]["id"]), name=message["from"]["first_name"]),
            message=text_message(message["text"], id=str(message["message_id"])),
            language=message["from"]["language_code"],
        )
        await self._context.receive(event, key=str(update["update_id"]))
        return WebhookResponse(body=b"{}")

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Send one message."""
        body = {"chat_id": outgoing.client.id, "text": outgoing.message.text}
        await self._remote.post(self._url, body, key=outgoing.id)
        return Receipt()


class BenchBot:
    """Asked by POST, answers with its words."""

    def __init__(self, context: Context, options: PeerOptions) -> None:
        self._url = f"{options.url}/ask"
        self._remote = Remote(context, who="the peer", cure="")

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to do."""

    async def reply(self, turn: Turn) -> BotReply:
        """Ask."""
        said = turn.cause.body.message.text  # type: ignore[union-attr]
        answer = await self._remote.post(self._url, {"chat": turn.conversation.client.id, "text": said}, key=turn.id)
        return BotReply(messages=(text_message(answer.json()["text"]),))


@hookimpl
def register_channels() -> Iterable[ChannelKind[PeerOptions]]:
    """Offer the channel."""
    capabilities = Capabilities(text_length=4096)
    return [
        ChannelKind(name="bench", summary="Bench", options=PeerOptions, build=BenchChannel, capabilities=capabilities)
    ]


@hookimpl
def register_bot_engines() -> Iterable[BotEngineKind[PeerOptions]]:
    """Offer the bot."""
    return [BotEngineKind(name="bench", summary="Bench", options=PeerOptions, build=BenchBot)]
