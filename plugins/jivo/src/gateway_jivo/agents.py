"""Who has a dialog inside Jivo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import Stage

if TYPE_CHECKING:
    from gateway import Conversation


def is_with_agent(conversation: Conversation | None, channel: str) -> bool:
    """Tell whether an agent of the channel's own (an instance of ours) has it, not one of another platform."""
    handoff = conversation.handoff if conversation else None
    return handoff is not None and handoff.platform == channel and handoff.stage is Stage.JOINED
