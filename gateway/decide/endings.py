"""How a conversation ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.conversation import Floor
from gateway.decide import handoffs
from gateway.entries import Closed
from gateway.model import Outcome, Role

if TYPE_CHECKING:
    from gateway.decide.draft import Draft


def close(draft: Draft, by: Role, reason: str) -> None:
    """Close the conversation: agents are told, nothing more is asked of the bot; what was said is still delivered."""
    if draft.conversation.floor is Floor.CLOSED:
        return
    if draft.conversation.handoff:
        outcome = Outcome.CLIENT_LEFT if by in {Role.CLIENT, Role.BOT} else Outcome.CLOSED
        handoffs.abandon(draft, None if by is Role.AGENT else outcome)
    if draft.policy.bot:
        draft.drop_lane(draft.policy.bot)
    draft.change(turns=())
    draft.cancel_timer("idle")
    draft.give_floor(Floor.CLOSED)
    draft.log(Closed(by=by, reason=reason))
    if by is not Role.CLIENT:
        draft.announce("closed")
