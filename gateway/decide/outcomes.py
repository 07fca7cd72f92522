"""What came of effects and timers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.conversation import Floor, Stage
from gateway.decide import endings, handoffs, returns, turns
from gateway.entries import DeliveryState
from gateway.events import (
    AskBot,
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
        draft.report(event.effect, DeliveryState.ARRIVED)


def stale(draft: Draft, event: EffectStale) -> None:
    """Never sent: its speaker lost the floor before the call, or (towards agents) the session was over."""
    match event.effect.action:
        case SendToClient():
            draft.stale = True
            draft.report(event.effect, DeliveryState.SUPERSEDED)
        case AskBot():
            draft.stale = True
        case _:
            pass


def delayed(draft: Draft, event: EffectDelayed) -> None:
    """It takes longer than its author should wait without a word."""
    draft.report(event.effect, DeliveryState.DELAYED, event.reason)


def failed(draft: Draft, event: EffectFailed) -> None:
    """Given up."""
    match event.effect.action:
        case AskBot():
            turns.failed(draft, event)
        case OpenSession(session=session):
            _not_opened(draft, session, event)
        case SendToAgent() as action:
            _not_handed_over(draft, action, event)
        case SendToClient():
            draft.report(event.effect, DeliveryState.FAILED, event.reason)
        case _:
            pass


def _not_opened(draft: Draft, session: str, event: EffectFailed) -> None:
    """The platform refuses, unless its agents know better: they joined before its answer got lost."""
    handoff = handoffs.at_session(draft, session)
    if handoff and handoff.stage is Stage.OPENING:
        outcome = event.outcome or Outcome.PLATFORM_LOST
        returns.decline(draft, outcome, event.reason, tell_platform=outcome is Outcome.PLATFORM_LOST)


def _not_handed_over(draft: Draft, action: SendToAgent, event: EffectFailed) -> None:
    """Either the session is lost, or only this message; if the session is not current, the message went elsewhere."""
    if not handoffs.at_session(draft, action.session):
        return
    if event.outcome:
        tell = event.outcome is Outcome.PLATFORM_LOST
        returns.decline(draft, event.outcome, event.reason, tell_platform=tell)
    else:
        handoffs.undeliverable(draft, action)
        draft.report(event.effect, DeliveryState.FAILED, event.reason)


def fired(draft: Draft, event: TimerFired) -> None:
    """A wait is over; each has its next state."""
    handoff = draft.conversation.handoff
    match event.timer.name:
        case "idle":
            _idle(draft)
        case "again" if draft.conversation.again_at is not None and draft.policy.bot:
            turns.waited(draft)
        case "accept" if handoff and handoff.stage is Stage.OPENING:
            returns.decline(draft, Outcome.PLATFORM_LOST, "did not answer in time", tell_platform=True)
        case "wait" if handoff and handoff.stage is Stage.QUEUED:
            returns.decline(draft, Outcome.WAIT_TIMEOUT, "nobody took it in time", tell_platform=True)
        case "agent" if handoff and handoff.stage is Stage.JOINED:
            returns.come_back(draft, Outcome.AGENT_TIMEOUT, agent=handoff.agent, tell=Outcome.AGENT_TIMEOUT)
        case _:
            pass


def _idle(draft: Draft) -> None:
    """Close a conversation in which nobody has said a word for long, whoever has the floor."""
    timeout = draft.policy.idle_timeout
    left = draft.conversation.active_at + timeout - draft.now
    if timeout and left > 0:
        draft.set_timer("idle", left)
    elif timeout:
        endings.close(draft, Role.SYSTEM, "idle", words="closed" if _is_waited_for(draft) else "")


def _is_waited_for(draft: Draft) -> bool:
    """Tell whether an agent was there or to come.

    Between the agents of a business channel and their client nobody speaks up: they may be talking unheard.
    """
    handoff = draft.conversation.handoff
    with_its_own = handoff is not None and not draft.policy.relays_to(handoff.platform)
    return draft.conversation.floor is Floor.WAITING or (draft.conversation.floor is Floor.AGENT and not with_its_own)
