"""Handoffs, the way back: refused, timed out, lost, left, given back.

refused  ──► the next platform of the chain, after the last one the bot
ended    ──► the bot, who knows why and speaks first; without a bot the conversation closes
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.conversation import Floor, Handoff, Stage, number_of
from gateway.decide import endings, handoffs, turns
from gateway.entries import Declined, Left
from gateway.events import CloseSession
from gateway.model import Outcome, Peer, Role

if TYPE_CHECKING:
    from gateway.decide.draft import Draft

WITH_A_HUMAN = frozenset({Outcome.RETURNED, Outcome.CLOSED})
"""How a handoff ends when an agent has dealt with it."""


def decline(draft: Draft, outcome: Outcome, reason: str, *, tell_platform: bool = False) -> None:
    """The current platform does not have the dialog (any more): the next one is asked, or the bot goes on."""
    handoff = handoffs.current(draft)
    if handoff.stage is Stage.JOINED and handoff.chain:
        draft.give_floor(Floor.WAITING)
    draft.log(Declined(platform=handoff.platform, outcome=outcome, reason=reason))
    if handoff.chain:
        _let_go(draft, outcome if tell_platform else None)
        _ask_next(draft, handoff, outcome)
    else:
        refusals = (*handoff.refusals, outcome)
        come_back(draft, _most_telling(refusals), agent=handoff.agent, tell=outcome if tell_platform else None)


def _ask_next(draft: Draft, handoff: Handoff, outcome: Outcome) -> None:
    """Ask the next platform. An agent who was there is part of the history now; nobody's words are lost or doubled."""
    first, *rest = handoff.chain
    handoffs.open_session(
        draft,
        Handoff(
            transfer=handoff.transfer,
            chain=tuple(rest),
            platform=first,
            session="",
            number=handoff.number,
            upto=draft.conversation.head if handoff.joined_at else handoff.upto,
            live=tuple(sorted({*handoff.live, *handoff.unconfirmed})),
            unconfirmed=handoff.unconfirmed,
            destination=handoff.transfer.destination,
            since=handoff.since,
            refusals=(*handoff.refusals, outcome),
        ),
    )


def _most_telling(outcomes: tuple[Outcome, ...]) -> Outcome:
    """Of several refusals the bot hears the last one that says more than that nobody was there."""
    return next((outcome for outcome in reversed(outcomes) if outcome is not Outcome.OFFLINE), Outcome.OFFLINE)


def come_back(
    draft: Draft, outcome: Outcome, *, agent: Peer | None = None, note: str = "", tell: Outcome | None = None
) -> None:
    """The handoff is over: the bot has the floor, knows why, and speaks first. `tell`: what the platform is told.

    Of a one-time message the bot hears only if it came to nothing.
    """
    handoff = handoffs.current(draft)
    served = handoffs.on_standby(draft) and outcome in WITH_A_HUMAN
    abandon(draft, tell)
    if not served:
        left = Left(platform=handoff.platform, outcome=outcome, agent=agent, note=note, since=handoff.number)
        give_back(draft, left, handoff.unconfirmed)


def give_back(draft: Draft, left: Left, missed: tuple[int, ...]) -> None:
    """Give the bot the floor: it speaks about the return, then answers what nobody else got to hear (`missed`)."""
    draft.give_floor(Floor.BOT)
    number = draft.log(left)
    if left.outcome is not Outcome.CLIENT_LEFT:
        draft.change(handoff_failures=draft.conversation.handoff_failures + 1)
    attended = left.agent is not None or left.outcome in {*WITH_A_HUMAN, Outcome.CLIENT_LEFT}
    if not draft.policy.bot:
        endings.close(draft, Role.SYSTEM, "handoff over", words="closed" if attended else "nobody")
        return
    if attended:
        draft.announce("left")
    turns.cue(draft, number)
    for entry in missed:
        turns.ask(draft, entry)


def leave(draft: Draft, *, note: str = "") -> None:
    """The client goes back to the bot: the platform is told."""
    handoff = handoffs.current(draft)
    draft.notify(handoff.transfer.last_message)
    come_back(draft, Outcome.CLIENT_LEFT, agent=handoff.agent, note=note, tell=Outcome.CLIENT_LEFT)


def abandon(draft: Draft, tell: Outcome | None, *, words: str = "") -> None:
    """End the session without a word to the bot. `tell`: what the platform is told, if anything; `words`: and how."""
    _let_go(draft, tell, words)
    draft.change(handoff=None)


def _let_go(draft: Draft, tell: Outcome | None, words: str = "") -> None:
    handoff = handoffs.current(draft)
    draft.cancel_timers("accept", "wait", "agent")
    if draft.policy.relays_to(handoff.platform):
        draft.drop_lane(handoff.platform, since=number_of(handoff.session))  # earlier ones close earlier sessions
    if tell is not None:
        reason = words or (handoff.transfer.last_message if tell is Outcome.CLIENT_LEFT else "")
        close_session(draft, handoff.platform, handoff.session, handoff.remote, outcome=tell, reason=reason)


def close_session(
    draft: Draft, platform: str, session: str, remote: str, *, outcome: Outcome = Outcome.CLOSED, reason: str = ""
) -> None:
    """Have the platform end a session, with a line for its agents."""
    text = reason or draft.text("client_gone" if outcome is Outcome.CLIENT_LEFT else "taken_back")
    draft.act(platform, CloseSession(session=session, remote=remote, outcome=outcome, text=text))
