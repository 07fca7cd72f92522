"""The agent platform: the gateway drives a desk, as Tovie would.

The session's id is the `userId` of the API: every dialog the bot hands over is one of its own.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from gateway import (
    Availability,
    History,
    Media,
    Opened,
    Permanent,
    Receipt,
    Refused,
    Rejected,
    Temporary,
    Text,
    WebhookResponse,
    WrongMethod,
    check_secret,
)
from gateway_operator_api import groups
from gateway_operator_api.desk import Desk
from gateway_operator_api.groups import Groups
from gateway_operator_api.intake import Intake
from gateway_operator_api.sessions import Session, Sessions
from gateway_operator_api.wire import Destination, Event, file_body, select_body

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from gateway import Closing, Context, Opening, Outgoing, WebhookRequest
    from gateway_operator_api.options import PlatformOptions

WEBHOOK = "webhook"
"""Key of what the desk was told last: a digest, as the address is a secret."""


class OperatorApiPlatform:
    """One desk: `AgentPlatform`, `SupportsAvailability`, `SupportsWebhook`."""

    def __init__(self, context: Context, options: PlatformOptions) -> None:
        self._context = context
        self._options = options
        self._secret = urlsafe_b64encode(context.secret("webhook")).decode().rstrip("=")
        self._desk = Desk(context, options)
        self._renewed = False
        """Whether the desk was told our address in this run; one that was down then may have forgotten it since."""
        self._groups = Groups(context, ask=self._desk.get_destinations, fresh_seconds=options.online_seconds)
        self._sessions = Sessions(context.storage)
        self._intake = Intake(context, self._sessions)
        self._history = History(context, options.labels)

    # --- life ---

    async def start(self) -> None:
        """Tell the desk where to post events. If it knows already and is down just now, the gateway starts anyway."""
        try:
            await self._set_webhook()
        except Temporary as failure:
            if await self._context.storage.get(WEBHOOK) != self._webhook()[1]:
                raise
            self._context.log.warning("operator_api.webhook_not_renewed", reason=failure.reason)
        except Rejected as refusal:
            raise Permanent(f"{refusal.reason}; is `url` its whole API URL?") from None
        await self._forget_ended()
        if self._options.ask_online:
            self._groups.refresh()

    async def _set_webhook(self) -> None:
        url, told = self._webhook()
        await self._desk.set_webhook(url)
        await self._context.storage.put(WEBHOOK, told)
        self._renewed = True

    def _webhook(self) -> tuple[str, str]:
        """Return the address for events, and what is kept of it. The gateway knows its own only once it runs."""
        url = self._context.url(f"/hooks/{self._context.name}/{self._secret}")
        return url, sha256(f"{self._options.url.get_secret_value()}\n{url}".encode()).hexdigest()

    async def stop(self) -> None:
        """Let go. The desk keeps our address and repeats, or not, what it could not post."""
        await self._groups.stop()

    async def _forget_ended(self) -> None:
        open_ones = await self._context.conversations.sessions()
        await self._sessions.forget_all_but(each.handoff.session for each in open_ones if each.handoff)

    # --- who is there ---

    async def availability(self, destination: str) -> Availability:
        """Tell whether the group, or any, has somebody online."""
        if not self._options.ask_online:
            return Availability(online=True)
        wanted = destination or self._options.destination
        return Availability(online=groups.is_online(await self._groups.listing(), wanted))

    async def _group(self, wanted: str) -> Destination:
        """Return the group to name: the one wanted, by id or name, or a default. An unknown id is passed on."""
        listing = await self._groups.listing() if self._options.ask_online else ()
        wanted = wanted or self._options.destination
        found = groups.named(listing, wanted) if wanted else groups.default(listing)
        return found or Destination.model_validate({"destinationId": wanted})

    # --- a dialog ---

    async def open(self, opening: Opening) -> Opened:
        """Open a dialog, then hand over history and first words. After a crash it goes on where it was."""
        if not self._renewed:
            await self._set_webhook()
        known = await self._sessions.get(opening.session) or await self._begun(opening)
        words = enumerate(self._first_words(opening), start=1)
        steps = (
            partial(self._select, opening, known.destination),
            *(partial(self._say, opening.session, text, key=f"{opening.id}.h{number}") for number, text in words),
        )
        await self._sessions.steps.carry_out(opening.session, steps)
        return Opened(destination_name=known.name)

    async def _begun(self, opening: Opening) -> Session:
        group = await self._group(opening.destination)
        known = Session(conversation=opening.conversation, destination=group.destination_id, name=group.name)
        return await self._sessions.put(opening.session, known)

    async def _select(self, opening: Opening, destination: str) -> None:
        body = select_body(
            opening.session,
            destination,
            user_name=opening.client.name,
            attributes=opening.attributes,
            hidden={**self._hidden(opening), **opening.transfer.hidden_attributes},
            custom_data=opening.transfer.custom_data,
            json_strings=self._options.json_strings,
        )
        try:
            await self._desk.select_destination(body, key=f"{opening.id}.s")
        except Rejected as failure:
            await self._sessions.forget(opening.session)
            raise Refused(failure.reason, code="rejected") from None

    def _hidden(self, opening: Opening) -> dict[str, str]:
        """What helps a desk's own automation: where the client comes from, and about what."""
        told = {
            "channel": opening.channel,
            "clientId": opening.client.id,
            "language": opening.language,
            "theme": opening.transfer.theme,
        }
        return {key: value for key, value in told.items() if value}

    def _first_words(self, opening: Opening) -> list[str]:
        """History, then the first message: the documentation leaves the order open, and this is how people read."""
        lines = self._history.lines(opening)
        if self._options.history == "block" and lines:
            lines = ["\n".join(lines)]
        return [*lines, *filter(None, [opening.first_message])]

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Hand over what the client said: one content, by the capabilities."""
        for content in outgoing.message.contents:
            match content:
                case Media(attachment=file):
                    url = self._context.url(file.url)
                    body = file_body(outgoing.session, url=url, name=file.name, size=file.size)
                    await self._known(self._desk.send_file(body, key=outgoing.id))
                case Text(text=text):
                    await self._say(outgoing.session, text, key=outgoing.id)
                case _:
                    pass
        return Receipt()

    async def close(self, closing: Closing) -> None:
        """End the dialog; if the desk does not know it, it is over already."""
        try:
            await self._desk.close_chat(closing.session, closing.text, key=closing.id)
        except Rejected as failure:
            self._context.log.info("operator_api.close_refused", reason=failure.reason)
        await self._sessions.forget(closing.session)

    async def _say(self, session: str, text: str, *, key: str) -> None:
        await self._known(self._desk.send_text(session, text, key=key))

    async def _known(self, call: Awaitable[None]) -> None:
        """Make a call about an open dialog. If the desk no longer knows it, somebody else gets the client."""
        try:
            await call
        except Rejected as failure:
            if failure.gone:
                raise Refused("the desk no longer knows this dialog", code="rejected") from None
            raise

    # --- what the desk tells ---

    async def webhook(self, request: WebhookRequest) -> WebhookResponse:
        """Take an event, answered after it is committed."""
        check_secret(request.tail, self._secret)
        if request.method != "POST":
            raise WrongMethod("events are posted here")
        await self._intake.take(Event.model_validate(request.json()))
        return WebhookResponse(body=b"{}")
