"""What came of effects and timers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.conversation import Floor, Handoff, Stage
from gateway.decide import endings, handoffs, turns
from gateway.entries import Delivery, DeliveryState
from gateway.events import (
    AskBot,
    Effect,
    EffectDelayed,
    EffectDone,
    EffectFailed,
    EffectStale,
    OpenSession,
    SendToAgent,
    SendToClient,
    TimerFired,
)
from gateway.model import Outcome, Role

if TYPE_CHECKING:
    from gateway.decide.draft import Draft


def done(draft: Draft, event: EffectDone) -> None:
    """The other side has it; an author who was told of a delay is told that it arrived."""
    if isinstance(event.effect.action, SendToAgent):
        handoffs.confirmed(draft, event.effect.action)
    if event.effect.delayed:
        _report(draft, event.effect, DeliveryState.ARRIVED)


def stale(draft: Draft, event: EffectStale) -> None:
    """Never sent, because somebody else had the floor by then."""
    draft.stale = True
    if isinstance(event.effect.action, SendToClient):
        _report(draft, event.effect, DeliveryState.SUPERSEDED)


def delayed(draft: Draft, event: EffectDelayed) -> None:
    """It takes longer than its author should wait without a word."""
    _report(draft, event.effect, DeliveryState.DELAYED, event.reason)


def failed(draft: Draft, event: EffectFailed) -> None:
    """Given up."""
    match event.effect.action:
        case AskBot():
            turns.failed(draft, event)
        case OpenSession(session=session):
            if _at(draft, session):
                handoffs.decline(draft, event.outcome or Outcome.PLATFORM_LOST, event.reason)
        case SendToAgent(session=session):
            if _at(draft, session):
                handoffs.decline(draft, Outcome.PLATFORM_LOST, event.reason, tell_platform=True)
        case SendToClient():
            _report(draft, event.effect, DeliveryState.FAILED, event.reason)
        case _:
            pass


def fired(draft: Draft, event: TimerFired) -> None:
    """A wait is over; each has its next state."""
    handoff = draft.conversation.handoff
    match event.timer.name:
        case "idle":
            _idle(draft)
        case "accept" if handoff and handoff.stage is Stage.OPENING:
            handoffs.decline(draft, Outcome.PLATFORM_LOST, "did not answer in time", tell_platform=True)
        case "wait" if handoff and handoff.stage is Stage.QUEUED:
            handoffs.decline(draft, Outcome.WAIT_TIMEOUT, "nobody took it in time", tell_platform=True)
        case "agent" if handoff and handoff.stage is Stage.JOINED:
            handoffs.come_back(draft, Outcome.AGENT_TIMEOUT, agent=handoff.agent, tell=Outcome.AGENT_TIMEOUT)
        case _:
            pass


def _idle(draft: Draft) -> None:
    silent = draft.now - draft.conversation.active_at
    left = draft.policy.idle_timeout - silent
    if draft.conversation.floor is not Floor.BOT or left > 0:
        draft.set_timer("idle", max(left, 60.0))
    else:
        endings.close(draft, Role.SYSTEM, "idle")


def _report(draft: Draft, effect: Effect, state: DeliveryState, reason: str = "") -> None:
    action = effect.action
    if isinstance(action, SendToClient | SendToAgent | AskBot):
        draft.log(Delivery(number=action.number, to=effect.target, state=state, reason=reason))


def _at(draft: Draft, session: str) -> Handoff | None:
    handoff = draft.conversation.handoff
    return handoff if handoff and handoff.session == session else None
