"""The channel: the gateway is the desk of a Tovie or JAICP bot, whatever agent platform stands behind it.

A Tovie client is a client of this channel, a `selectDestination` is a request for a human, and what happens on the
agents' side is posted back as events.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gateway import (
    Closed,
    Joined,
    Media,
    Moved,
    Peer,
    Receipt,
    Remote,
    Role,
    Said,
    Temporary,
    Text,
    WebhookResponse,
    check_secret,
)
from gateway_operator_api import wire
from gateway_operator_api.methods import Methods

if TYPE_CHECKING:
    from gateway import Context, News, Outgoing, WebhookRequest
    from gateway_operator_api.options import ChannelOptions

LOOK_BACK_ENTRIES = 50
"""How far back the agent is looked for who closes a dialog."""


class OperatorApiChannel:
    """One Tovie bot: `SendsMessages`, `SupportsNews`, `SupportsWebhook`."""

    def __init__(self, context: Context, options: ChannelOptions) -> None:
        self._context = context
        self._options = options
        self._methods = Methods(context, options)
        cure = "enter the API URL in Tovie's channel again and save it, so that it names its address anew"
        self._remote = Remote(context, who="Tovie", cure=cure)
        self._nobody = Peer(id=context.name, name=options.name)

    async def start(self) -> None:
        """Say if Tovie has not named its address yet: it does when the API URL is entered there."""
        if not await self._address():
            self._context.log.warning("operator_api.no_webhook_yet", cure="enter the API URL in Tovie's channel")

    async def stop(self) -> None:
        """Nothing is held."""

    async def webhook(self, request: WebhookRequest) -> WebhookResponse:
        """Serve a method, answered after what it does is committed."""
        key, _, method = request.tail.partition("/")
        check_secret(key, self._options.key.get_secret_value())
        answer = await self._methods.call(method.strip("/"), request)
        return WebhookResponse(body=json.dumps(answer, ensure_ascii=False).encode())

    # --- events ---

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Post what an agent said: one content, by the capabilities."""
        if outgoing.role is Role.SYSTEM and not self._options.announcements:
            return Receipt()
        agent = self._employee(outgoing)
        for content in outgoing.message.contents:
            match content:
                case Media(attachment=file, caption=caption):
                    await self._post(
                        wire.file_event(
                            outgoing.id,
                            outgoing.client.id,
                            url=self._context.url(file.url),
                            name=file.name,
                            size=file.size,
                            comment=caption,
                            agent=agent,
                        )
                    )
                case Text(text=text):
                    await self._post(wire.text_event(outgoing.id, outgoing.client.id, text, agent))
                case _:
                    pass
        return Receipt(remote_id=outgoing.id)

    async def tell(self, news: News) -> None:
        """Post the end, unless Tovie made it, and the move to another group."""
        user_id = news.conversation.client.id
        match news.entry.body:
            case Closed(by=by) if by is not Role.CLIENT:
                await self._post(wire.closed_event(news.id, user_id, await self._last_agent(news)))
            case Moved(destination=destination, destination_name=name):
                online = await self._methods.is_online(destination)
                await self._post(
                    wire.moved_event(news.id, user_id, destination=destination, name=name or destination, online=online)
                )
            case _:
                pass

    def _employee(self, outgoing: Outgoing) -> Peer:
        return self._shown(outgoing.author) if outgoing.role is Role.AGENT else self._nobody

    def _shown(self, agent: Peer) -> Peer:
        avatar = self._context.url(agent.avatar_url) if agent.avatar_url else ""
        return Peer(id=agent.id, name=agent.name or self._options.name, avatar_url=avatar)

    async def _last_agent(self, news: News) -> Peer:
        entries = await self._context.conversations.entries(
            news.conversation.id, before=news.entry.number, limit=LOOK_BACK_ENTRIES
        )
        for entry in reversed(entries):
            match entry.body:
                case Joined(agent=agent) | Said(role=Role.AGENT, author=agent):
                    return self._shown(agent)
        return self._nobody

    async def _post(self, event: dict[str, Any]) -> None:
        address = await self._address()
        if not address:
            raise Temporary(
                "Tovie has not said where to post events; enter the API URL in its channel again and save it"
            )
        await self._remote.post(address, event)

    async def _address(self) -> str:
        own = self._options.webhook
        return own.get_secret_value() if own else await self._methods.webhook_url()
