"""The channel: one bot in Jivo. Jivo has the client and the agents; we answer, invite, and hear of the rest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from gateway import (
    Availability,
    BadInput,
    Changed,
    Closed,
    Floor,
    Opened,
    Permanent,
    Receipt,
    Refused,
    Role,
    Unauthorized,
    WebhookResponse,
    WrongMethod,
    same_secret,
)
from gateway_jivo.agents import is_with_agent
from gateway_jivo.api import Api
from gateway_jivo.intake import Intake
from gateway_jivo.marks import EventIds
from gateway_jivo.online import Online
from gateway_jivo.outbox import Outbox
from gateway_jivo.wire import Event, error_body

if TYPE_CHECKING:
    from gateway import Closing, Context, News, Opening, Outgoing, WebhookRequest
    from gateway_jivo.options import JivoOptions

CODES = {401: "invalid_client"}
"""Codes of refusals, by status; any other is `invalid_request`."""


class JivoChannel:
    """`SendsMessages`, `BusinessChannel`, `SupportsNews`, `SupportsAvailability`, `SupportsWebhook`."""

    def __init__(self, context: Context, options: JivoOptions) -> None:
        self._context = context
        self._options = options
        ids = EventIds(context.secret("events"))
        self._api = Api(context, options, ids)
        self._online = Online(context)
        self._intake = Intake(context, options, online=self._online, ids=ids)
        self._outbox = Outbox(context, options, self._api)

    async def start(self) -> None:
        """Remember who was online. Jivo has no call to introduce ourselves by: it knows the address by e-mail."""
        await self._online.load()

    async def stop(self) -> None:
        """Nothing is held."""

    # --- in ---

    async def webhook(self, request: WebhookRequest) -> WebhookResponse:
        """Take an event, answered after it is committed. Refusals are told in the words of the Bot API."""
        try:
            await self._intake.take(self._event(request))
        except ValidationError as error:
            return _answer(400, error_body("invalid_request", _what_is_wrong(error)))
        except BadInput as error:
            return _answer(error.status, error_body(CODES.get(error.status, "invalid_request"), str(error)))
        return _answer(200, {})

    def _event(self, request: WebhookRequest) -> Event:
        if not same_secret(request.tail.rstrip("/"), self._options.token.get_secret_value()):
            raise Unauthorized("the token is wrong")
        if request.method != "POST":
            raise WrongMethod("events are posted")
        return Event.model_validate(request.json())

    # --- out ---

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Say something to the client.

        What the gateway itself still had to say, that somebody will come for instance, is void once an agent of
        Jivo's is there: between the two nobody speaks up.
        """
        if outgoing.role is Role.SYSTEM:
            conversation = await self._context.conversations.get(outgoing.conversation)
            if is_with_agent(conversation, self._context.name):
                return Receipt()
        return await self._outbox.send(outgoing)

    async def tell(self, news: News) -> None:
        """Tell Jivo what the bot has learned about the client, and ask for a rating at the end."""
        client = news.conversation.client.id
        match news.entry.body:
            case Changed(attributes=attributes) if news.conversation.floor is not Floor.CLOSED:
                named = {
                    member: attributes[name]
                    for name, member in self._options.client_info.items()
                    if attributes.get(name)
                }
                if named:
                    await self._api.post("CLIENT_INFO", client, key=news.id, **named)
            case Closed(by=Role.BOT) if self._options.ask_rating:
                await self._api.post("INIT_RATE", client, key=news.id)
            case _:
                pass

    # --- agents ---

    async def availability(self, destination: str) -> Availability:  # noqa: ARG002 - Jivo has no groups for bots
        """Tell what the newest event told."""
        return Availability(online=self._online.anybody() or not self._options.agents_online)

    async def open(self, opening: Opening) -> Opened:
        """Invite an agent; whether one comes is told by events. What was said Jivo has itself."""
        try:
            await self._api.post("INVITE_AGENT", opening.client.id, key=opening.id)
        except Permanent as refusal:
            raise Refused(refusal.reason) from None
        return Opened()

    async def close(self, closing: Closing) -> None:
        """Jivo knows no such thing: an invitation cannot be withdrawn, and the bot simply speaks again."""


def _answer(status: int, body: dict[str, Any]) -> WebhookResponse:
    return WebhookResponse(status=status, body=json.dumps(body, ensure_ascii=False).encode())


def _what_is_wrong(error: ValidationError) -> str:
    """Say where and what, without repeating the input."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where or 'the body'}: {first['msg']}"
