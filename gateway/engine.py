"""The loop: load, decide, commit, then tell the dispatcher and the watchers. Nothing else changes a conversation.

Steps of one conversation come one after another; the state is kept in memory while a conversation is active, and the
version check of the store keeps that copy honest. An event is acknowledged when its step is on disk.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

import structlog

from gateway.capabilities import Capabilities
from gateway.conversation import Conversation, Floor, conversation_of
from gateway.decide import Decision, Policy, decide
from gateway.entries import Entry, Said
from gateway.errors import BadInput, Conflict, Unavailable, UnknownConversation
from gateway.events import (
    AgentWrote,
    BotSpoke,
    ClientAsked,
    ClientBlocked,
    ClientDescribed,
    ClientEvent,
    ClientStarted,
    ClientWrote,
    EffectOutcome,
    Event,
    HumanEvent,
    HumanJoined,
    HumanWrote,
    PluginEvent,
    SessionEvent,
    Timer,
    TimerFired,
)
from gateway.feed import Feed, concerned
from gateway.given import Change, Received
from gateway.ids import new_id
from gateway.mailbox import Mailboxes
from gateway.observe import Observer
from gateway.sizes import expect_modest
from gateway.store.contract import Cancelled, DedupKey, Finished, Step, Store
from gateway.wire import as_stored

log = structlog.get_logger()

RECENT_ENTRIES = 16
"""How many of the newest entries of an active conversation are kept in memory."""

ACTIVE_CONVERSATIONS = 20_000
"""How many conversations are kept in memory; the least recently active ones are loaded again when needed."""


ADDS_LOAD = ClientStarted | ClientWrote | ClientAsked
"""What makes work, and can be put off: its sender comes again. All else goes on with what was begun, or ends it."""

STARTS_A_CONVERSATION = (ClientAsked, ClientStarted, ClientWrote, HumanJoined, HumanWrote)


class Outbox(Protocol):
    """What carries out effects and timers once they are committed (see `dispatch`)."""

    def accept(self, step: Step) -> None:
        """Take over the effects, cancellations and timers of a committed step."""


@dataclass(slots=True)
class Active:
    """A conversation in memory: its committed state and newest entries."""

    conversation: Conversation
    recent: deque[Entry] = field(default_factory=lambda: deque(maxlen=RECENT_ENTRIES))


class Engine:
    """Turns events into committed steps."""

    def __init__(
        self,
        *,
        store: Store,
        policies: Mapping[str, Policy],
        feed: Feed,
        observer: Observer,
        expect_room: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`policies`: by channel instance. `expect_room` raises if there is too much to do. `connect`: its outbox."""
        self._store = store
        self._policies = policies
        self._feed = feed
        self._observer = observer
        self._expect_room = expect_room
        self._now = now
        self._turns = Mailboxes()
        self._active: OrderedDict[str, Active] = OrderedDict()
        self._newest: dict[tuple[str, str], str] = {}
        """(channel, client) -> the id of their newest conversation, while that is in memory."""
        self.under_way = 0
        """How many events of plugins are being decided on and committed, or wait for their turn."""
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        self._outbox: Outbox | None = None
        self.open = False
        """Whether events from outside are taken; outcomes always are."""

    def connect(self, outbox: Outbox) -> None:
        """Name what carries out effects. Before the first event."""
        self._outbox = outbox

    # --- from plugins --------------------------------------------------------------------------------------------

    async def receive(self, instance: str, event: PluginEvent, *, key: str = "") -> Received:
        """Let something happen (see `Context.receive`)."""
        if not self.open:
            msg = "the gateway is starting or stopping"
            raise Unavailable(msg)
        if isinstance(event, ADDS_LOAD):
            self._expect_room()
        event = _sound(instance, event)
        dedup = DedupKey(instance=instance, key=str(key)) if key else None
        self.under_way += 1
        self._at_rest.clear()
        try:
            return await self._take(instance, event, dedup)
        except Conflict as conflict:
            log.error("step.conflict", reason=str(conflict))  # noqa: TRY400 - the reason says it
            msg = "the conversation was changed elsewhere"
            raise Unavailable(msg) from conflict
        finally:
            self.under_way -= 1
            if not self.under_way:
                self._at_rest.set()

    async def _take(self, instance: str, event: PluginEvent, dedup: DedupKey | None) -> Received:
        if isinstance(event, ClientEvent | HumanEvent):
            return await self._from_client(instance, event, dedup)
        if isinstance(event, BotSpoke):
            return await self._from_bot(instance, event, dedup)
        return await self._from_session(instance, event, dedup)

    async def _from_client(self, channel: str, event: ClientEvent | HumanEvent, dedup: DedupKey | None) -> Received:
        client = event.client.id
        async with self._turns.turn(f"{channel}\0{client}"):
            known = await self.of_client(channel, client)
            if known and not _is_over(known):
                async with self._turns.turn(known.id):
                    # Whoever had the turn before may have closed it.
                    if not _is_over(await self.get(known.id)):
                        return await self._step(known.id, event, dedup)
            fresh = self._new(channel, event)
            async with self._turns.turn(fresh.id):
                return await self._step(fresh.id, event, dedup, fresh=fresh)

    def _new(self, channel: str, event: ClientEvent | HumanEvent) -> Conversation:
        if not isinstance(event, STARTS_A_CONVERSATION):
            msg = f"no open conversation with client {event.client.id!r}"
            raise UnknownConversation(msg)
        now = self._now()
        route = self._policy(channel).route
        return Conversation(
            id=new_id(), channel=channel, route=route, client=event.client, started_at=now, active_at=now
        )

    async def _from_bot(self, bot: str, event: BotSpoke, dedup: DedupKey | None) -> Received:
        async with self._turns.turn(event.conversation):
            conversation = await self.get(event.conversation)
            if conversation is None or self.bot_of(conversation) != bot:
                msg = f"no conversation {event.conversation!r} with this bot"
                raise UnknownConversation(msg)
            return await self._step(conversation.id, event, dedup)

    async def _from_session(self, platform: str, event: SessionEvent, dedup: DedupKey | None) -> Received:
        found = await self._store.by_session(platform, event.session)
        conversation_id = found.id if found else conversation_of(event.session)
        async with self._turns.turn(conversation_id):
            conversation = await self.get(conversation_id)
            if conversation is None or not _has_session(conversation, platform, event):
                msg = f"session {event.session!r} is over"
                raise UnknownConversation(msg)
            return await self._step(conversation_id, event, dedup)

    # --- from the dispatcher -------------------------------------------------------------------------------------

    async def outcome(self, event: EffectOutcome, finished: Finished | None) -> None:
        """Decide on what came of an effect. Raises `Unavailable` while the store cannot write: try again."""
        conversation_id = event.effect.conversation
        async with self._turns.turn(conversation_id):
            try:
                await self._step(conversation_id, event, None, finished=(finished,) if finished else ())
            except (Conflict, Unavailable, UnknownConversation):
                raise
            except Exception as fault:
                log.exception("outcome.bug", conversation=conversation_id, outcome=type(event).__name__)
                if finished:
                    await self._bury(finished, fault)

    async def _bury(self, finished: Finished, fault: Exception) -> None:
        """Make a dead letter of an effect whose outcome no rule could take: it must not be carried out again."""
        active = await self._load(finished.effect.conversation)
        if active:
            before = active.conversation
            error = f"{finished.state}, but a fault in the gateway: {type(fault).__name__}"
            step = Step(
                conversation=replace(before, version=before.version + 1),
                finished=(replace(finished, state="failed", error=error),),
                at=self._now(),
            )
            await self._commit(active, step, time.perf_counter())

    async def fired(self, timer: Timer, *, current: Callable[[], bool]) -> None:
        """Decide on a timer, unless it was cancelled or replaced while it waited for its turn."""
        async with self._turns.turn(timer.conversation):
            if current():
                await self._step(timer.conversation, TimerFired(timer=timer), None, spent=timer.name)

    # --- reading -------------------------------------------------------------------------------------------------

    async def get(self, conversation_id: str) -> Conversation | None:
        """Return a conversation's committed state."""
        active = await self._load(conversation_id)
        return active.conversation if active else None

    def peek(self, conversation_id: str) -> Conversation | None:
        """Return a conversation's state if it is in memory."""
        active = self._active.get(conversation_id)
        return active.conversation if active else None

    async def entry(self, conversation_id: str, number: int) -> Entry | None:
        """Return one entry, mostly from memory."""
        active = self._active.get(conversation_id)
        if active:
            for entry in reversed(active.recent):
                if entry.number == number:
                    return entry
        found = await self._store.entries(conversation_id, after=number - 1, limit=1)
        return found[0] if found and found[0].number == number else None

    async def of_client(self, channel: str, client: str) -> Conversation | None:
        """Return the newest conversation with a client."""
        newest = self._newest.get((channel, client))
        if newest is None:
            found = await self._store.newest(channel, client)
            if found is None:
                return None
            newest = self._newest.setdefault((channel, client), found.id)  # unless one was begun meanwhile
        return await self.get(newest)

    def bot_of(self, conversation: Conversation) -> str:
        """Return the bot instance of a conversation's route; empty if it has none (any more)."""
        return self._policy(conversation.channel).bot

    async def drain(self, *, within_seconds: float | None = None) -> None:
        """Wait for the steps under way; there are no new ones once `open` is false."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                await self._at_rest.wait()

    # --- the step ------------------------------------------------------------------------------------------------

    async def _step(
        self,
        conversation_id: str,
        event: Event,
        dedup: DedupKey | None,
        *,
        fresh: Conversation | None = None,
        finished: tuple[Finished, ...] = (),
        spent: str = "",
    ) -> Received:
        active = await self._load(conversation_id) or (Active(fresh) if fresh else None)
        if active is None:
            msg = f"no conversation {conversation_id!r}"
            raise UnknownConversation(msg)
        before = active.conversation
        started = time.perf_counter()
        decision = decide(before, event, self._policy(before.channel), self._now())
        if decision.stale:
            self._observer.stale(_speaker(event) or self.bot_of(before), before.id)
        if not (decision.changes or spent):
            for each in finished:
                self._store.finish(each)
            return Received(conversation=before.id, stale=decision.stale)
        step = _as_step(decision, dedup, finished, spent, self._now())
        if not await self._commit(active, step, started):
            self._observer.duplicate(dedup.instance if dedup else "")
            return Received(conversation=before.id, duplicate=True)
        return Received(conversation=before.id, number=_said(step.entries), stale=decision.stale)

    async def _commit(self, active: Active, step: Step, started: float) -> bool:
        """Make a step durable, and the world know of it: also if whoever handed the event in goes away meanwhile."""
        try:
            return await self._store.commit(step, done=lambda: self._settle(active, step, started))
        except Conflict:
            self._forget(step.conversation)
            raise

    def _settle(self, active: Active, step: Step, started: float) -> None:
        """The step is on disk: remember it, carry it out, tell everybody."""
        before, conversation = active.conversation, step.conversation
        active.conversation = conversation
        if conversation.version == 1:
            self._newest[conversation.channel, conversation.client.id] = conversation.id
        active.recent.extend(step.entries)
        self._remember(active)
        if self._outbox:
            self._outbox.accept(step)
        self._feed.publish(Change(conversation=step.conversation, entries=step.entries))
        self._observer.step(before, step, time.perf_counter() - started)

    def _policy(self, channel: str) -> Policy:
        """Return a channel's policy; one that is in no route (any more) has neither bot nor humans."""
        return self._policies.get(channel) or Policy(route="", channel=channel, shows=Capabilities())

    # --- memory --------------------------------------------------------------------------------------------------

    async def _load(self, conversation_id: str) -> Active | None:
        active = self._active.get(conversation_id)
        if active is None:
            conversation = await self._store.load(conversation_id)
            if conversation is None:
                return None
            active = self._active.get(conversation_id) or Active(conversation)
            self._remember(active)
        return active

    def _remember(self, active: Active) -> None:
        conversation = active.conversation
        self._active[conversation.id] = active
        self._active.move_to_end(conversation.id)
        if len(self._active) > ACTIVE_CONVERSATIONS:
            self._forget(next(iter(self._active.values())).conversation)

    def _forget(self, conversation: Conversation) -> None:
        self._active.pop(conversation.id, None)
        key = (conversation.channel, conversation.client.id)
        if self._newest.get(key) == conversation.id:
            del self._newest[key]


def _sound(instance: str, event: PluginEvent) -> PluginEvent:
    """Return the event as it would come back from the store: a plugin's mistake must not spoil a conversation."""
    try:
        if not isinstance(event, PluginEvent):
            raise ValueError("this is not an event")  # noqa: TRY004, TRY301 - all mistakes are told alike
        event = as_stored(event)
        if isinstance(event, ClientEvent | HumanEvent) and not event.client.id:
            raise ValueError("client.id: must not be empty")  # noqa: TRY301
    except ValueError as mistake:
        log.error("plugin.bug", instance=instance, call="receive", reason=str(mistake))  # noqa: TRY400
        raise BadInput(f"{type(event).__name__}: {mistake}") from None
    if isinstance(event, ClientWrote | HumanWrote | AgentWrote):
        expect_modest((event.message,))
    elif isinstance(event, BotSpoke):
        expect_modest(event.messages)
    return event


def _is_over(conversation: Conversation | None) -> bool:
    """Tell whether the client's next word begins a new conversation; the blocked do not get one."""
    return conversation is None or (conversation.floor is Floor.CLOSED and not conversation.blocked)


def _has_session(conversation: Conversation, platform: str, event: SessionEvent) -> bool:
    """Tell whether the event's session is on, or (for what concerns the client as such) was once, on the platform."""
    if isinstance(event, ClientDescribed):
        return platform in concerned(conversation)
    if isinstance(event, ClientBlocked):
        return platform in conversation.platforms
    handoff = conversation.handoff
    return bool(handoff and handoff.platform == platform and event.session in {handoff.session, handoff.remote})


def _as_step(
    decision: Decision, dedup: DedupKey | None, finished: tuple[Finished, ...], spent: str, now: float
) -> Step:
    cancelled_timers = decision.cancelled_timers
    if spent and spent not in {timer.name for timer in decision.timers}:
        cancelled_timers = (*cancelled_timers, spent)
    return Step(
        conversation=decision.conversation,
        entries=decision.entries,
        effects=decision.effects,
        timers=decision.timers,
        cancelled_timers=cancelled_timers,
        cancelled=tuple(
            [
                Cancelled(target=target, since=numbers.start, before=numbers.stop)
                for target, numbers in decision.cancelled_lanes.items()
            ]
        ),
        finished=finished,
        dedup=dedup,
        at=now,
    )


def _speaker(event: Event) -> str:
    """Return the instance whose output came too late; empty: a bot spoke by itself."""
    effect = getattr(event, "effect", None)
    return effect.target if effect else ""


def _said(entries: tuple[Entry, ...]) -> int | None:
    return next((entry.number for entry in entries if isinstance(entry.body, Said)), None)
