"""What Jivo tells, as events of the gateway.

Jivo waits 3 s for an answer. What may take longer, the copying of a file, begins when the event comes and has its own
end, and the events of one chat then happen in the order in which they came.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from gateway import (
    BadInput,
    Blocked,
    ClientClosed,
    ClientDescribed,
    ClientStarted,
    ClientWrote,
    Floor,
    HumanJoined,
    HumanLeft,
    HumanWrote,
    Mailboxes,
    Message,
    Outcome,
    Peer,
    UnknownConversation,
    text_message,
)
from gateway_jivo.address import ChatAddress
from gateway_jivo.agents import is_with_agent
from gateway_jivo.contents import START, Contents, start_payload
from gateway_jivo.echo import Echoes
from gateway_jivo.wire import ANYBODY, Rate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from gateway import Context, Conversation
    from gateway_jivo.contents import Shown
    from gateway_jivo.marks import EventIds
    from gateway_jivo.online import Online
    from gateway_jivo.options import JivoOptions
    from gateway_jivo.wire import Event, Said

LONGEST_NAME = 60


class Intake:
    """Takes the events of one bot, each once."""

    def __init__(self, context: Context, options: JivoOptions, *, online: Online, ids: EventIds) -> None:
        """`ids`: by which our own events are known."""
        self._context = context
        self._options = options
        self._online = online
        self._contents = Contents(context, file_seconds=options.file_seconds)
        self._echoes = Echoes(context, ids)
        self._turns = Mailboxes()

    async def take(self, event: Event) -> None:
        """Let it happen. Raises `BadInput`, `Unavailable`."""
        async with _begun(self._contents_of(event)) as contents, self._turns.turn(_client(event).id):
            try:
                await self._happen(event, contents)
            except UnknownConversation:
                pass  # about a chat that is over, or in which nobody has said anything: nothing to do
            except Blocked:
                self._context.ignored(f"{event.event} of a blocked client")

    async def _happen(self, event: Event, contents: Awaitable[tuple[Shown, ...]]) -> None:
        match event.event:
            case "CLIENT_MESSAGE":
                await self._client_message(event, await contents)
            case "AGENT_MESSAGE":
                await self._agent_message(event, await contents)
            case "AGENT_JOINED":
                await self._agent_joined(event)
            case "AGENT_UNAVAILABLE":
                await self._agent_unavailable(event)
            case "CHAT_CLOSED":
                await self._chat_closed(event)
            case "CLIENT_RATED":
                await self._client_rated(event)
            case unknown:
                self._context.ignored(f"event {unknown[:LONGEST_NAME]}")

    async def _contents_of(self, event: Event) -> tuple[Shown, ...]:
        if event.message is None or event.event not in {"CLIENT_MESSAGE", "AGENT_MESSAGE"}:
            return ()
        return await self._contents.of(event.message)

    # --- the client ---

    async def _client_message(self, event: Event, contents: tuple[Shown, ...]) -> None:
        if event.message is None:
            raise BadInput("message: must be there")
        await self._online.note(event)
        conversation = await self._known(event)
        if conversation and self._is_back(conversation):
            await self._context.receive(HumanLeft(client=_client(event)), key=_key(event, "back"))
        said = _as_event(event, event.message, contents, conversation)
        if said:
            await self._context.receive(said, key=_key(event))

    def _is_back(self, conversation: Conversation) -> bool:
        """Tell whether a client's word means that the bot has the dialog again.

        While an agent has it, Jivo sends the bot none: one that comes is a return, unless it was said before the agent
        joined and comes late. That is an option, as Jivo's page does not say it in so many words.
        """
        handoff = conversation.handoff
        if self._options.client_message != "returned" or handoff is None or not self._is_with_agent(conversation):
            return False
        return self._context.now() - (handoff.joined_at or 0.0) > self._options.late_seconds

    async def _client_rated(self, event: Event) -> None:
        """The rating becomes facts about the client, of the newest conversation in the chat, also if that is over."""
        await self._online.note(event)
        conversation = await self._known(event)
        if conversation is None:
            self._context.ignored("CLIENT_RATED of a chat we have never heard of")
            return
        rated = ClientDescribed(session=conversation.id, name=_client(event).name, attributes=_rating(event))
        await self._context.receive(rated, key=_key(event))

    async def _chat_closed(self, event: Event) -> None:
        conversation = await self._known(event)
        if conversation is None or conversation.floor is Floor.CLOSED:
            return
        if self._options.chat_closed == "taken" and not self._is_with_agent(conversation):
            await self._context.receive(HumanJoined(client=_client(event), agent=ANYBODY), key=_key(event))
        else:
            await self._context.receive(
                ClientClosed(client=_client(event), reason="the chat was closed in Jivo"), key=_key(event)
            )

    # --- the agents ---

    async def _agent_joined(self, event: Event) -> None:
        """ASSUMED: our bot may be told of itself, where bots count as agents."""
        if not event.is_by_bot:
            await self._context.receive(HumanJoined(client=_nameless(event), agent=event.human), key=_key(event))

    async def _agent_message(self, event: Event, contents: tuple[Shown, ...]) -> None:
        conversation = await self._known(event)
        if await self._echoes.is_echo(event, conversation):
            return
        client, agent = _nameless(event), _same_agent(event.human, conversation)
        if contents:
            said = HumanWrote(client=client, agent=agent, message=Message(contents=contents, id=event.id))
            await self._context.receive(said, key=_key(event))
        else:
            await self._context.receive(HumanJoined(client=client, agent=agent), key=_key(event))

    async def _agent_unavailable(self, event: Event) -> None:
        """Nobody takes it. Told late, after an agent has come all the same, it means nothing any more."""
        conversation = await self._known(event)
        if conversation and not self._is_with_agent(conversation):
            left = HumanLeft(client=_nameless(event), outcome=Outcome.OFFLINE, note="no agent of Jivo's is available")
            await self._context.receive(left, key=_key(event))

    # --- what they share ---

    async def _known(self, event: Event) -> Conversation | None:
        return await self._context.conversations.of_client(_client(event).id)

    def _is_with_agent(self, conversation: Conversation) -> bool:
        return is_with_agent(conversation, self._context.name)


@asynccontextmanager
async def _begun(reading: Awaitable[tuple[Shown, ...]]) -> AsyncIterator[Awaitable[tuple[Shown, ...]]]:
    """Begin to read now; whoever leaves early stops it."""
    task = asyncio.ensure_future(reading)
    try:
        yield task
    finally:
        task.cancel()


def _as_event(
    event: Event, said: Said, contents: tuple[Shown, ...], conversation: Conversation | None
) -> ClientStarted | ClientWrote | None:
    """Start pressed again in the middle of a dialog, with nothing new to say, is a word like any other."""
    payload = start_payload(said)
    is_running = conversation is not None and conversation.floor is not Floor.CLOSED
    if payload is not None and not (is_running and not payload):
        return ClientStarted(client=_client(event), payload=payload, attributes=event.facts)
    message = Message(contents=contents, id=event.id)
    if payload is not None:
        message = text_message(START, id=event.id)
    return ClientWrote(client=_client(event), message=message, attributes=event.facts) if message.contents else None


def _client(event: Event) -> Peer:
    address = ChatAddress(client=event.client_id, chat=event.chat_id)
    return Peer(id=address.client_id, name=event.sender.name if event.sender else "")


def _nameless(event: Event) -> Peer:
    """The client of an agent's event, whose `sender` may be the agent."""
    return Peer(id=_client(event).id)


def _same_agent(agent: Peer, conversation: Conversation | None) -> Peer:
    """Whoever is not named is the agent who is there, not another one."""
    handoff = conversation.handoff if conversation else None
    return handoff.agent if agent == ANYBODY and handoff and handoff.agent else agent


def _rating(event: Event) -> dict[str, str]:
    rate = event.rate or Rate()
    when = "" if rate.timestamp is None else str(rate.timestamp)
    given = {"rating": rate.rating, "rating_comment": rate.comment, "rated_at": when}
    return {name: value for name, value in given.items() if value}


def _key(event: Event, part: str = "") -> str:
    """ASSUMED: an event has the same id at each of Jivo's tries; one without an id cannot be known again."""
    return f"{event.event}:{event.id}:{part}".rstrip(":") if event.id else ""
