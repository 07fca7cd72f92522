"""How a conversation ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.conversation import Floor
from gateway.decide import returns, turns
from gateway.entries import Closed
from gateway.model import Outcome, Role

if TYPE_CHECKING:
    from gateway.decide.draft import Draft


def close(draft: Draft, by: Role, reason: str = "", *, words: str = "") -> None:
    """Close the conversation: agents are told, nothing more is asked of the bot; what was said is still delivered.

    `words`: the text the client gets where the channel has no banner for it.
    """
    if draft.conversation.floor is Floor.CLOSED:
        return
    if draft.conversation.handoff:
        returns.abandon(draft, _told(by), words=reason if by is Role.CLIENT else "")
    turns.take_over(draft)
    draft.cancel_timers("idle")
    if words:
        draft.announce(words)
    draft.give_floor(Floor.CLOSED)
    draft.log(Closed(by=by, reason=reason))


def _told(by: Role) -> Outcome | None:
    """What the platform is told: nothing of what its own agent did."""
    if by is Role.AGENT:
        return None
    return Outcome.CLOSED if by is Role.SYSTEM else Outcome.CLIENT_LEFT
