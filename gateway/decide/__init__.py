"""The rules: `decide(conversation, event, policy, now)` says what happens, and touches nothing.

One function, one module per side: `clients`, `turns` (the bot), `handoffs`, `agents`, `outcomes` (effects, timers),
`endings`. They write into a `Draft`; the engine commits what it collected in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway import events
from gateway.conversation import Conversation, Floor
from gateway.decide import agents, clients, handoffs, outcomes, turns
from gateway.decide.draft import Decision, Draft
from gateway.decide.policy import Policy
from gateway.errors import Blocked

__all__ = ["Decision", "Policy", "decide"]

RULES: dict[type, Callable[[Draft, Any], None]] = {
    events.ClientStarted: clients.started,
    events.ClientWrote: clients.wrote,
    events.ClientChanged: clients.changed,
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

WHILE_CLOSED = (
    events.BotReplied,
    events.BotSpoke,
    events.SessionOpened,
    events.EffectDone,
    events.EffectStale,
    events.EffectDelayed,
    events.EffectFailed,
    events.ClientBlocked,
)
"""What may still happen to a closed conversation: late outcomes, and lifting a block. The rest is ignored."""


def decide(conversation: Conversation, event: events.Event, policy: Policy, now: float) -> Decision:
    """Return what `event` does to `conversation` under `policy` at `now` (unix seconds).

    Raises `Blocked` if a blocked client wants something, `AlreadyTaken` (see `AgentJoined.if_free`).
    """
    if conversation.blocked and isinstance(event, events.ClientEvent):
        msg = "you cannot write here"
        raise Blocked(msg)
    draft = Draft(conversation, policy, now)
    if conversation.floor is not Floor.CLOSED or isinstance(event, WHILE_CLOSED):
        RULES[type(event)](draft, event)
    return draft.decision()
