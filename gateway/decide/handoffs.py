"""Handoffs: from the bot's transfer along the chain of platforms to an agent, and back.

    BOT ──begin──► WAITING (opening ─accepted─► queued) ──join──► AGENT
     ▲                │  refused: the next platform       │
     └────come_back───┴───────────────────────────────────┘

What the client writes after the transfer goes into the lane behind the opening of the session, so it cannot overtake
the history nor fall between two chairs: if the platform lets go, the next one gets it, or the bot.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gateway.conversation import Floor, Handoff, Stage, effect_id
from gateway.decide import turns
from gateway.decide.policy import HANDOFF_FAILURES_ALLOWED
from gateway.entries import Declined, Joined, Left, Queued, Transferred
from gateway.events import CloseSession, OpenSession, SendToAgent, SessionOpened
from gateway.model import Outcome, Peer, Transfer, text_message

if TYPE_CHECKING:
    from gateway.decide.draft import Draft

TIMERS = ("accept", "wait", "agent")


def begin(draft: Draft, transfer: Transfer) -> None:
    """Carry out a transfer, unless bot and platforms are passing the client in circles."""
    if draft.conversation.handoff:
        abandon(draft, Outcome.RETURNED)
    if transfer.message_before:
        turns.say(draft, text_message(transfer.message_before))
    if draft.conversation.handoff_failures >= HANDOFF_FAILURES_ALLOWED:
        draft.log(Declined(platform="", outcome=Outcome.REFUSED, reason="asked in vain too often"))
        turns.apologise(draft)
        return
    if transfer.ignore_offline is None:
        transfer = replace(transfer, ignore_offline=draft.policy.wait_when_offline)
    if transfer.history is None:
        transfer = replace(transfer, history=draft.policy.history)
    if not transfer.one_time_message:
        draft.give_floor(Floor.WAITING)
    number = draft.log(Transferred(transfer=transfer))
    unanswered = _take_over_turns(draft) if not transfer.one_time_message else ()
    if draft.policy.chain:
        _start(draft, transfer, number, unanswered)
    else:
        _nobody_to_ask(draft, number, unanswered)


def _take_over_turns(draft: Draft) -> tuple[int, ...]:
    """Cancel the bot's open turns; return the client's entries nobody has answered."""
    unanswered = draft.conversation.turns
    draft.change(turns=())
    if draft.policy.bot:
        draft.drop_lane(draft.policy.bot)
    return unanswered


def _start(draft: Draft, transfer: Transfer, number: int, unanswered: tuple[int, ...]) -> None:
    first, *rest = draft.policy.chain
    handoff = Handoff(
        transfer=transfer,
        chain=tuple(rest),
        platform=first,
        session="",
        number=number,
        upto=draft.conversation.head,
        live=unanswered,
        unconfirmed=unanswered,
        destination=transfer.destination,
        since=draft.now,
    )
    draft.change(handoff=handoff)
    _open(draft)


def _open(draft: Draft) -> None:
    """Ask the current platform, and line the client's words up behind the question."""
    handoff = _current(draft)
    session = effect_id(draft.conversation.id, draft.conversation.effects + 1)
    change(draft, session=session, remote="", stage=Stage.OPENING, queue_position=None)
    if handoff.platform not in draft.conversation.platforms:
        draft.change(platforms=(*draft.conversation.platforms, handoff.platform))
    draft.act(handoff.platform, OpenSession(session=session))
    for number in handoff.live:
        _send(draft, number)
    draft.set_timer("accept", draft.policy.accept_timeout)


def _nobody_to_ask(draft: Draft, number: int, unanswered: tuple[int, ...]) -> None:
    draft.change(handoff_failures=draft.conversation.handoff_failures + 1)
    _give_back(draft, Left(platform="", outcome=Outcome.REFUSED, since=number), unanswered)


def relay(draft: Draft, number: int) -> None:
    """Carry the client's entry to the platform that has the dialog."""
    handoff = _current(draft)
    joined = handoff.stage is Stage.JOINED
    if not joined:
        change(draft, live=(*handoff.live, number))
    elif handoff.unanswered_since is None:
        _expect_answer(draft)
    if draft.policy.relays_to(handoff.platform) or not joined:
        change(draft, unconfirmed=(*handoff.unconfirmed, number))
    _send(draft, number)


def _expect_answer(draft: Draft) -> None:
    """Start the agent's clock; later words of the client do not set it back."""
    change(draft, unanswered_since=draft.now)
    draft.set_timer("agent", draft.policy.agent_timeout)


def answered(draft: Draft) -> None:
    """Stop the agent's clock."""
    change(draft, unanswered_since=None)
    draft.cancel_timer("agent")


def _send(draft: Draft, number: int) -> None:
    handoff = _current(draft)
    if draft.policy.relays_to(handoff.platform):
        draft.act(handoff.platform, SendToAgent(session=handoff.session, number=number))


def confirmed(draft: Draft, action: SendToAgent) -> None:
    """The platform has a client's entry."""
    handoff = draft.conversation.handoff
    if handoff and handoff.session == action.session:
        change(draft, unconfirmed=tuple(number for number in handoff.unconfirmed if number != action.number))


def accepted(draft: Draft, event: SessionOpened) -> None:
    """The platform took the dialog: only now the client hears that somebody will come."""
    handoff = draft.conversation.handoff
    assert isinstance(event.effect.action, OpenSession)  # noqa: S101 - SessionOpened is its outcome
    session = event.effect.action.session
    if not handoff or handoff.session != session:
        draft.act(event.effect.target, CloseSession(session=session, remote=event.remote))
        return
    draft.cancel_timer("accept")
    change(draft, remote=event.remote, destination_name=event.destination_name)
    if handoff.stage is Stage.OPENING:
        change(draft, stage=Stage.QUEUED)
        if not handoff.transfer.one_time_message:
            _stand_in_queue(draft, event)
    if event.agent and handoff.stage is not Stage.JOINED:
        join(draft, event.agent)


def _stand_in_queue(draft: Draft, event: SessionOpened) -> None:
    handoff = _current(draft)
    draft.set_timer("wait", draft.policy.wait_timeout)
    if event.agent:
        return
    draft.log(
        Queued(
            platform=handoff.platform,
            position=event.position,
            wait_seconds=event.wait_seconds,
            destination_name=event.destination_name,
        )
    )
    change(draft, queue_position=event.position)
    if handoff.transfer.waiting_message:
        draft.notify(handoff.transfer.waiting_message)
    elif event.position:
        draft.announce("queued_position", position=event.position)
    else:
        draft.announce("queued")


def join(draft: Draft, agent: Peer, *, takeover: bool = False) -> None:
    """An agent has the dialog now; whatever the bot still had in hand is void."""
    handoff = _current(draft)
    for timer in ("accept", "wait"):
        draft.cancel_timer(timer)
    unanswered = _take_over_turns(draft)
    draft.give_floor(Floor.AGENT)
    change(draft, stage=Stage.JOINED, agent=agent, joined_at=draft.now, live=(), queue_position=None)
    if draft.policy.relays_to(handoff.platform):
        change(draft, unconfirmed=(*handoff.unconfirmed, *unanswered))
        for number in unanswered:
            _send(draft, number)
    else:
        change(draft, unconfirmed=())
    button = close_button(draft)
    draft.log(Joined(platform=handoff.platform, agent=agent, takeover=takeover, close_button=button))
    draft.announce("joined" if agent.name else "joined_unnamed", button=button, name=agent.name)
    _expect_answer(draft)


def close_phrases(draft: Draft) -> tuple[str, ...]:
    """Return the phrases that take the client back to the bot."""
    handoff = draft.conversation.handoff
    return (handoff.transfer.close_phrases if handoff else ()) or draft.policy.close_phrases


def close_button(draft: Draft) -> str:
    """Return the text of the button that takes the client back; empty if there shall be none."""
    handoff = draft.conversation.handoff
    phrases = close_phrases(draft)
    return phrases[0] if handoff and handoff.transfer.close_button and phrases else ""


def decline(draft: Draft, outcome: Outcome, reason: str, *, tell_platform: bool = False) -> None:
    """The current platform does not have the dialog (any more): the next one is asked, or the bot goes on."""
    handoff = _current(draft)
    draft.log(Declined(platform=handoff.platform, outcome=outcome, reason=reason))
    _let_go(draft, outcome if tell_platform else None)
    if handoff.chain:
        _ask_next(draft, outcome)
    else:
        _give_up(draft, (*handoff.refusals, outcome))


def _ask_next(draft: Draft, outcome: Outcome) -> None:
    handoff = _current(draft)
    first, *rest = handoff.chain
    if not handoff.transfer.one_time_message:
        draft.give_floor(Floor.WAITING)
    live = tuple(sorted({*handoff.live, *handoff.unconfirmed}))
    change(
        draft,
        platform=first,
        chain=tuple(rest),
        refusals=(*handoff.refusals, outcome),
        live=live,
        unconfirmed=live,
        agent=None,
    )
    _open(draft)


def _give_up(draft: Draft, outcomes: tuple[Outcome, ...]) -> None:
    """Nobody took the dialog. The bot hears the most telling reason: somebody said no, rather than nobody was there."""
    outcome = Outcome.OFFLINE if set(outcomes) == {Outcome.OFFLINE} else outcomes[-1]
    draft.change(handoff_failures=draft.conversation.handoff_failures + 1)
    come_back(draft, outcome)


def come_back(
    draft: Draft, outcome: Outcome, *, agent: Peer | None = None, note: str = "", tell: Outcome | None = None
) -> None:
    """The handoff is over: the bot has the floor, knows why, and speaks first. `tell`: what the platform is told."""
    handoff = _current(draft)
    _let_go(draft, tell)
    draft.change(handoff=None)
    if draft.conversation.floor is Floor.BOT:
        return
    left = Left(platform=handoff.platform, outcome=outcome, agent=agent, note=note, since=handoff.number)
    _give_back(draft, left, handoff.unconfirmed)


def _give_back(draft: Draft, left: Left, missed: tuple[int, ...]) -> None:
    draft.give_floor(Floor.BOT)
    number = draft.log(left)
    if left.outcome in {Outcome.RETURNED, Outcome.CLOSED, Outcome.CLIENT_LEFT}:
        draft.announce("left")
    elif not draft.policy.bot:
        draft.announce("nobody")
    turns.after_return(draft, number, missed)


def leave(draft: Draft, outcome: Outcome, *, note: str = "") -> None:
    """The client's side goes: the platform is told, the bot goes on."""
    handoff = _current(draft)
    if handoff.transfer.last_message:
        draft.notify(handoff.transfer.last_message)
    come_back(draft, outcome, agent=handoff.agent, note=note, tell=outcome)


def abandon(draft: Draft, outcome: Outcome | None) -> None:
    """End the session without a word to the bot: the conversation closes, or a new transfer replaces it."""
    _let_go(draft, outcome)
    draft.change(handoff=None)


def _let_go(draft: Draft, tell: Outcome | None) -> None:
    handoff = _current(draft)
    for timer in TIMERS:
        draft.cancel_timer(timer)
    if draft.policy.relays_to(handoff.platform):
        draft.drop_lane(handoff.platform)
    if tell is not None:
        _tell_platform(draft, handoff, tell)


def _tell_platform(draft: Draft, handoff: Handoff, outcome: Outcome) -> None:
    text = handoff.transfer.last_message or draft.policy.texts.get("client_gone", draft.conversation.language)
    action = CloseSession(session=handoff.session, remote=handoff.remote, outcome=outcome, text=text)
    draft.act(handoff.platform, action)


def change(draft: Draft, **changes: Any) -> None:  # noqa: ANN401 - fields of Handoff, checked by `replace`
    """Change fields of the handoff."""
    draft.change(handoff=replace(_current(draft), **changes))


def _current(draft: Draft) -> Handoff:
    handoff = draft.conversation.handoff
    assert handoff is not None  # noqa: S101 - callers have looked
    return handoff
