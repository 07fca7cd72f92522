"""What agents do: on a platform the gateway relays to (by session), and on a business channel (by client)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.conversation import Conversation, Floor, Handoff, Stage
from gateway.decide import endings, handoffs
from gateway.entries import Joined, Moved, Noted, Queued, Said
from gateway.errors import AlreadyTaken
from gateway.events import (
    AgentJoined,
    AgentNoted,
    AgentWrote,
    ClientBlocked,
    HumanJoined,
    HumanLeft,
    HumanWrote,
    QueueMoved,
    SessionEnded,
    SessionMoved,
)
from gateway.model import Outcome, Peer, Role, Transfer

if TYPE_CHECKING:
    from gateway.decide.draft import Draft


def queue_moved(draft: Draft, event: QueueMoved) -> None:
    """Tell the client its new place; the same place again is no news."""
    handoff = _handoff(draft)
    if handoff.stage is Stage.QUEUED and handoff.queue_position != event.position:
        handoffs.change(draft, queue_position=event.position)
        draft.log(Queued(platform=handoff.platform, position=event.position, wait_seconds=event.wait_seconds))
        if event.position:
            draft.announce("queued_position", position=event.position)


def joined(draft: Draft, event: AgentJoined) -> None:
    """An agent took the dialog; a colleague may take it over."""
    handoff = _handoff(draft)
    if handoff.agent and handoff.agent.id != event.agent.id and event.if_free:
        msg = f"{handoff.agent.name or handoff.agent.id} has taken this conversation"
        raise AlreadyTaken(msg)
    _ensure_joined(draft, event.agent)


def wrote(draft: Draft, event: AgentWrote) -> None:
    """An agent spoke: their word counts as joining."""
    _ensure_joined(draft, event.agent)
    draft.say(Role.AGENT, event.agent, event.message, source=_handoff(draft).platform)
    handoffs.answered(draft)


def _ensure_joined(draft: Draft, agent: Peer) -> None:
    handoff = _handoff(draft)
    if handoff.stage is not Stage.JOINED:
        handoffs.join(draft, agent, takeover=draft.conversation.floor is Floor.BOT)
    elif handoff.agent is None or handoff.agent.id != agent.id:
        handoffs.change(draft, agent=agent)
        button = handoffs.close_button(draft)
        draft.log(Joined(platform=handoff.platform, agent=agent, close_button=button))
        draft.announce("joined" if agent.name else "joined_unnamed", name=agent.name)


def noted(draft: Draft, event: AgentNoted) -> None:
    """A note to colleagues: in the log, never to the client."""
    draft.log(Noted(agent=event.agent, text=event.text))


def moved(draft: Draft, event: SessionMoved) -> None:
    """The dialog waits again, for another group or colleague."""
    handoff = _handoff(draft)
    handoffs.change(
        draft,
        stage=Stage.QUEUED,
        agent=None,
        destination=event.destination,
        destination_name=event.destination_name,
        queue_position=None,
        unanswered_since=None,
    )
    if draft.conversation.floor is not Floor.BOT:
        draft.give_floor(Floor.WAITING)
    draft.cancel_timer("agent")
    draft.set_timer("wait", draft.policy.wait_timeout)
    draft.log(Moved(platform=handoff.platform, by=event.agent, destination_name=event.destination_name))
    draft.announce("moved")


def ended(draft: Draft, event: SessionEnded) -> None:
    """The agent side is done with the dialog."""
    if event.close:
        endings.close(draft, Role.AGENT, event.note)
    elif _handoff(draft).stage is Stage.JOINED or event.outcome is Outcome.RETURNED:
        handoffs.come_back(draft, event.outcome, agent=event.agent or _handoff(draft).agent, note=event.note)
    else:
        handoffs.decline(draft, Outcome.REFUSED, event.note)


def blocked(draft: Draft, event: ClientBlocked) -> None:
    """The client was blocked, or is welcome again."""
    draft.change(blocked=event.blocked)
    if event.blocked:
        draft.log(Noted(agent=event.agent, text="blocked the client"))
        endings.close(draft, Role.AGENT, "blocked")
    else:
        draft.log(Noted(agent=event.agent, text="unblocked the client"))


# --- business channel: the humans are in the channel itself ----------------------------------------------------------


def human_joined(draft: Draft, event: HumanJoined) -> None:
    """Somebody took the dialog inside the business channel, invited or not."""
    _take_floor(draft, event.agent)


def human_wrote(draft: Draft, event: HumanWrote) -> None:
    """Somebody spoke to the client there: the client has heard it, the log has not."""
    _take_floor(draft, event.agent)
    draft.log(Said(role=Role.AGENT, author=event.agent, message=event.message, source=draft.policy.channel))
    draft.change(active_at=draft.now)
    handoffs.answered(draft)


def human_left(draft: Draft, event: HumanLeft) -> None:
    """The dialog is back, or nobody could be found. Unasked: nothing to do."""
    handoff = draft.conversation.handoff
    if handoff is None:
        return
    if handoff.stage is not Stage.JOINED and event.outcome in {Outcome.OFFLINE, Outcome.REFUSED}:
        handoffs.decline(draft, event.outcome, event.note)
    else:
        handoffs.come_back(draft, event.outcome, agent=handoff.agent, note=event.note)


def _take_floor(draft: Draft, agent: Peer) -> None:
    conversation = draft.conversation
    if conversation.handoff and conversation.handoff.platform != draft.policy.channel:
        handoffs.abandon(draft, Outcome.CLOSED)
    if draft.conversation.handoff is None:
        draft.change(handoff=_uninvited(conversation, draft.policy.channel, draft.now))
    _ensure_joined(draft, agent)


def _uninvited(conversation: Conversation, platform: str, now: float) -> Handoff:
    number = conversation.head + 1
    session = f"{conversation.id}.human.{number}"
    return Handoff(
        transfer=Transfer(), chain=(), platform=platform, session=session, number=number, upto=number, since=now
    )


def _handoff(draft: Draft) -> Handoff:
    handoff = draft.conversation.handoff
    assert handoff is not None  # noqa: S101 - the engine finds conversations by their current session
    return handoff
