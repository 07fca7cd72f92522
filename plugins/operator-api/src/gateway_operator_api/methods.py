"""The six methods a desk serves, as events of the gateway."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from gateway import (
    IDEMPOTENCY_HEADER,
    ClientAsked,
    ClientClosed,
    ClientWrote,
    Floor,
    Mailboxes,
    Media,
    MediaKind,
    Message,
    NotHere,
    Peer,
    Transfer,
    UnknownConversation,
    WrongMethod,
    text_message,
)
from gateway_operator_api import wire

if TYPE_CHECKING:
    from gateway import Context, WebhookRequest
    from gateway_operator_api.options import ChannelOptions

WEBHOOK = "webhook"
DEFAULT = "default"
"""Id of the only group where the operator names none: whoever the agent platform finds."""
LONGEST_KEY = 200

Handler = Callable[["WebhookRequest"], Awaitable[Any]]


class Methods:
    """Serves one Tovie bot."""

    def __init__(self, context: Context, options: ChannelOptions) -> None:
        self._context = context
        self._options = options
        self._turns = Mailboxes()
        self._handlers: dict[str, Handler] = {
            "setWebhook": self._set_webhook,
            "getDestinations": self._get_destinations,
            "selectDestination": self._select_destination,
            "sendText": self._send_text,
            "sendFile": self._send_file,
            "closeChat": self._close_chat,
        }

    async def call(self, method: str, request: WebhookRequest) -> Any:
        """Do it; return what is answered. Raises `BadInput`, `ValidationError`, `Unavailable`."""
        handler = self._handlers.get(method)
        if handler is None:
            raise NotHere(f"there is no such method; there are {', '.join(wire.METHODS)}")
        verbs = {"GET", "POST"} if method == "getDestinations" else {"POST"}
        if request.method not in verbs:
            raise WrongMethod(f"{method} is called by {' or '.join(sorted(verbs))}")
        answer = await handler(request)
        return {} if answer is None else answer

    async def webhook_url(self) -> str:
        """Return the address events are posted to; empty as long as Tovie has not named one."""
        return str(await self._context.storage.get(WEBHOOK) or "")

    async def is_online(self, group: str) -> bool:
        """Tell whether a group has somebody; where the agent platform cannot tell, it has."""
        found = await self._context.availability(self._destination(group))
        return found is None or found.online

    # --- methods ---

    async def _set_webhook(self, request: WebhookRequest) -> None:
        """The address replaces the one before: nobody knows how often Tovie repeats it."""
        url = wire.SetWebhook.model_validate(request.json()).url
        if url != await self.webhook_url():
            await self._context.storage.put(WEBHOOK, url)
            self._context.log.info("operator_api.webhook_set")

    async def _get_destinations(self, _request: WebhookRequest) -> Any:
        groups = self._options.destinations or {DEFAULT: self._options.name}
        return wire.destinations_body([(group, name, await self.is_online(group)) for group, name in groups.items()])

    async def _select_destination(self, request: WebhookRequest) -> None:
        asked = wire.SelectDestination.model_validate(request.json())
        transfer = Transfer(
            destination=self._destination(asked.destination_id),
            attributes=asked.attributes,
            hidden_attributes=asked.hidden_attributes,
            custom_data=asked.custom_data,
        )
        client = Peer(id=asked.user_id, name=asked.user_name)
        async with self._turns.turn(asked.user_id):
            await self._context.receive(ClientAsked(client=client, transfer=transfer), key=_key(request))

    async def _send_text(self, request: WebhookRequest) -> None:
        said = wire.SendText.model_validate(request.json())
        async with self._turns.turn(said.user_id):
            await self._expect_open(said.user_id)
            if said.text:
                await self._wrote(request, said.user_id, text_message(said.text))

    async def _send_file(self, request: WebhookRequest) -> None:
        file = wire.SendFile.model_validate(request.json())
        async with self._turns.turn(file.user_id):
            await self._expect_open(file.user_id)
            taken = await self._context.files.take(file.url, name=file.file_name, size=file.size)
            media = Media(kind=MediaKind.of(taken.media_type), attachment=taken)
            await self._wrote(request, file.user_id, Message(contents=(media,)))

    async def _close_chat(self, request: WebhookRequest) -> None:
        """A dialog that is over, or never was, cannot be closed again, and that is fine."""
        closing = wire.CloseChat.model_validate(request.json())
        event = ClientClosed(client=Peer(id=closing.user_id), reason=closing.text)
        async with self._turns.turn(closing.user_id):
            try:
                await self._context.receive(event, key=_key(request))
            except UnknownConversation:
                return

    # --- what they share ---

    async def _wrote(self, request: WebhookRequest, user_id: str, message: Message) -> None:
        await self._context.receive(ClientWrote(client=Peer(id=user_id), message=message), key=_key(request))

    async def _expect_open(self, user_id: str) -> None:
        """Words that cross the agents' closing must not open a dialog of their own: Tovie has the client back.

        Words of somebody never heard of do: better an agent without the bot's facts than a client without an agent.
        """
        conversation = await self._context.conversations.of_client(user_id)
        if conversation and conversation.floor is Floor.CLOSED:
            raise NotHere("this dialog is closed; call selectDestination for a new one")

    def _destination(self, group: str) -> str:
        return "" if group == DEFAULT and DEFAULT not in self._options.destinations else group


def _key(request: WebhookRequest) -> str:
    """The API knows no ids for calls; a gateway at the other end adds them."""
    return request.headers.get(IDEMPOTENCY_HEADER.lower(), "")[:LONGEST_KEY]
