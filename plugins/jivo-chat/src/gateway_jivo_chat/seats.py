"""Who of Jivo's agents has a dialog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import Peer

if TYPE_CHECKING:
    from gateway import Context, Handoff
    from gateway_jivo_chat.dialogs import Dialog


async def handoff_of(context: Context, dialog: Dialog) -> Handoff | None:
    """Return the handoff of a dialog; None if it is over."""
    conversation = await context.conversations.get(dialog.conversation)
    handoff = conversation.handoff if conversation else None
    return handoff if handoff and handoff.session == dialog.session else None


async def seated(context: Context, dialog: Dialog, agent: Peer) -> Peer:
    """Return the agent given, by the id of the one who has the dialog if they are the same.

    ASSUMED: the Chat API and the webhooks may number agents differently, and not every message has a name. So whoever
    has the same name, or none, is the same agent, and the client is not told of a change.
    """
    handoff = await handoff_of(context, dialog)
    known = handoff.agent if handoff else None
    if known is None or (agent.name and agent.name != known.name and agent.id != known.id):
        return agent
    return Peer(id=known.id, name=agent.name or known.name, avatar_url=agent.avatar_url or known.avatar_url)
