"""Handoffs, the way there: from the bot's transfer along the chain of platforms to an agent. `returns` is the way back.

    BOT ──begin──► WAITING (opening ─accepted─► queued) ──join──► AGENT

What the client writes after the transfer goes into the lane behind the opening of the session, so it cannot overtake
the history nor fall between two chairs: if the platform lets go, the next one gets it, or the bot.

A one-time message is a handoff on **standby**: the bot keeps the floor and answers, and what the client says is kept
aside for the agent who might speak up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gateway.conversation import Floor, Handoff, Stage, effect_id
from gateway.decide import returns, turns
from gateway.decide.policy import HANDOFF_FAILURES_ALLOWED
from gateway.entries import Declined, Joined, Left, Queued, Transferred
from gateway.events import OpenSession, SendToAgent, SessionOpened
from gateway.model import Outcome, Peer, Role, Transfer, text_message

if TYPE_CHECKING:
    from gateway.decide.draft import Draft


# --- asking --------------------------------------------------------------------------------------------------------


def begin(draft: Draft, transfer: Transfer, *, unheard: tuple[int, ...] = (), by: Role = Role.BOT) -> None:
    """Carry out a transfer, unless bot and platforms are passing the client in circles.

    `unheard`: client entries whose turn has ended without an answer; those of open turns come on top.
    """
    if draft.conversation.handoff_failures >= HANDOFF_FAILURES_ALLOWED:
        draft.log(Declined(platform="", outcome=Outcome.REFUSED, reason="asked in vain too often"))
        draft.notify(draft.text("nobody"))
        return
    transfer = _settled(draft, transfer)
    unread, unconfirmed = _replaced(draft)
    if draft.conversation.handoff:
        returns.abandon(draft, Outcome.RETURNED)
    _say_before(draft, transfer.message_before)
    if transfer.one_time_message:
        _start(draft, transfer, by=by, live=draft.conversation.turns)
    else:
        unheard = (*unconfirmed, *unheard, *turns.take_over(draft))
        draft.give_floor(Floor.WAITING)
        _start(draft, transfer, by=by, live=tuple(sorted({*unread, *unheard})), unconfirmed=unheard)


def _replaced(draft: Draft) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return what no agent has read, and what no platform has confirmed, of a handoff that another one replaces."""
    handoff = draft.conversation.handoff
    return (handoff.live, handoff.unconfirmed) if handoff and not on_standby(draft) else ((), ())


def _say_before(draft: Draft, text: str) -> None:
    if text and draft.policy.bot and draft.conversation.floor is Floor.BOT:
        turns.say(draft, text_message(text))
    else:
        draft.notify(text)


def _settled(draft: Draft, transfer: Transfer) -> Transfer:
    """Fill in what the bot left to the route, and what a message nobody has taken yet would lose."""
    policy = draft.policy
    return replace(
        transfer,
        ignore_offline=policy.wait_when_offline if transfer.ignore_offline is None else transfer.ignore_offline,
        history=policy.history if transfer.history is None else transfer.history,
        first_message="\n".join(filter(None, (_untaken(draft), transfer.first_message))),
    )


def _untaken(draft: Draft) -> str:
    """Return the one-time message that is still on its way to its platform: a new transfer takes it along."""
    handoff = draft.conversation.handoff
    return handoff.transfer.first_message if handoff and handoff.stage is Stage.OPENING else ""


def _start(
    draft: Draft, transfer: Transfer, *, by: Role, live: tuple[int, ...], unconfirmed: tuple[int, ...] = ()
) -> None:
    number = draft.log(Transferred(transfer=transfer, by=by))
    if not draft.policy.chain:
        returns.give_back(draft, Left(platform="", outcome=Outcome.REFUSED, since=number), unconfirmed)
        return
    first, *rest = draft.policy.chain
    handoff = Handoff(
        transfer=transfer,
        chain=tuple(rest),
        platform=first,
        session="",
        number=number,
        upto=number,
        live=live,
        unconfirmed=unconfirmed,
        destination=transfer.destination,
        since=draft.now,
    )
    open_session(draft, handoff)


def open_session(draft: Draft, handoff: Handoff) -> None:
    """Ask the handoff's platform, and line the client's words up behind the question."""
    session = effect_id(draft.conversation.id, draft.conversation.effects + 1)
    take_up(draft, replace(handoff, session=session, remote="", stage=Stage.OPENING))
    draft.act(handoff.platform, OpenSession(session=session))
    if not on_standby(draft):
        for number in handoff.live:
            _send(draft, number)
    draft.set_timer("accept", draft.policy.accept_timeout)


def take_up(draft: Draft, handoff: Handoff) -> None:
    """Make this the conversation's handoff; its platform is remembered for good."""
    asked = draft.conversation.platforms
    new = () if handoff.platform in asked else (handoff.platform,)
    draft.change(handoff=handoff, platforms=(*asked, *new))


# --- the client's words meanwhile ----------------------------------------------------------------------------------


def relay(draft: Draft, number: int) -> None:
    """Carry the client's entry to the platform that has the dialog."""
    handoff = current(draft)
    joined = handoff.stage is Stage.JOINED
    if not joined:
        change(draft, live=(*handoff.live, number))
    elif handoff.unanswered_since is None:
        _expect_answer(draft)
    if draft.policy.relays_to(handoff.platform) or not joined:
        change(draft, unconfirmed=(*handoff.unconfirmed, number))
    _send(draft, number)


def keep(draft: Draft, number: int) -> None:
    """Put the client's entry aside for the agent who might speak up while the bot answers it."""
    if on_standby(draft):
        change(draft, live=(*current(draft).live, number))


def _send(draft: Draft, number: int) -> None:
    handoff = current(draft)
    if draft.policy.relays_to(handoff.platform):
        draft.act(handoff.platform, SendToAgent(session=handoff.session, number=number))


def confirmed(draft: Draft, action: SendToAgent) -> None:
    """The platform has a client's entry."""
    handoff = at_session(draft, action.session)
    if handoff:
        change(draft, unconfirmed=_without(handoff.unconfirmed, action.number))


def undeliverable(draft: Draft, action: SendToAgent) -> None:
    """A client's entry can never be handed to the agents, which its author is told: nobody else gets it later."""
    handoff = current(draft)
    live, unconfirmed = (_without(numbers, action.number) for numbers in (handoff.live, handoff.unconfirmed))
    change(draft, live=live, unconfirmed=unconfirmed)


def _without(numbers: tuple[int, ...], number: int) -> tuple[int, ...]:
    return tuple(each for each in numbers if each != number)


# --- being heard ---------------------------------------------------------------------------------------------------


def accepted(draft: Draft, event: SessionOpened) -> None:
    """The platform took the dialog: only now the client hears that somebody will come."""
    assert isinstance(event.effect.action, OpenSession)  # noqa: S101 - SessionOpened is its outcome
    session = event.effect.action.session
    handoff = at_session(draft, session)
    if handoff is None:
        _close_late(draft, event, session)
        return
    draft.cancel_timers("accept")
    name = event.destination_name or handoff.destination_name
    change(draft, remote=event.remote or handoff.remote, destination_name=name)
    if handoff.stage is not Stage.OPENING:
        return  # an agent was faster than the platform's answer
    change(draft, stage=Stage.QUEUED, queue_position=event.position)
    if on_standby(draft):
        return
    if event.agent:
        join(draft, event.agent)
    else:
        _stand_in_queue(draft, event)


def _close_late(draft: Draft, event: SessionOpened, session: str) -> None:
    """The session was let go before the platform took it, which was told so, unless it knows it by another name."""
    if event.remote:
        returns.close_session(draft, event.effect.target, session, event.remote)


def _stand_in_queue(draft: Draft, event: SessionOpened) -> None:
    handoff = current(draft)
    draft.set_timer("wait", draft.policy.wait_timeout)
    draft.log(
        Queued(
            platform=handoff.platform,
            position=event.position,
            wait_seconds=event.wait_seconds,
            destination_name=event.destination_name,
        )
    )
    if handoff.transfer.waiting_message:
        draft.notify(handoff.transfer.waiting_message)
    elif event.position:
        draft.announce("queued_position", position=event.position)
    else:
        draft.announce("queued")


def join(draft: Draft, agent: Peer, *, takeover: bool = False) -> None:
    """An agent has the dialog now; whatever the bot still had in hand is void."""
    handoff = current(draft)
    kept = handoff.live if on_standby(draft) else ()
    unanswered = turns.take_over(draft)
    draft.cancel_timers("accept", "wait")
    draft.give_floor(Floor.AGENT)
    change(
        draft,
        stage=Stage.JOINED,
        transfer=replace(handoff.transfer, one_time_message=False),
        joined_at=draft.now,
        live=(),
        unconfirmed=(*handoff.unconfirmed, *unanswered) if draft.policy.relays_to(handoff.platform) else (),
        queue_position=None,
    )
    for number in kept:
        _send(draft, number)
    seat(draft, agent, takeover=takeover)


def seat(draft: Draft, agent: Peer, *, takeover: bool = False) -> None:
    """Name the agent (the first one, or a colleague who takes over) to the client, and start their clock.

    A business channel shows by itself who came: there the gateway keeps silent.
    """
    platform, button = current(draft).platform, close_button(draft)
    change(draft, agent=agent)
    draft.log(Joined(platform=platform, agent=agent, takeover=takeover, close_button=button))
    if draft.policy.relays_to(platform):
        draft.announce("joined" if agent.name else "joined_unnamed", button=button, name=agent.name)
    _expect_answer(draft)


def _expect_answer(draft: Draft) -> None:
    """Start the agent's clock; later words of the client do not set it back."""
    change(draft, unanswered_since=draft.now)
    if draft.policy.relays_to(current(draft).platform) or not draft.policy.shows.hands_back:
        draft.set_timer("agent", draft.policy.agent_timeout)


def answered(draft: Draft) -> None:
    """Stop the agent's clock."""
    change(draft, unanswered_since=None)
    draft.cancel_timers("agent")


def close_phrases(draft: Draft) -> tuple[str, ...]:
    """Return the phrases that take the client back to the bot."""
    return current(draft).transfer.close_phrases or draft.policy.close_phrases


def close_button(draft: Draft) -> str:
    """Return the text of the button that takes the client back; empty if there shall be none."""
    phrases = close_phrases(draft)
    return phrases[0] if current(draft).transfer.close_button and phrases else ""


# --- the handoff in the state ----------------------------------------------------------------------------------------


def on_standby(draft: Draft) -> bool:
    """Tell whether a one-time message waits on a platform while the bot has the floor."""
    return draft.conversation.handoff is not None and draft.conversation.floor is Floor.BOT


def at_session(draft: Draft, session: str) -> Handoff | None:
    """Return the handoff if it is (still) this session."""
    handoff = draft.conversation.handoff
    return handoff if handoff and handoff.session == session else None


def change(draft: Draft, **changes: Any) -> None:
    """Change fields of the handoff."""
    draft.change(handoff=replace(current(draft), **changes))


def current(draft: Draft) -> Handoff:
    """Return the handoff, where there must be one."""
    handoff = draft.conversation.handoff
    assert handoff is not None  # noqa: S101 - callers have looked
    return handoff
