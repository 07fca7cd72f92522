"""The fence: an output whose speaker has lost the floor, or whose session is over, is refused before the call.

Looked at twice: when an effect's turn comes, and again at the last moment, when everything the call had to wait for (a
free slot, a read) is behind it.
"""

from __future__ import annotations

from gateway.conversation import Conversation, Floor
from gateway.entries import Entry, Said
from gateway.errors import Failure
from gateway.events import AskBot, Effect, OpenSession, SendToAgent, SendToClient
from gateway.model import Role


class Stale(Failure):
    """The output came too late to be made."""

    def __init__(self) -> None:
        """There is only one reason."""
        super().__init__("somebody else has the floor")


def check(effect: Effect, conversation: Conversation, entry: Entry | None = None) -> None:
    """Raise `Stale` if the effect must not be carried out any more. `entry`: what a `SendToClient` would show."""
    if _is_stale(effect, conversation, entry):
        raise Stale


def _is_stale(effect: Effect, conversation: Conversation, entry: Entry | None) -> bool:
    match effect.action:
        case AskBot():
            return effect.epoch != conversation.epoch or conversation.floor is not Floor.BOT
        case SendToClient():
            return effect.epoch < conversation.human_epoch and _is_bots(entry)
        case OpenSession(session=session) | SendToAgent(session=session):
            return conversation.handoff is None or conversation.handoff.session != session
        case _:
            return False


def _is_bots(entry: Entry | None) -> bool:
    """An agent's committed words are always delivered; only the bot's are taken back."""
    return entry is not None and isinstance(entry.body, Said) and entry.body.role is Role.BOT
