"""The agent platform: a client of any channel is a client of a Chat API channel in Jivo."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from gateway import (
    Availability,
    BadInput,
    Mailboxes,
    NotHere,
    Opened,
    Permanent,
    Receipt,
    Refused,
    Role,
    Temporary,
    UnknownConversation,
    WebhookResponse,
    WrongMethod,
    check_secret,
    same_secret,
)
from gateway_jivo_chat import wire
from gateway_jivo_chat.dialogs import Dialog, Dialogs
from gateway_jivo_chat.hooks import Hooks
from gateway_jivo_chat.intake import Intake
from gateway_jivo_chat.jivo import Jivo
from gateway_jivo_chat.late import LateRatings
from gateway_jivo_chat.lenient import read
from gateway_jivo_chat.outbox import Outbox

if TYPE_CHECKING:
    from gateway import Closing, Context, Opening, Outgoing, Peer, Typing, WebhookRequest
    from gateway_jivo_chat.options import JivoChatOptions

GONE = 404


class JivoChatPlatform:
    """One channel: `AgentPlatform`, `SupportsAvailability`, `SupportsTyping`, `SupportsWebhook`."""

    def __init__(self, context: Context, options: JivoChatOptions) -> None:
        self._context = context
        self._options = options
        self._jivo = Jivo(context, options)
        self._dialogs = Dialogs(context)
        self._outbox = Outbox(context, options, self._jivo)
        turns = Mailboxes()
        self._intake = Intake(context, options, self._dialogs, turns)
        self._hooks = Hooks(context, options, self._dialogs, turns)
        self._late = LateRatings(context, self._outbox)
        self._typed: dict[str, float] = {}
        """Who was last said to type, and when."""

    # --- life ---

    async def start(self) -> None:
        """Ask who is online, which tells whether the URL is right. If Jivo is down just now, the gateway starts."""
        self._late.start()
        if not self._options.ask_online:
            return
        try:
            await self._jivo.ask()
        except Temporary as failure:
            self._context.log.warning("jivo_chat.not_reached", reason=failure.reason)

    async def stop(self) -> None:
        """Let go. Jivo repeats, or not, what it could not post."""
        await self._late.stop()
        await self._jivo.stop()

    async def availability(self, destination: str) -> Availability:  # noqa: ARG002 - Jivo tells of no groups
        """Tell whether an agent of the channel is online."""
        return Availability(online=not self._options.ask_online or await self._jivo.is_online())

    # --- a dialog ---

    async def open(self, opening: Opening) -> Opened:
        """Hand over what went before, then the first words. After a crash it goes on where it was."""
        dialog = await self._dialogs.begin(opening, wire.sender_id(opening.channel, opening.client.id))
        try:
            await self._dialogs.steps.carry_out(opening.session, await self._outbox.opening(opening, dialog))
        except (Permanent, Refused) as failure:
            await self._dialogs.end(dialog, stopped=False)
            raise Refused(failure.reason, code="rejected") from None
        return Opened()

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Hand over what the client said."""
        await self._outbox.send(outgoing, await self._dialog(outgoing.session))
        return Receipt(remote_id=outgoing.id)

    async def close(self, closing: Closing) -> None:
        """Say `stop`. If Jivo does not want to know, it is over all the same."""
        dialog = await self._dialogs.get(closing.session)
        if dialog is None:
            return  # Jivo never heard of it.
        try:
            await self._dialogs.steps.carry_out(closing.id, self._outbox.closing(closing, dialog))
        except (Permanent, Refused) as failure:
            self._context.log.info("jivo_chat.close_refused", reason=failure.reason)
        await self._dialogs.end(dialog, stopped=True)
        await self._dialogs.steps.forget(closing.id)

    async def _dialog(self, session: str) -> Dialog:
        dialog = await self._dialogs.get(session)
        if dialog is None:
            raise Refused("this dialog was never opened in Jivo")
        return dialog

    async def typing(self, signal: Typing, *, client: Peer, session: str) -> None:
        """Say that the client types, not more often than Jivo allows."""
        now = self._context.now()
        if (
            signal.role is not Role.CLIENT
            or not signal.active
            or now - self._typed.get(session, 0) < wire.TYPING_SECONDS
        ):
            return
        self._typed = {key: at for key, at in self._typed.items() if now - at < wire.TYPING_SECONDS} | {session: now}
        dialog = await self._dialogs.get(session)
        if dialog:
            await self._outbox.types(client, dialog.sender)

    # --- what Jivo tells ---

    async def webhook(self, request: WebhookRequest) -> WebhookResponse:
        """Take an agent's message, or a webhook: each has an address of its own."""
        if self._is_for_webhooks(request.tail):
            _expect_post(request)
            answer = await self._hooks.take(request.json())
            return WebhookResponse(body=json.dumps(answer, ensure_ascii=False).encode())
        check_secret(request.tail, self._options.key.get_secret_value())
        _expect_post(request)
        return await self._message(request)

    def _is_for_webhooks(self, tail: str) -> bool:
        key = self._options.webhooks_key
        return key is not None and same_secret(tail, key.get_secret_value())

    async def _message(self, request: WebhookRequest) -> WebhookResponse:
        """What is refused for good is answered 4xx with the reason in plain text, as Jivo does."""
        try:
            await self._intake.take(read(wire.Event, request.json()), request.body)
        except UnknownConversation:
            return _refusal(GONE, "this dialog is over")
        except NotHere:
            raise
        except BadInput as error:
            return _refusal(error.status, str(error))
        return WebhookResponse(body=b'{"result":"ok"}')


def _expect_post(request: WebhookRequest) -> None:
    if request.method != "POST":
        raise WrongMethod("events are posted here")


def _refusal(status: int, reason: str) -> WebhookResponse:
    return WebhookResponse(status=status, body=reason.encode(), content_type="text/plain")
