"""The bot engine of one instance: a turn is one POST, and what the bot says later comes in by webhook."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web

from gateway import BadInput, BotReply, BotSpoke, Permanent, Temporary, WebhookResponse
from gateway_webhook.callbacks import Callbacks
from gateway_webhook.failures import failure_of
from gateway_webhook.reply import Mistake, Replies
from gateway_webhook.request import Requests
from gateway_webhook.schema import SCHEMAS, schema_text
from gateway_webhook.signing import Signer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiohttp.web import AbstractRouteDef

    from gateway import Context, Received, Turn, WebhookRequest
    from gateway_webhook.options import WebhookOptions

ANSWER_BYTES = 1024 * 1024
CHUNK_BYTES = 64 * 1024
ACCEPTED, NOTHING = 202, 204
GOOD = range(200, 300)


class WebhookBot:
    """A bot somewhere else. Nothing is kept here: its memory travels in the turns."""

    def __init__(self, context: Context, options: WebhookOptions) -> None:
        """Does no I/O."""
        self._context = context
        self._url = options.url
        self._headers = {name: value.get_secret_value() for name, value in options.headers.items()}
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
        status, answer = await self._post(turn.id, self._requests.body(turn))
        if status in {ACCEPTED, NOTHING}:
            return BotReply()
        try:
            return self._replies.read(answer)
        except Mistake as mistake:
            raise Permanent(f"the bot's answer cannot be understood: {mistake}") from None

    async def _post(self, turn_id: str, body: str) -> tuple[int, bytes]:
        headers = {**self._headers, "Content-Type": "application/json", **self._signer.headers(turn_id, body)}
        try:
            async with self._context.http.post(
                self._url, data=body.encode(), headers=headers, allow_redirects=False
            ) as response:
                if response.status not in GOOD:
                    raise failure_of(response.status, response.headers)
                return response.status, await _bounded(response)
        except (aiohttp.ClientError, OSError) as error:
            raise Temporary(f"the bot cannot be reached: {type(error).__name__}") from None

    # --- unasked, or later ---

    async def webhook(self, request: WebhookRequest) -> WebhookResponse:
        """Take what the bot says later; answered after it is committed. 409: somebody else has the floor."""
        callback = self._callbacks.read(request.tail)
        message_id = self._signer.check(request.headers, request.body)
        if request.method != "POST":
            return _answer(405, error="use POST")
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
            epoch=callback.epoch,
        )
        return _told(await self._context.receive(event, key=message_id))


def _told(received: Received) -> WebhookResponse:
    if received.stale:
        return _answer(409, error="the bot does not have the floor (any more); nothing of this was said")
    return _answer(200, duplicate=received.duplicate)


def _answer(status: int, **members: object) -> WebhookResponse:
    return WebhookResponse(status=status, body=json.dumps(members).encode())


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
        body += chunk
        if len(body) > ANSWER_BYTES:
            raise Permanent(f"the bot's answer is longer than {ANSWER_BYTES} bytes")
    return bytes(body)


async def _show_schema(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name not in SCHEMAS:
        raise web.HTTPNotFound(text=f"there are {', '.join(SCHEMAS)}")
    return web.Response(text=schema_text(name), content_type="application/schema+json")
