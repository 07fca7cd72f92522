"""The bot engine of one instance: a turn is one POST, and what the bot says later comes in by webhook."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aiohttp import web

from gateway import BadInput, BotReply, BotSpoke, Permanent, Remote, WebhookResponse, WrongMethod
from gateway_webhook.callbacks import Callbacks
from gateway_webhook.reply import Mistake, Replies
from gateway_webhook.request import Requests
from gateway_webhook.schema import SCHEMAS, schema_text
from gateway_webhook.signing import Signer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiohttp.web import AbstractRouteDef

    from gateway import Context, Received, RemoteAnswer, Turn, WebhookRequest
    from gateway_webhook.options import WebhookOptions

CURE = "put the address it means into the option `url`, and give it and the option `secret` the same value"
ACCEPTED, NOTHING = 202, 204


class WebhookBot:
    """A bot somewhere else. Nothing is kept here: its memory travels in the turns."""

    def __init__(self, context: Context, options: WebhookOptions) -> None:
        """Does no I/O."""
        self._context = context
        self._url = options.url
        headers = {name: value.get_secret_value() for name, value in options.headers.items()}
        self._bot = Remote(context, who="the bot", cure=CURE, headers=headers, timeout_seconds=None, where="url")
        secrets = [secret for secret in (options.secret, options.old_secret) if secret is not None]
        self._signer = Signer([secret.get_secret_value() for secret in secrets])
        self._callbacks = Callbacks(context)
        self._requests = Requests(context, self._callbacks)
        self._replies = Replies(context)

    async def start(self) -> None:
        """Nothing to connect to: the bot is called when a client writes."""

    async def stop(self) -> None:
        """Nothing to let go of."""

    def routes(self) -> Iterable[AbstractRouteDef]:
        """Serve the JSON Schemas."""
        return [web.get("/schema/{name}.json", _show_schema)]

    # --- asked ---

    async def reply(self, turn: Turn) -> BotReply:
        """Ask the bot. Raises a `Failure`, also for an answer that cannot be understood."""
        answer = await self._post(turn.id, self._requests.body(turn))
        if answer.status in {ACCEPTED, NOTHING}:
            return BotReply()
        try:
            return self._replies.read(answer.body)
        except Mistake as mistake:
            raise Permanent(f"the bot's answer cannot be understood: {mistake}") from None

    async def _post(self, turn_id: str, body: str) -> RemoteAnswer:
        headers = {"Content-Type": "application/json", **self._signer.headers(turn_id, body)}
        return await self._bot.post(self._url, body.encode(), headers=headers)

    # --- unasked, or later ---

    async def webhook(self, request: WebhookRequest) -> WebhookResponse:
        """Take what the bot says later; answered after it is committed. 409: somebody else has the floor."""
        callback = self._callbacks.read(request.tail)
        message_id = self._signer.check(request.headers, request.body)
        if request.method != "POST":
            raise WrongMethod("use POST")
        try:
            reply = self._replies.read(request.body)
        except Mistake as mistake:
            raise BadInput(str(mistake)) from None
        event = BotSpoke(
            conversation=callback.conversation,
            messages=reply.messages,
            transfer=reply.transfer,
            close=reply.close,
            state=reply.state,
            attributes=reply.attributes,
            again_after_seconds=reply.again_after_seconds,
            epoch=callback.epoch,
            answers=callback.answers,
        )
        return _told(await self._context.receive(event, key=message_id))


def _told(received: Received) -> WebhookResponse:
    if received.stale:
        return _answer(409, error="the bot does not have the floor (any more); nothing of this was said")
    return _answer(200, duplicate=received.duplicate, number=received.number)


def _answer(status: int, **members: object) -> WebhookResponse:
    return WebhookResponse(status=status, body=json.dumps(members).encode())


async def _show_schema(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name not in SCHEMAS:
        raise web.HTTPNotFound(text=f"there are {', '.join(SCHEMAS)}")
    return web.Response(text=schema_text(name), content_type="application/schema+json")
