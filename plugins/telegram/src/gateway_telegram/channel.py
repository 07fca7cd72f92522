"""The channel: one bot, its life, and the two ways its updates come in."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

from gateway import Failure, Opened, Permanent, Receipt, Refused, Unauthorized, WebhookResponse, same_secret
from gateway_telegram.api import Api
from gateway_telegram.chats import ChatAddress
from gateway_telegram.intake import Intake
from gateway_telegram.keyboards import Keyboards
from gateway_telegram.outbox import Outbox
from gateway_telegram.polling import Polling
from gateway_telegram.updates import ALLOWED_UPDATES, User, WebhookInfo
from gateway_telegram.watch import Watch, wrong_address

if TYPE_CHECKING:
    from gateway import Closing, Context, Opening, Outgoing, Peer, Typing, WebhookRequest
    from gateway_telegram.options import TelegramOptions

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - its name
CLOUD = "https://api.telegram.org"


class TelegramChannel:
    """A Telegram bot. Also a business channel: the owner of a business account may answer in Telegram itself."""

    def __init__(self, context: Context, options: TelegramOptions) -> None:
        self._context = context
        self._options = options
        self._api = Api(context, url=options.api_url, token=options.token)
        self._secret = urlsafe_b64encode(context.secret("webhook")).decode().rstrip("=")
        keyboards = Keyboards(context, style=options.keyboard)
        self._intake = Intake(context, options, api=self._api, keyboards=keyboards)
        self._outbox = Outbox(context, options, api=self._api, keyboards=keyboards)
        self._watch = Watch(context, api=self._api)
        self._polling = Polling(
            context,
            api=self._api,
            intake=self._intake,
            bot_id=options.bot_id,
            hold_seconds=options.poll_seconds,
        )

    # --- life ---

    async def start(self) -> None:
        """Look whether the token is good, then have updates sent, or begin to ask for them."""
        bot = User.model_validate(await self._api.call("getMe"))
        if self._options.mode == "webhook":
            await self._set_webhook()
        else:
            await self._forget_webhook()
            self._polling.start()
        self._context.log.info("telegram.started", bot=f"@{bot.username}", mode=self._options.mode)

    async def stop(self) -> None:
        """Stop asking. The webhook stays, unless the operator wants it removed."""
        await self._polling.stop()
        await self._watch.stop()
        if self._options.mode == "webhook" and self._options.remove_webhook:
            try:
                await self._api.call("deleteWebhook")
            except (Failure, RuntimeError) as error:  # Without a session: it was never started.
                self._context.log.warning("telegram.webhook_not_removed", reason=str(error))

    async def _set_webhook(self) -> None:
        url = self._context.url(f"/hooks/{self._context.name}")
        if self._options.api_url == CLOUD and not url.startswith("https://"):
            raise Permanent(
                f"Telegram calls https addresses only, and this is {url}; set server.public_url to the https address "
                "of the gateway, or take `mode: polling`"
            )
        params = {"url": url, "secret_token": self._secret, "allowed_updates": ALLOWED_UPDATES}
        await self._api.call("setWebhook", params)
        info = await self._webhook_info()
        if wrong := wrong_address(info, url):
            raise Permanent(wrong)
        self._watch.start(url, info)
        if info.last_error_message:
            self._context.log.warning(
                "telegram.webhook_failed_before", reason=info.last_error_message, waiting=info.pending_update_count
            )

    async def _forget_webhook(self) -> None:
        """While there is a webhook, nobody may ask for updates. What waits there is asked for next."""
        if (await self._webhook_info()).url:
            await self._api.call("deleteWebhook")
            self._context.log.info("telegram.webhook_removed", note="`mode: polling` asks for updates instead")

    async def _webhook_info(self) -> WebhookInfo:
        return WebhookInfo.model_validate(await self._api.call("getWebhookInfo"))

    # --- in and out ---

    async def webhook(self, request: WebhookRequest) -> WebhookResponse:
        """Take an update Telegram sent, answered after it is committed."""
        given = request.headers.get(SECRET_HEADER, "")
        if request.method != "POST" or not same_secret(given, self._secret):
            raise Unauthorized("this is not Telegram")
        await self._intake.take(request.json())
        return WebhookResponse(body=json.dumps({}).encode())

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Show one message to the client."""
        return await self._outbox.send(outgoing)

    async def edit(self, outgoing: Outgoing, remote_id: str) -> Receipt:
        """Change a message the client sees. Raises `Permanent` where Telegram changes it not."""
        return await self._outbox.edit(outgoing, remote_id)

    async def typing(self, signal: Typing, *, client: Peer, session: str) -> None:  # noqa: ARG002 - a channel has none
        """Show the typing sign; Telegram takes it away after five seconds, or when the message comes."""
        if signal.active:
            address = ChatAddress.of_client(client.id)
            await self._api.call("sendChatAction", {**address.params, "action": "typing"})

    # --- a business account: its owner is the agent ---

    async def open(self, opening: Opening) -> Opened:
        """Leave the client to the owner of the business account, who sees the chat anyway."""
        if not ChatAddress.of_client(opening.client.id).connection:
            raise Refused("this client talks to the bot, and nobody else can answer there", code="rejected")
        return Opened()

    async def close(self, closing: Closing) -> None:
        """Telegram knows no such thing: the bot simply speaks again."""
