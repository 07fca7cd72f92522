"""Lanes: effects are carried out at least once and in order per (conversation, target), and their outcome is an event.

A lane has a task only while it works; while it waits for its next try it is one timer of the loop. A slow or failing
destination holds up its own lanes only. What was just decided begins at once; old lanes wait for a place (see `lanes`).
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import structlog
from structlog.contextvars import bind_contextvars

from gateway.alarms import Alarms
from gateway.conversation import Conversation
from gateway.errors import (
    AuthenticationFailed,
    Conflict,
    Failure,
    Permanent,
    Refused,
    Temporary,
    Unavailable,
    UnknownConversation,
)
from gateway.events import (
    AskBot,
    Effect,
    EffectDelayed,
    EffectFailed,
    EffectOutcome,
    EffectStale,
    SendToAgent,
    SendToClient,
    Timer,
)
from gateway.fence import Stale
from gateway.lanes import Backlog, Lane
from gateway.metrics import Metrics
from gateway.model import Outcome
from gateway.store.contract import Cancelled, Finished, PendingLane, Step, Store
from gateway.supervisor import Held

log = structlog.get_logger()

RETRY_SECONDS = (0.5, 2.0, 5.0, 15.0, 60.0, 300.0, 900.0)
"""Pauses after the first, second … failed attempt, each ±20 %; the last one repeats until the effect expires."""

AUTHENTICATION_RETRY_SECONDS = 60.0
"""Refused credentials are tried again slowly: only a person can mend them."""

CANCEL_SECONDS = 1.0
"""How long a call that is broken off when the gateway stops has to let go."""

STORE_RETRY_SECONDS = 0.5
"""How long an outcome waits when the store cannot write, and an effect when it cannot be read."""

UNREADABLE_SECONDS = 300.0
"""When an effect that makes no sense is looked at again: a newer gateway may have mended it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long a route's effects are tried, in seconds from when they were made."""

    notify: float = 20.0
    """After this the author is told that it takes longer."""
    expire: float = 900.0
    """After this a message or a session is given up."""
    expire_bot: float = 60.0
    """After this a bot's turn is given up: a client is waiting."""


class Steps(Protocol):
    """What the dispatcher needs of the engine."""

    async def outcome(self, event: EffectOutcome, finished: Finished | None) -> None:
        """Decide on what came of an effect."""

    async def fired(self, timer: Timer, *, current: Callable[[], bool]) -> None:
        """Decide on a timer."""

    async def get(self, conversation_id: str) -> Conversation | None:
        """Return a conversation's committed state."""


class Dispatcher:
    """Carries out effects and fires timers."""

    def __init__(
        self,
        *,
        engine: Steps,
        store: Store,
        carry_out: Callable[[Effect], Awaitable[EffectOutcome]],
        patience: Callable[[str], Patience],
        places: Callable[[str], int],
        metrics: Metrics,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`carry_out` makes the call (see `carry`); `patience` by channel; `places` for old lanes by target."""
        self._engine = engine
        self._store = store
        self._carry_out = carry_out
        self._patience = patience
        self._metrics = metrics
        self._now = now
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._backlog = Backlog(places=places, let_in=self._begin)
        self._alarms = Alarms(now=now, ring=self._ring_timer)
        self._tasks: set[asyncio.Task[None]] = set()
        self._pending = 0
        self._stopping = self._stopped = False
        self._started = False
        self.on_end: Callable[[], None] = lambda: None
        """Called whenever an effect is over, whatever came of it, or put off."""

    # --- life ----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up what an earlier run left undone."""
        found = await self._store.pending_lanes()
        replayed = [effect for lane in self._lanes.values() for effect in lane.effects()]
        self._lanes = {lane.key: lane for lane in (_unread(each, self._now()) for each in found)}
        self._pending = sum(len(lane.waiting) for lane in self._lanes.values())
        for effect in replayed:
            self.replay(effect)
        for timer in await self._store.timers():
            self._alarms.set(timer)
        self._started = True
        for lane in tuple(self._lanes.values()):
            self._wake(lane)

    async def stop(self, *, within_seconds: float) -> None:
        """Start nothing new, let what is in hand finish, leave the rest in the store."""
        self._stopping = True
        self._alarms.stop()
        self._backlog.close()
        for lane in self._lanes.values():
            if lane.alarm:
                lane.alarm.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_seconds)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CANCEL_SECONDS)  # a plugin may refuse to be cancelled
        self._stopped = True

    def pending(self) -> int:
        """Count the effects not carried out yet."""
        return self._pending

    def lanes(self) -> int:
        """Count the lanes with something in hand."""
        return len(self._lanes)

    # --- committed steps -----------------------------------------------------------------------------------------

    def accept(self, step: Step) -> None:
        """Take over a committed step: cancellations first, then its effects and timers."""
        conversation_id = step.conversation.id
        for cancelled in step.cancelled:
            self._cancel(self._lanes.get((conversation_id, cancelled.target)), cancelled)
        self._enqueue(step.effects)
        for name in step.cancelled_timers:
            self._alarms.drop(conversation_id, name)
        for timer in step.timers:
            self._alarms.set(timer)
        for target in dict.fromkeys(effect.target for effect in step.effects):
            self._wake(self._lanes[conversation_id, target], new=True)

    def _enqueue(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            key = (effect.conversation, effect.target)
            self._lanes.setdefault(key, Lane(key)).waiting.append(effect)
            self._pending += 1

    @contextmanager
    def _counted(self, lane: Lane) -> Iterator[None]:
        """Count what the block puts into a lane or takes out of it."""
        before = len(lane.waiting)
        yield
        self._pending += len(lane.waiting) - before

    def replay(self, effect: Effect) -> None:
        """Take a dead letter that was made pending again, in the order of its lane."""
        key = (effect.conversation, effect.target)
        lane = self._lanes.setdefault(key, Lane(key))
        with self._counted(lane):
            lane.insert(effect)
        self._wake(lane)

    def _cancel(self, lane: Lane | None, cancelled: Cancelled) -> None:
        """Drop what waits; a call that is under way ends by itself, and its outcome finds the world changed."""
        if lane is None:
            return
        with self._counted(lane):
            lane.drop(range(cancelled.since, cancelled.before))
        if lane.alarm or not lane.waiting:
            self._wake(lane)

    # --- a lane at work ------------------------------------------------------------------------------------------

    def _wake(self, lane: Lane, *, new: bool = False) -> None:
        """Work on the head of the lane now, or when it is due. If it is not `new`, it waits for a place."""
        if lane.task or self._stopping or not self._started:
            return
        if lane.waiting and (delay := lane.due_at - self._now()) > 0:
            lane.alarm = lane.alarm or asyncio.get_running_loop().call_later(delay, self._ring, lane)
            return
        if lane.alarm:
            lane.alarm.cancel()
            lane.alarm = None
        if not lane.waiting:
            lane.queued = False
            self._lanes.pop(lane.key, None)
        elif new:
            self._begin(lane)
        else:
            lane.make_due()  # the clock may be set back while it waits for its place
            self._backlog.join(lane, again=not isinstance(lane.waiting[0], int))

    def _ring(self, lane: Lane) -> None:
        """It has waited long enough, whatever the clock says: it may have been set back meanwhile."""
        lane.alarm = None
        lane.make_due()
        self._wake(lane)

    def _begin(self, lane: Lane) -> None:
        lane.queued = False
        lane.task = asyncio.create_task(self._work(lane))
        self._tasks.add(lane.task)
        lane.task.add_done_callback(self._tasks.discard)

    async def _work(self, lane: Lane) -> None:
        """Carry out what is due, one by one."""
        conversation_id, target = lane.key
        try:
            bind_contextvars(conversation=conversation_id, instance=target)  # of this task, and gone with it
            while lane.waiting and not self._stopping and lane.due_at <= self._now():
                head = lane.waiting[0]
                if isinstance(head, int):
                    await self._read(lane)
                    continue
                later = await self._attempt_safely(head)
                if later is None:
                    lane.waiting.popleft()
                    self._pending -= 1
                    self.on_end()
                else:
                    lane.waiting[0] = later
        finally:
            lane.task = None
            self._backlog.leave(lane)
            self._wake(lane)
            self.on_end()

    async def _read(self, lane: Lane) -> None:
        """Read what is next in the lane."""
        asked = lane.unread()
        try:
            found = await self._store.pending_effects(lane.key[0], asked)
            with self._counted(lane):
                lane.fill(asked, [_sane(effect, self._now()) for effect in found])
        except Unavailable as error:
            log.error("store.effect_waits", reason=str(error))  # noqa: TRY400 - the reason says it
            lane.read_at = self._now() + STORE_RETRY_SECONDS
        except Exception:
            log.exception("store.effect_unreadable")
            lane.read_at = self._now() + UNREADABLE_SECONDS

    async def _attempt_safely(self, effect: Effect) -> Effect | None:
        """A bug of ours must neither lose the effect nor spin: it is tried again like any failure."""
        try:
            return await self._attempt(effect)
        except UnknownConversation:
            log.error("delivery.conversation_gone")  # noqa: TRY400 - there is nothing to trace
            return None
        except Exception:
            log.exception("delivery.bug", action=effect.action.type)
            effect = self._latest(effect)
            pause = RETRY_SECONDS[min(effect.attempts, len(RETRY_SECONDS) - 1)]
            return replace(effect, attempts=effect.attempts + 1, due_at=self._now() + pause)

    async def _attempt(self, effect: Effect) -> Effect | None:
        """Try once. Return the effect as it waits for its next try, or None if it is over."""
        started = time.perf_counter()
        try:
            event = await self._carry_out(effect)
        except Stale:
            await self._conclude(EffectStale(effect=effect), "stale")
            return None
        except Failure as failure:
            return await self._failed(self._latest(effect), failure, started)
        except Exception as fault:
            log.exception("delivery.bug", action=effect.action.type)
            trouble = Temporary(f"a fault in the gateway: {type(fault).__name__}")
            return await self._failed(self._latest(effect), trouble, started)
        self._metrics.delivery(effect.target, "ok").observe(time.perf_counter() - started)
        if isinstance(effect.action, SendToClient | SendToAgent):
            self._metrics.sent(effect.target).inc()
        await self._conclude(event, "done")
        return None

    def progressed(self, effect: Effect) -> None:
        """Remember that another part of a message has arrived, for the next try."""
        lane = self._lanes.get((effect.conversation, effect.target))
        if lane and lane.first(effect.number):
            lane.waiting[0] = effect

    def _latest(self, effect: Effect) -> Effect:
        lane = self._lanes.get((effect.conversation, effect.target))
        return (lane and lane.first(effect.number)) or effect

    # --- failures ------------------------------------------------------------------------------------------------

    async def _failed(self, effect: Effect, failure: Failure, started: float) -> Effect | None:
        self._metrics.delivery(effect.target, _label(failure)).observe(time.perf_counter() - started)
        conversation = await self._engine.get(effect.conversation)
        patience = self._patience(conversation.channel if conversation else "")
        now = self._now()
        expires_at = effect.made_at + (patience.expire_bot if isinstance(effect.action, AskBot) else patience.expire)
        due_at = _next_try(now, expires_at, effect.attempts, failure)
        if due_at is None:
            await self._give_up(effect, failure)
            return None
        tried = 0 if isinstance(failure, Held) else 1
        later = replace(effect, attempts=effect.attempts + tried, due_at=due_at, error=failure.reason)
        if not effect.delayed and due_at - effect.made_at > patience.notify:
            later = replace(later, delayed=True)
            await self._committed(EffectDelayed(effect=later, reason=failure.reason), None)
        self._store.reschedule(later, at=now)
        if isinstance(failure, Held):
            return later  # The pause itself was logged, once for all.
        self._metrics.retries(effect.target).inc()
        log.warning(
            "delivery.retry_scheduled",
            action=effect.action.type,
            attempt=later.attempts,
            seconds=round(due_at - now, 1),
            reason=failure.reason,
        )
        return later

    async def _give_up(self, effect: Effect, failure: Failure) -> None:
        write = log.info if isinstance(failure, Refused) else log.error
        write("delivery.given_up", action=effect.action.type, attempts=effect.attempts + 1, reason=failure.reason)
        effect = replace(effect, attempts=effect.attempts + 1, error=failure.reason)
        event = EffectFailed(effect=effect, reason=failure.reason, outcome=_lost(failure))
        state = "refused" if isinstance(failure, Refused) else "failed"
        if state == "failed":
            self._metrics.dead_letters(effect.target).inc()
        await self._conclude(event, state, failure.reason)

    async def _conclude(self, event: EffectOutcome, state: str, error: str = "") -> None:
        await self._committed(event, Finished(effect=event.effect, state=state, at=self._now(), error=error))

    async def _committed(self, event: EffectOutcome, finished: Finished | None) -> None:
        """Commit an outcome, however long the store cannot write: what happened outside cannot be taken back."""
        while True:
            try:
                await self._engine.outcome(event, finished)
            except (Unavailable, Conflict) as error:
                if self._stopped:
                    return  # the next start finds the effect in the store
                log.error("store.outcome_waits", reason=str(error))  # noqa: TRY400 - the reason says it
                await asyncio.sleep(STORE_RETRY_SECONDS)
            else:
                return

    # --- timers --------------------------------------------------------------------------------------------------

    def check_clock(self) -> None:
        """Look at the clock now: for one that was moved."""
        self._alarms.check()
        for lane in tuple(self._lanes.values()):
            self._wake(lane)

    def _ring_timer(self, timer: Timer) -> None:
        task = asyncio.create_task(self._decide_timer(timer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _decide_timer(self, timer: Timer) -> None:
        def current() -> bool:
            return self._alarms.is_current(timer)

        while current() and not self._stopping:
            try:
                await self._engine.fired(timer, current=current)
            except UnknownConversation:
                return
            except (Unavailable, Conflict):
                await asyncio.sleep(STORE_RETRY_SECONDS)
            except Exception:
                log.exception("timer.bug", conversation=timer.conversation, timer=timer.name)
                return  # it stays in the store, and rings again after the next start
            else:
                return


def _unread(found: PendingLane, now: float) -> Lane:
    """Return a lane as it is at the start. What is due later than any pause ends comes from a clock set back since."""
    read_at = found.due_at if found.due_at <= now + RETRY_SECONDS[-1] else 0.0
    return Lane((found.conversation, found.target), deque(found.numbers), read_at=read_at)


def pause(attempts: int, failure: Failure) -> float:
    """Return the seconds until the next try: the other side's own delay wins, refused credentials wait for a person.

    Who asks to be tried again at once, and again, gets a tenth of our own pauses.
    """
    own = RETRY_SECONDS[min(attempts, len(RETRY_SECONDS) - 1)]
    asked = failure.retry_after_seconds if isinstance(failure, Temporary) else None
    if asked is not None and not math.isnan(asked):
        return max(asked, own / 10)
    if isinstance(failure, AuthenticationFailed):
        return AUTHENTICATION_RETRY_SECONDS
    return own * random.uniform(0.8, 1.2)  # noqa: S311 - jitter


def _next_try(now: float, expires_at: float, attempts: int, failure: Failure) -> float | None:
    """Return when to try again; None: not any more. The last try is when the effect expires.

    A delay that the other side asked for is kept to: if it ends too late, waiting for it makes no sense.
    """
    if isinstance(failure, Permanent | Refused) or now >= expires_at:
        return None
    due_at = now + pause(attempts, failure)
    if due_at <= expires_at:
        return due_at
    asked_for = isinstance(failure, Temporary) and failure.retry_after_seconds is not None
    return None if asked_for else expires_at


def _sane(effect: Effect, now: float) -> Effect:
    """Return an effect as it is taken up at the start: if it comes from the future, the clock was set back since."""
    return replace(effect, due_at=now) if effect.made_at > now else effect


def _lost(failure: Failure) -> Outcome | None:
    """Tell what became of the session the effect was about; None: only this one thing cannot be done."""
    match failure:
        case Permanent():
            return None
        case Refused(code="offline"):
            return Outcome.OFFLINE
        case Refused():
            return Outcome.REFUSED
        case _:
            return Outcome.PLATFORM_LOST


def _label(failure: Failure) -> str:
    return type(failure).__name__.lower()
