"""What agents do: on a platform the gateway relays to (by session), and on a business channel (by client)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.conversation import Floor, Handoff, Stage
from gateway.decide import endings, handoffs, returns
from gateway.entries import Moved, Noted, Queued, Said
from gateway.errors import AlreadyTaken, UnknownConversation
from gateway.model import Outcome, Peer, Role, Transfer

if TYPE_CHECKING:
    from gateway.decide.draft import Draft
    from gateway.events import (
        AgentJoined,
        AgentNoted,
        AgentWrote,
        ClientBlocked,
        ClientDescribed,
        HumanJoined,
        HumanLeft,
        HumanWrote,
        QueueMoved,
        SessionEnded,
        SessionMoved,
    )


def queue_moved(draft: Draft, event: QueueMoved) -> None:
    """Tell the client its new place; the same place again is no news, and on standby nobody waits."""
    handoff = _handoff(draft, event.session)
    if handoff.stage is not Stage.QUEUED or handoff.queue_position == event.position:
        return
    handoffs.change(draft, queue_position=event.position)
    if handoffs.on_standby(draft):
        return
    draft.log(Queued(platform=handoff.platform, position=event.position, wait_seconds=event.wait_seconds))
    if event.position:
        draft.announce("queued_position", position=event.position)


def joined(draft: Draft, event: AgentJoined) -> None:
    """An agent took the dialog; a colleague may take it over."""
    handoff = _handoff(draft, event.session)
    if event.if_free and handoff.agent and handoff.agent.id != event.agent.id:
        raise AlreadyTaken(f"{handoff.agent.name or handoff.agent.id} has taken this conversation")
    _seat(draft, event.agent)


def wrote(draft: Draft, event: AgentWrote) -> None:
    """An agent spoke: their word counts as joining."""
    handoff = _handoff(draft, event.session)
    _seat(draft, event.agent)
    draft.say(Role.AGENT, event.agent, event.message, source=handoff.platform)
    handoffs.answered(draft)


def _seat(draft: Draft, agent: Peer, *, uninvited: bool = False) -> None:
    handoff = handoffs.current(draft)
    if handoff.stage is not Stage.JOINED:
        handoffs.join(draft, agent, takeover=uninvited or handoffs.on_standby(draft))
    elif handoff.agent is None or handoff.agent.id != agent.id:
        handoffs.seat(draft, agent)


def noted(draft: Draft, event: AgentNoted) -> None:
    """A note to colleagues: in the log, never to the client."""
    _handoff(draft, event.session)
    draft.log(Noted(agent=event.agent, text=event.text))


def moved(draft: Draft, event: SessionMoved) -> None:
    """The dialog waits again, for another group or colleague."""
    handoff = _handoff(draft, event.session)
    handoffs.change(
        draft,
        stage=Stage.QUEUED,
        agent=None,
        destination=event.destination,
        destination_name=event.destination_name,
        queue_position=None,
        unanswered_since=None,
    )
    draft.cancel_timers("accept", "agent")
    standby = handoffs.on_standby(draft)
    if not standby:
        draft.give_floor(Floor.WAITING)
        draft.set_timer("wait", draft.policy.wait_timeout)
    draft.log(
        Moved(
            platform=handoff.platform,
            by=event.agent,
            destination=event.destination,
            destination_name=event.destination_name,
        )
    )
    if not standby:
        draft.announce("moved")


def ended(draft: Draft, event: SessionEnded) -> None:
    """The agent side is done with the dialog: whoever lets go of one that nobody had taken refuses it."""
    handoff = _handoff(draft, event.session)
    if event.close:
        endings.close(draft, Role.AGENT, event.note, words="closed")
    elif event.outcome is Outcome.RETURNED or _was_taken(draft, handoff):
        returns.come_back(draft, event.outcome, agent=event.agent or handoff.agent, note=event.note)
    else:
        outcome = Outcome.REFUSED if event.outcome is Outcome.CLOSED else event.outcome
        returns.decline(draft, outcome, event.note)


def _was_taken(draft: Draft, handoff: Handoff) -> bool:
    """A dialog is taken by an agent who joins, a one-time message by the platform that accepts it."""
    return handoff.stage is Stage.JOINED or (handoff.stage is Stage.QUEUED and handoffs.on_standby(draft))


def described(draft: Draft, event: ClientDescribed) -> None:
    """The agents learned something about the client. Also after the session: see `blocked`."""
    client = draft.conversation.client
    draft.learn(event.attributes, replace(client, name=event.name or client.name))


def blocked(draft: Draft, event: ClientBlocked) -> None:
    """The client was blocked, or is welcome again. Also after the session: the engine has seen that it was theirs."""
    if event.blocked == draft.conversation.blocked:
        return
    draft.change(blocked=event.blocked)
    draft.log(Noted(agent=event.agent, text="blocked the client" if event.blocked else "unblocked the client"))
    if event.blocked:
        endings.close(draft, Role.AGENT, "blocked")


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
    """The dialog is back, or nobody could be found. If it was not with the channel's humans: nothing to do."""
    handoff = draft.conversation.handoff
    if handoff is None or handoff.platform != draft.policy.channel:
        return
    if handoff.stage is not Stage.JOINED and event.outcome in {Outcome.OFFLINE, Outcome.REFUSED}:
        returns.decline(draft, event.outcome, event.note)
    else:
        returns.come_back(draft, event.outcome, agent=handoff.agent, note=event.note)


def _take_floor(draft: Draft, agent: Peer) -> None:
    handoff = draft.conversation.handoff
    if handoff and handoff.platform != draft.policy.channel:
        returns.abandon(draft, Outcome.CLOSED)
    uninvited = draft.conversation.handoff is None
    if uninvited:
        handoffs.take_up(draft, _uninvited(draft))
    _seat(draft, agent, uninvited=uninvited)


def _uninvited(draft: Draft) -> Handoff:
    number = draft.conversation.head + 1
    return Handoff(
        transfer=Transfer(),
        chain=(),
        platform=draft.policy.channel,
        session=f"{draft.conversation.id}.human.{number}",
        number=number,
        upto=number,
        since=draft.now,
    )


def _handoff(draft: Draft, session: str) -> Handoff:
    """Return the handoff an agent's event is about: late ones, of a session that is over, have no effect at all."""
    handoff = draft.conversation.handoff
    if handoff is None or session not in {handoff.session, handoff.remote}:
        raise UnknownConversation(f"session {session!r} is over")
    return handoff
