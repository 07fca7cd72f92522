"""The bot engine of one instance, with the agents behind it if there are any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import (
    BadInput,
    BotReply,
    Mailboxes,
    NotHere,
    Unauthorized,
    WebhookResponse,
    WrongMethod,
    check_secret,
    same_secret,
)
from gateway_tovie import wire
from gateway_tovie.agents import Agents
from gateway_tovie.api import Api
from gateway_tovie.asked import Asked
from gateway_tovie.intake import Intake
from gateway_tovie.polling import Polling
from gateway_tovie.questions import Question, Questions, client_id
from gateway_tovie.replies import Replies
from gateway_tovie.speaking import handover, memory, waiting_seconds

if TYPE_CHECKING:
    from typing import Any

    from gateway import Closing, Context, Opened, Opening, Outgoing, Receipt, Turn, WebhookRequest
    from gateway_tovie.options import TovieOptions


class TovieBot:
    """A bot of Tovie DialogStudio or JAICP: `BotEngine`, `BotWithAgents`, `SupportsWebhook`."""

    def __init__(self, context: Context, options: TovieOptions) -> None:
        """Does no I/O."""
        self._context = context
        self._options = options
        self._api = Api(context, options)
        self._questions = Questions(context, options)
        self._replies = Replies(context, options)
        self._asked = Asked(context.storage)
        self._turns = Mailboxes()
        self._agents = Agents(context, api=self._api, questions=self._questions)
        self._intake = Intake(
            context, options, agents=self._agents, asked=self._asked, replies=self._replies, turns=self._turns
        )
        self._polling = Polling(context, options, api=self._api, intake=self._intake)

    async def start(self) -> None:
        """Begin to ask for events, where that is wanted."""
        if self._options.poll_seconds:
            self._polling.start()

    async def stop(self) -> None:
        """Ask no more."""
        await self._polling.stop()

    # --- the bot -------------------------------------------------------------------------------------------------

    async def reply(self, turn: Turn) -> BotReply:
        """Ask the script. Raises a `Failure`."""
        question = self._questions.of(turn)
        if question is None or question.is_empty:
            return BotReply()
        await self._polling.follow(client_id(turn.conversation))
        if self._options.agents and (kept := await self._agents.answer_kept(turn.conversation.id, turn.cause.number)):
            return self._read(kept)
        if self._options.asynchronous:
            return await self._ask_later(turn, question)
        return self._read(await self._api.ask(client_id(turn.conversation), question, key=turn.id))

    async def _ask_later(self, turn: Turn, question: Question) -> BotReply:
        """Ask, unless that was done before a crash; the answer comes as an item."""
        client = client_id(turn.conversation)
        async with self._turns.turn(client):
            if not await self._asked.knows(client, turn):
                question_id = await self._api.ask_later(client, question, key=turn.id)
                await self._asked.remember(client, turn, question_id)
        return BotReply()

    def _read(self, answer: Any) -> BotReply:
        speech = self._replies.read(wire.answer_in(answer))
        return BotReply(
            messages=speech.messages,
            state=memory(speech, self._options),
            transfer=handover(speech, self._options),
            close=speech.close,
            again_after_seconds=waiting_seconds(speech, self._options),
        )

    # --- its agents ----------------------------------------------------------------------------------------------

    async def open(self, opening: Opening) -> Opened:
        """Take a client whom Tovie has handed over to its agents."""
        return await self._agents.open(opening)

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Pass a client's words on to them."""
        return await self._agents.send(outgoing)

    async def close(self, closing: Closing) -> None:
        """Tell them that the client is gone, where there are words for it."""
        await self._agents.close(closing)

    # --- what Tovie tells ----------------------------------------------------------------------------------------

    async def webhook(self, request: WebhookRequest) -> WebhookResponse:
        """Take items, answered after all are committed."""
        if self._options.webhook_key is None:
            raise NotHere("nobody listens here")
        check_secret(request.tail.strip("/"), self._options.webhook_key.get_secret_value())
        if request.method != "POST":
            raise WrongMethod("items are posted here")
        items = wire.items_in(request.json())
        if items is None:
            raise BadInput("the body must be an array of items")
        self._check_tokens(items)
        for raw in items:
            await self._intake.take(raw)
        return WebhookResponse(body=b"{}")

    def _check_tokens(self, items: list[wire.Json]) -> None:
        """Documented: each item has the channel's token. ASSUMED: one without it is good, as the address is secret."""
        token = self._options.token.get_secret_value()
        for raw in items:
            item = wire.item_of(raw)
            if item and item.token and not same_secret(item.token, token):
                raise Unauthorized("the token is another one")
