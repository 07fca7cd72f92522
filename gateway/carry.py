"""Carrying out one effect: from a row to a call on a plugin, and from its answer to an event."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from typing import Any, TypeVar

from gateway import fence
from gateway.contracts import BotReply, Closing, News, Opened, Opening, Outgoing, Receipt, SupportsAvailability, Turn
from gateway.conversation import Conversation, Handoff, changed, effect_id
from gateway.engine import Engine
from gateway.entries import Entry, Left, Said
from gateway.errors import Failure, Permanent, Refused, TooLarge
from gateway.events import (
    AskBot,
    BotReplied,
    CloseSession,
    Effect,
    EffectDone,
    EffectOutcome,
    OpenSession,
    SendToAgent,
    SendToClient,
    SessionOpened,
    TellChannel,
    Typing,
)
from gateway.given import Availability
from gateway.model import Role
from gateway.render import render
from gateway.signals import Signals
from gateway.sizes import expect_modest
from gateway.store.contract import Store
from gateway.supervisor import Running
from gateway.wire import as_stored

TRANSCRIPT_ENTRIES = 500
"""How much of an agent's dialog the bot is told at most when it comes back."""


AVAILABILITY_SECONDS = 2.0
"""How long a bot's turn waits to know whether an agent is online: a slow platform is not the bot's business."""

AnswerT = TypeVar("AnswerT")

ANSWERS: Mapping[str, type[Any]] = {"reply": BotReply, "open": Opened}
"""What must come back from which call, for it goes into the conversation."""


class Carrier:
    """Knows how each kind of effect is carried out."""

    def __init__(
        self,
        *,
        engine: Engine,
        store: Store,
        instances: Mapping[str, Running],
        chains: Mapping[str, tuple[str, ...]],
        signals: Signals,
        progress: Callable[[Effect], None],
        public_url: Callable[[], str],
    ) -> None:
        """`chains`: channel -> platforms; `progress` is told an effect of which another part has arrived."""
        self._engine = engine
        self._store = store
        self._instances = instances
        self._chains = chains
        self._signals = signals
        self._progress = progress
        self._public_url = public_url

    def running(self, effect: Effect) -> Running:
        """Return the instance an effect is for. Raises `Permanent` if the config no longer has it."""
        try:
            return self._instances[effect.target]
        except KeyError:
            msg = f"there is no instance {effect.target!r} in the config any more"
            raise Permanent(msg) from None

    async def carry_out(self, effect: Effect) -> EffectOutcome:
        """Make the call. Raises a `Failure`, `fence.Stale` among them."""
        running = self.running(effect)
        conversation = await self._conversation(effect)
        fence.check(effect, conversation)
        match effect.action:
            case AskBot(number=number):
                return await self._ask(running, effect, conversation, number)
            case SendToClient() as action:
                return await self._send(running, effect, conversation, action)
            case SendToAgent() as action:
                return await self._send(running, effect, conversation, action, conversation.handoff)
            case TellChannel(number=number):
                return await self._tell(running, effect, conversation, number)
            case OpenSession():
                return await self._open(running, effect, conversation)
            case CloseSession() as action:
                return await self._close(running, effect, conversation, action)

    async def _conversation(self, effect: Effect) -> Conversation:
        conversation = await self._engine.get(effect.conversation)
        if conversation is None:
            msg = "the conversation is gone"
            raise Permanent(msg)
        return conversation

    def _check(self, effect: Effect, entry: Entry | None = None) -> None:
        """Look at the fence again, at the last moment before a call."""
        conversation = self._engine.peek(effect.conversation)
        if conversation:
            fence.check(effect, conversation, entry)

    async def _entry(self, effect: Effect, number: int) -> Entry:
        entry = await self._engine.entry(effect.conversation, number)
        if entry is None:
            msg = f"entry {number} is gone"
            raise Permanent(msg)
        return entry

    async def _call(
        self,
        running: Running,
        effect: Effect,
        method: str,
        argument: object,
        entry: Entry | None = None,
        *more: object,
    ) -> Any:
        """Call a method of the plugin, unless the fence has closed while the call waited for its slot."""

        async def call() -> Any:
            self._check(effect, entry)
            answer = await getattr(running.component, method)(argument, *more)
            return _sound(answer, ANSWERS[method]) if method in ANSWERS else answer

        return await running.call(method, call)

    # --- the bot -------------------------------------------------------------------------------------------------

    async def _ask(self, running: Running, effect: Effect, conversation: Conversation, number: int) -> EffectOutcome:
        cause = await self._entry(effect, number)
        turn = Turn(
            id=effect_id(effect.conversation, effect.number),
            conversation=_with_own_state(conversation),
            cause=cause,
            epoch=effect.epoch,
            transcript=await self._transcript(conversation, cause),
            agents_online=await self.agents_online(conversation),
        )
        reply = await self._reply(running, effect, turn)
        return BotReplied(
            effect=effect,
            messages=reply.messages,
            transfer=reply.transfer,
            close=reply.close,
            state=reply.state,
            attributes=reply.attributes,
            again_after_seconds=reply.again_after_seconds,
        )

    async def _reply(self, running: Running, effect: Effect, turn: Turn) -> BotReply:
        """Have the bot answer, and show that it writes. What it says ends the sign; if it says nothing, we do."""
        bot = self._engine.bot_of(turn.conversation)
        sign = Typing(conversation=turn.conversation.id, role=Role.BOT, epoch=effect.epoch)
        says_something = False
        try:
            with self._signals.lasting(bot, sign):
                reply: BotReply = await self._call(running, effect, "reply", turn)
            says_something = bool(reply.messages)
            return reply
        finally:
            if not says_something:
                self._signals.typing(bot, replace(sign, active=False))

    async def _transcript(self, conversation: Conversation, cause: Entry) -> tuple[Entry, ...]:
        if not isinstance(cause.body, Left):
            return ()
        entries = await self._store.entries(
            conversation.id, after=cause.body.since, before=cause.number, limit=TRANSCRIPT_ENTRIES
        )
        return tuple(entry for entry in entries if isinstance(entry.body, Said))

    async def _tell(self, running: Running, effect: Effect, conversation: Conversation, number: int) -> EffectOutcome:
        news = News(
            id=effect_id(effect.conversation, effect.number),
            conversation=conversation,
            entry=await self._entry(effect, number),
            attempt=effect.attempts + 1,
        )
        await self._call(running, effect, "tell", news)
        return EffectDone(effect=effect)

    async def agents_online(self, conversation: Conversation) -> bool | None:
        """Tell whether the first platform of the route has somebody online; None if nobody can tell soon."""
        if not self._chains.get(conversation.channel):
            return None
        try:
            async with asyncio.timeout(AVAILABILITY_SECONDS):
                availability = await self.availability(conversation.channel)
        except TimeoutError:
            return None
        return availability.online if availability else None

    async def availability(self, channel: str, destination: str = "") -> Availability | None:
        """Ask the first platform of a channel's route who is there; None if nobody can tell."""
        chain = self._chains.get(channel, ())
        running = self._instances.get(chain[0]) if chain else None
        platform = running.availability if running else None
        if running is None or platform is None:
            return None
        try:
            return await _availability(running, platform, destination)
        except Failure:
            return None

    # --- messages ------------------------------------------------------------------------------------------------

    async def _send(
        self,
        running: Running,
        effect: Effect,
        conversation: Conversation,
        action: SendToClient | SendToAgent,
        handoff: Handoff | None = None,
    ) -> EffectOutcome:
        number = action.number
        entry = await self._entry(effect, number)
        said = entry.body
        if not isinstance(said, Said):
            msg = f"entry {number} is not a message"
            raise Permanent(msg)
        messages = render(said.message, running.shows, public_url=self._public_url())
        shown = await self._shown_before(running, effect, said) if len(messages) == 1 else ""
        for index in range(action.part, len(messages)):
            outgoing = Outgoing(
                id=effect_id(effect.conversation, effect.number) + (f".{index}" if index else ""),
                conversation=conversation.id,
                client=conversation.client,
                session=handoff.session if handoff else "",
                remote=handoff.remote if handoff else "",
                number=number,
                part=index,
                role=said.role,
                author=said.author,
                message=messages[index],
                attempt=effect.attempts + 1,
            )
            receipt = await self._deliver(running, effect, outgoing, entry, shown)
            action = replace(action, part=index + 1, remote=(*action.remote, _remote_id(receipt)))
            effect = replace(effect, action=action)
            if index + 1 < len(messages):
                self._progress(effect)
        return EffectDone(effect=effect)

    async def _deliver(self, running: Running, effect: Effect, outgoing: Outgoing, entry: Entry, shown: str) -> object:
        """Send a message, or change the one that is `shown`; what cannot be changed is sent after it."""
        if shown:
            with suppress(Permanent):
                return await self._call(running, effect, "edit", outgoing, entry, shown)
        return await self._call(running, effect, "send", outgoing, entry)

    async def _shown_before(self, running: Running, effect: Effect, said: Said) -> str:
        """Return what the channel calls the message that this one replaces; empty: there is none it could change."""
        number = said.message.edits
        if not number or running.edits is None:
            return ""
        earlier = await self._engine.entry(effect.conversation, number)
        body = earlier.body if earlier else None
        if not isinstance(body, Said) or (body.role, body.source) != (said.role, said.source):
            return ""
        for record in await self._store.effects(effect.conversation):
            sent = record.effect.action
            if record.effect.target == effect.target and isinstance(sent, SendToClient) and sent.number == number:
                return sent.remote[0] if record.state == "done" and len(sent.remote) == 1 else ""
        return ""

    # --- sessions ------------------------------------------------------------------------------------------------

    async def _open(self, running: Running, effect: Effect, conversation: Conversation) -> EffectOutcome:
        handoff = conversation.handoff
        assert handoff is not None  # noqa: S101 - the fence has looked
        await self._somebody_there(running, handoff)
        opening = await self._opening(effect, conversation, handoff)
        opened: Opened = await self._call(running, effect, "open", opening)
        return SessionOpened(
            effect=effect,
            remote=opened.remote,
            agent=opened.agent,
            position=opened.position,
            wait_seconds=opened.wait_seconds,
            destination_name=opened.destination_name,
        )

    async def _somebody_there(self, running: Running, handoff: Handoff) -> None:
        platform = running.availability
        if handoff.transfer.ignore_offline or platform is None:
            return
        availability = await _availability(running, platform, handoff.destination)
        if not availability.online:
            msg = "nobody is online"
            raise Refused(msg, code="offline")

    async def _opening(self, effect: Effect, conversation: Conversation, handoff: Handoff) -> Opening:
        history = await self._history(conversation, handoff)
        transfer = handoff.transfer
        return Opening(
            id=effect_id(effect.conversation, effect.number),
            session=handoff.session,
            conversation=conversation.id,
            channel=conversation.channel,
            client=conversation.client,
            language=conversation.language,
            transfer=transfer,
            destination=handoff.destination,
            first_message=transfer.first_message or await self._last_words(conversation, handoff, history),
            history=history,
            attributes={**conversation.attributes, **transfer.attributes},
            attempt=effect.attempts + 1,
        )

    async def _history(self, conversation: Conversation, handoff: Handoff) -> tuple[Entry, ...]:
        """The last messages before the transfer; those that follow one by one are not in it."""
        amount = handoff.transfer.history or 0
        if not amount:
            return ()
        limit = amount + len(handoff.live)
        said = await self._store.said(conversation.id, upto=handoff.upto, limit=limit)
        return tuple(entry for entry in said if entry.number not in handoff.live)[-amount:]

    async def _last_words(self, conversation: Conversation, handoff: Handoff, history: tuple[Entry, ...]) -> str:
        """What the client said last before the transfer, unless the history or the messages that follow say it.

        Whatever the client says later changes nothing here: a second attempt opens with the same words.
        """
        for entry in reversed(await self._store.said(conversation.id, upto=handoff.upto, limit=20)):
            if isinstance(entry.body, Said) and entry.body.role is Role.CLIENT:
                is_told = entry in history or entry.number in handoff.live
                return "" if is_told else entry.body.message.text
        return ""

    async def _close(
        self, running: Running, effect: Effect, conversation: Conversation, action: CloseSession
    ) -> EffectOutcome:
        closing = Closing(
            id=effect_id(effect.conversation, effect.number),
            conversation=effect.conversation,
            session=action.session,
            remote=action.remote,
            client=conversation.client,
            outcome=action.outcome,
            text=action.text,
        )
        await self._call(running, effect, "close", closing)
        return EffectDone(effect=effect)


def _with_own_state(conversation: Conversation) -> Conversation:
    """Give the bot a memory it may scribble in."""
    state = conversation.bot_state
    return changed(conversation, bot_state=deepcopy(state)) if state else conversation


def _remote_id(receipt: object) -> str:
    """Return the other side's id of a message. It has arrived: a plugin that forgets the receipt does no harm."""
    return str(receipt.remote_id) if isinstance(receipt, Receipt) else ""


async def _availability(running: Running, platform: SupportsAvailability, destination: str) -> Availability:
    async def call() -> Availability:
        return _sound(await platform.availability(destination), Availability)

    return await running.call("availability", call)


def _sound(answer: object, kind: type[AnswerT]) -> AnswerT:
    """Return a plugin's answer as it would come back from the store. Raises what makes it a bug of the plugin."""
    if not isinstance(answer, kind):
        msg = f"answered with {type(answer).__name__} instead of {kind.__name__}"
        raise TypeError(msg)
    if isinstance(answer, BotReply):
        try:
            expect_modest(answer.messages)
        except TooLarge as error:
            raise Permanent(f"the bot's answer is too large: {error}") from None
    return as_stored(answer)
