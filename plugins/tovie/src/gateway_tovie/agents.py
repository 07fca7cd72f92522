"""Tovie's own agents: Tovie hands the client over by itself, and the gateway keeps the floor right.

    switch reply ──► the transfer comes to this instance ──► accepted, as Tovie has done it already
    agent's item ──► the agent has the floor; the client's words go to the same method as before
    script's words ──► the script has the client again: so has the bot

The Chat API has no event for an agent's end. ASSUMED: the script speaks again, by item or in the answer to a client's
word (`wire._by_script`), exactly when it has the client again.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gateway import (
    AgentJoined,
    AgentWrote,
    BotSpoke,
    Floor,
    Message,
    Opened,
    Outcome,
    Receipt,
    Refused,
    SessionEnded,
    Transfer,
    UnknownConversation,
)
from gateway_tovie.questions import Question, client_id, leaving_phrase
from gateway_tovie.wire import answer_in, bare

if TYPE_CHECKING:
    from gateway import Closing, Context, Conversation, Opening, Outgoing, Peer
    from gateway_tovie.api import Api
    from gateway_tovie.questions import Questions
    from gateway_tovie.replies import Speech
    from gateway_tovie.wire import Item

ANSWER = "answer/"
"""Where the script's answer to a word that was meant for its agents is kept until the bot is asked about that word."""


def handed_over(speech: Speech) -> dict[str, Any]:
    """Return what the bot remembers of a handoff Tovie has carried out itself."""
    phrases = speech.transfer.close_phrases if speech.transfer else ()
    return {"agents": {"leave": next(iter(phrases), "")}}


class Agents:
    """The agents behind one instance."""

    def __init__(self, context: Context, *, api: Api, questions: Questions) -> None:
        self._context = context
        self._api = api
        self._questions = questions

    def have(self, conversation: Conversation) -> bool:
        """Tell whether they have the conversation, or are asked to."""
        return conversation.handoff is not None and conversation.handoff.platform == self._context.name

    # --- the client's side ---------------------------------------------------------------------------------------

    async def open(self, opening: Opening) -> Opened:
        """Take what Tovie has handed over; nothing else can be brought to its agents."""
        conversation = await self._context.conversations.get(opening.conversation)
        if conversation is None or "agents" not in (conversation.bot_state or {}):
            raise Refused("only Tovie's script hands clients over to Tovie's agents, and only with `agents: true`")
        return Opened()

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Pass a client's words on. If it is the script that answers them, the agents are done."""
        conversation = await self._known(outgoing.conversation)
        question = self._questions.for_agents(conversation, outgoing.message)
        answer = await self._api.ask(client_id(conversation), question, key=outgoing.id)
        if answer_in(answer).by_script:
            await self._context.storage.put(
                ANSWER + outgoing.conversation, {"number": outgoing.number, "answer": bare(answer)}
            )
            await self._gave_back(outgoing.session, key=f"{outgoing.id}/back")
        return Receipt()

    async def answer_kept(self, conversation: str, number: int) -> Any | None:
        """Return the script's answer to an entry that was meant for its agents: it must not be asked once more."""
        kept = await self._context.storage.get(ANSWER + conversation)
        if kept is None:
            return None
        if kept["number"] == number:
            return kept["answer"]
        await self._context.storage.put(ANSWER + conversation, None)
        return None

    async def close(self, closing: Closing) -> None:
        """Say the close phrase for a client who is gone. Where the bot goes on, its next turn says it."""
        conversation = await self._known(closing.conversation)
        phrase = leaving_phrase(conversation.bot_state or {})
        if conversation.floor is Floor.BOT or not phrase:
            return
        await self._api.ask(client_id(conversation), Question(query=phrase), key=closing.id)

    async def _known(self, conversation_id: str) -> Conversation:
        conversation = await self._context.conversations.get(conversation_id)
        if conversation is None:
            raise Refused("this conversation is gone", code="rejected")
        return conversation

    # --- their side ----------------------------------------------------------------------------------------------

    async def said(self, conversation: Conversation, item: Item, agent: Peer, speech: Speech) -> None:
        """An agent spoke, or came; if nobody had handed the client over, the agent has taken them."""
        contents = tuple(content for message in speech.messages for content in message.contents)
        session = await self._session(conversation, item)
        if not session:
            self._context.ignored("an agent's words that nobody can hear")
            return
        wrote = AgentWrote(session=session, agent=agent, message=Message(contents=contents))
        came = AgentJoined(session=session, agent=agent)
        try:
            await self._context.receive(wrote if contents else came, key=item.identity)
        except UnknownConversation:
            self._context.ignored("an agent's words that nobody can hear")

    async def _session(self, conversation: Conversation, item: Item) -> str:
        """Return the session to speak in, made now if need be; empty: somebody else has the client."""
        if not self.have(conversation):
            taken = BotSpoke(
                conversation=conversation.id,
                transfer=Transfer(history=0, ignore_offline=True),
                state={"agents": {"leave": ""}},
            )
            await self._context.receive(taken, key=f"{item.identity}/taken")
            conversation = await self._known(conversation.id)
        handoff = conversation.handoff
        return handoff.session if handoff and self.have(conversation) else ""

    async def gave_back(self, conversation: Conversation, item: Item) -> None:
        """The script speaks again."""
        if conversation.handoff and self.have(conversation):
            await self._gave_back(conversation.handoff.session, key=f"{item.identity}/back")

    async def _gave_back(self, session: str, *, key: str) -> None:
        with suppress(UnknownConversation):  # It is over already.
            await self._context.receive(SessionEnded(session=session, outcome=Outcome.RETURNED), key=key)
