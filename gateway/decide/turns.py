"""The bot's turns: asking it, and what its answer does.

A turn is open from the question (an `AskBot` in the bot's lane) until its answer counts, fails, or the bot loses the
floor. Open turns about the client's words are in `Conversation.turns`, all others in `Conversation.cues`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.conversation import Floor
from gateway.decide import endings, handoffs
from gateway.entries import BotFailed, DeliveryState, Waited
from gateway.events import AskBot, BotReplied, BotSpoke, EffectFailed
from gateway.model import Message, Peer, Role, Transfer

if TYPE_CHECKING:
    from gateway.decide.draft import Draft


def ask(draft: Draft, number: int) -> None:
    """Have the client's entry `number` answered; without a bot, a human is asked for at once."""
    if draft.policy.bot:
        draft.change(turns=(*draft.conversation.turns, number))
        draft.act(draft.policy.bot, AskBot(number=number))
    else:
        handoffs.begin(draft, Transfer(), unheard=(number,))


def cue(draft: Draft, number: int) -> None:
    """Give the bot a turn about something that is not the client's word."""
    draft.change(cues=(*draft.conversation.cues, number))
    draft.act(draft.policy.bot, AskBot(number=number))


def waited(draft: Draft) -> None:
    """The bot's wait is over, and the client has said nothing: the bot has a turn."""
    draft.change(again_at=None)
    cue(draft, draft.log(Waited()))


def take_over(draft: Draft) -> tuple[int, ...]:
    """End all open turns unanswered; return the client's entries among them."""
    unanswered = draft.conversation.turns
    draft.change(turns=(), cues=())
    if draft.policy.bot:
        draft.drop_lane(draft.policy.bot)
    return unanswered


def replied(draft: Draft, event: BotReplied) -> None:
    """The bot answered a turn: all of the answer counts, or (if the turn is over) nothing."""
    number = _number(event)
    if not _is_open(draft, event):
        draft.stale = bool(event.messages or event.transfer or event.close)
        return
    _end(draft, number)
    draft.change(bot_failures=0)
    if event.effect.delayed:
        draft.report(event.effect, DeliveryState.ARRIVED)
    draft.learn(event.attributes, draft.conversation.client)
    _speak(draft, event)


def spoke(draft: Draft, event: BotSpoke) -> None:
    """The bot said something later, or by itself."""
    if _has_floor(draft, event.epoch):
        draft.learn(event.attributes, draft.conversation.client)
        if event.transfer is not None and event.answers is not None:
            _end(draft, event.answers)
        _speak(draft, event)
    else:
        draft.stale = True


def failed(draft: Draft, event: EffectFailed) -> None:
    """A turn came to nothing: the client is told, or after some failures in a row a human is asked for."""
    if not _is_open(draft, event):
        return
    number = _number(event)
    unheard = (number,) if number in draft.conversation.turns else ()
    _end(draft, number)
    failures = draft.conversation.bot_failures + 1
    draft.change(bot_failures=failures)
    draft.log(BotFailed(number=number, reason=event.reason))
    if _is_enough(draft, failures):
        draft.change(bot_failures=0)
        transfer = Transfer(reason=f"The bot failed {failures} times: {event.reason}")
        handoffs.begin(draft, transfer, unheard=unheard)
    else:
        draft.notify(draft.text("bot_failed"), answers=number)


def _is_enough(draft: Draft, failures: int) -> bool:
    limit = draft.policy.bot_failures_before_handoff
    return bool(draft.policy.chain) and 0 < limit <= failures


def say(draft: Draft, message: Message, *, answers: int = 0) -> None:
    """Say something to the client as the bot. `answers`: the log number of what it was asked about."""
    draft.say(Role.BOT, Peer(id=draft.policy.bot), message, source=draft.policy.bot, answers=answers)


def _speak(draft: Draft, event: BotReplied | BotSpoke) -> None:
    """Do what the bot wants. A transfer wins over a close: who asks for a human cannot hang up as well.

    It does not wait for a client who has spoken meanwhile.
    """
    if event.state is not None:
        draft.change(bot_state=event.state)
    for message in event.messages:
        say(draft, message, answers=_number(event) if isinstance(event, BotReplied) else 0)
    if event.transfer is not None:
        handoffs.begin(draft, event.transfer)
    elif event.close:
        endings.close(draft, Role.BOT)
    elif event.again_after_seconds > 0 and not draft.conversation.turns:
        draft.wait_for_client(event.again_after_seconds)


def _has_floor(draft: Draft, epoch: int | None) -> bool:
    conversation = draft.conversation
    return conversation.floor is Floor.BOT and epoch in {None, conversation.epoch}


def _is_open(draft: Draft, event: BotReplied | EffectFailed) -> bool:
    """Tell whether the turn still waits for its answer: neither fenced off by the epoch, nor answered before."""
    open_turns = {*draft.conversation.turns, *draft.conversation.cues}
    return _has_floor(draft, event.effect.epoch) and _number(event) in open_turns


def _number(event: BotReplied | EffectFailed) -> int:
    assert isinstance(event.effect.action, AskBot)  # noqa: S101 - these are outcomes of AskBot only
    return event.effect.action.number


def _end(draft: Draft, number: int) -> None:
    conversation = draft.conversation
    draft.change(
        turns=tuple(turn for turn in conversation.turns if turn != number),
        cues=tuple(cue for cue in conversation.cues if cue != number),
    )
