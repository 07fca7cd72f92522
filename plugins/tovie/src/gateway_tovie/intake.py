"""What Tovie tells by itself, by webhook or when asked for events: later answers, campaigns, agents' words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import BotSpoke, Mailboxes, Peer, UnknownConversation
from gateway_tovie import wire
from gateway_tovie.questions import client_of
from gateway_tovie.speaking import handover, memory, waiting_seconds
from gateway_tovie.taken import Taken

if TYPE_CHECKING:
    from gateway import Context, Conversation
    from gateway_tovie.agents import Agents
    from gateway_tovie.asked import Asked
    from gateway_tovie.options import TovieOptions
    from gateway_tovie.replies import Replies, Speech
    from gateway_tovie.wire import Item, Json

SOMEBODY = Peer(id="agent")
"""An agent of whom nothing is told."""


class Intake:
    """Takes the items of one instance, each once."""

    def __init__(
        self,
        context: Context,
        options: TovieOptions,
        *,
        agents: Agents,
        asked: Asked,
        replies: Replies,
        turns: Mailboxes,
    ) -> None:
        """`turns`: one at a time per client, questions that are just being asked included."""
        self._context = context
        self._options = options
        self._agents = agents
        self._asked = asked
        self._replies = replies
        self._taken = Taken(context.storage)
        self._turns = turns

    async def take(self, raw: Json, *, only_agents: bool = False) -> None:
        """Let an item happen; committed when this returns. `only_agents`: it was asked for as an agent's reply."""
        item = wire.item_of(raw)
        if item is None:
            self._context.ignored("item that says nothing to a client")
            return
        async with self._turns.turn(item.client_id):
            channel, client = client_of(item.client_id)
            conversation = await self._context.conversations.of_client(client, channel=channel)
            if conversation is None:
                self._context.ignored("item for a client nobody knows")
            elif not await self._taken.knows(item.client_id, item.identity):
                await self._said(conversation, item, only_agents=only_agents)
                await self._taken.remember(item.client_id, item.identity)

    async def _said(self, conversation: Conversation, item: Item, *, only_agents: bool) -> None:
        speech = self._replies.read(item.answer)
        agent = item.agent or self._somebody(conversation, item, speech, only_agents=only_agents)
        if item.ends_dialog and not speech.messages:
            await self._agents.gave_back(conversation, item)
        elif agent and self._options.agents:
            await self._agents.said(conversation, item, agent, speech)
        elif speech.is_empty or (item.is_notice and self._agents.have(conversation)):
            self._context.ignored("item that says nothing to a client")
        else:
            await self._bot_said(conversation, item, speech)

    def _somebody(self, conversation: Conversation, item: Item, speech: Speech, *, only_agents: bool) -> Peer | None:
        """Return an agent for words that name none and must be one's: see `wire._by_script`."""
        if item.is_notice or not speech.messages:
            return None
        with_agents = self._agents.have(conversation) and not item.answer.by_script
        return SOMEBODY if only_agents or with_agents else None

    async def _bot_said(self, conversation: Conversation, item: Item, speech: Speech) -> None:
        """The script's words, or a campaign's. Late ones are held back by the core, which counts them."""
        if speech.messages:
            await self._agents.gave_back(conversation, item)
        spoke = BotSpoke(
            conversation=conversation.id,
            messages=speech.messages,
            transfer=handover(speech, self._options),
            close=speech.close,
            state=memory(speech, self._options) or ({} if item.answer.by_script else None),
            epoch=await self._asked.epoch(item.client_id, item.question_id, conversation.id),
            again_after_seconds=waiting_seconds(speech, self._options),
        )
        try:
            await self._context.receive(spoke, key=item.identity)
        except UnknownConversation:
            self._context.ignored("item for a conversation of another bot")
