"""Who of Jivo's agents has a dialog."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway import Context, Handoff, Peer
    from gateway_jivo_chat.dialogs import Dialog


async def handoff_of(context: Context, dialog: Dialog) -> Handoff | None:
    """Return the handoff of a dialog; None if it is over."""
    conversation = await context.conversations.get(dialog.conversation)
    handoff = conversation.handoff if conversation else None
    return handoff if handoff and handoff.session == dialog.session else None


async def seated(context: Context, dialog: Dialog, agent: Peer) -> Peer:
    """Return the agent who has the dialog, if it is the same one, else the agent given.

    ASSUMED: the Chat API and the webhooks may number agents differently, and not every message has a name. So whoever
    has the same name, or none, is the same agent, and the client is not told of a change.
    """
    handoff = await handoff_of(context, dialog)
    known = handoff.agent if handoff else None
    if known is None:
        return agent
    is_same = agent.id == known.id or not agent.name or agent.name == known.name
    is_known_better = is_same and (not agent.avatar_url or bool(known.avatar_url))
    return known if is_known_better else agent
