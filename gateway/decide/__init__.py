"""The rules: `decide(conversation, event, policy, now)` says what happens, and touches nothing.

One function, one module per side: `clients`, `turns` (the bot), `handoffs` (towards an agent), `returns` (and back),
`agents`, `outcomes` (effects, timers), `endings`. They write into a `Draft`; the engine commits what it collected in
one transaction. The same rules in words: `docs/explanation/rules.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway import events
from gateway.conversation import Conversation, Floor
from gateway.decide import agents, clients, handoffs, outcomes, turns
from gateway.decide.draft import Decision, Draft
from gateway.decide.policy import Policy
from gateway.errors import Blocked

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Decision", "Policy", "decide"]

RULES: dict[type, Callable[[Draft, Any], None]] = {
    events.ClientStarted: clients.started,
    events.ClientWrote: clients.wrote,
    events.ClientChanged: clients.changed,
    events.ClientAsked: clients.asked,
    events.ClientLeftAgent: clients.left_agent,
    events.ClientClosed: clients.closed,
    events.BotSpoke: turns.spoke,
    events.BotReplied: turns.replied,
    events.QueueMoved: agents.queue_moved,
    events.AgentJoined: agents.joined,
    events.AgentWrote: agents.wrote,
    events.AgentNoted: agents.noted,
    events.SessionMoved: agents.moved,
    events.SessionEnded: agents.ended,
    events.ClientDescribed: agents.described,
    events.ClientBlocked: agents.blocked,
    events.HumanJoined: agents.human_joined,
    events.HumanWrote: agents.human_wrote,
    events.HumanLeft: agents.human_left,
    events.SessionOpened: handoffs.accepted,
    events.EffectDone: outcomes.done,
    events.EffectStale: outcomes.stale,
    events.EffectDelayed: outcomes.delayed,
    events.EffectFailed: outcomes.failed,
    events.TimerFired: outcomes.fired,
}

IGNORED_WHEN_CLOSED = (
    events.ClientStarted,
    events.ClientWrote,
    events.ClientChanged,
    events.ClientAsked,
    events.ClientLeftAgent,
    events.ClientClosed,
    events.HumanJoined,
    events.HumanWrote,
    events.HumanLeft,
    events.TimerFired,
)
"""What a closed conversation is deaf to. Late outcomes, late agents and blocking find their own answer in the rules;
for a client's or human's new word the engine begins a new conversation."""


def decide(conversation: Conversation, event: events.Event, policy: Policy, now: float) -> Decision:
    """Return what `event` does to `conversation` under `policy` at `now` (unix seconds).

    Raises `Blocked` if a blocked client wants something, `UnknownConversation` if the session of an agent's event is
    over, `AlreadyTaken` (see `AgentJoined.if_free`).
    """
    if conversation.blocked and isinstance(event, events.ClientEvent):
        raise Blocked("you cannot write here")
    draft = Draft(conversation, policy, now)
    if conversation.version == 0:
        draft.set_timer("idle", policy.idle_timeout)
    if conversation.floor is not Floor.CLOSED or not isinstance(event, IGNORED_WHEN_CLOSED):
        RULES[type(event)](draft, event)
    return draft.decision()
