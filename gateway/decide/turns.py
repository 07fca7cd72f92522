"""The bot's turns: asking it, and what its answer does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.conversation import Floor
from gateway.decide import endings, handoffs
from gateway.entries import BotFailed
from gateway.events import AskBot, BotReplied, BotSpoke, EffectFailed
from gateway.model import Message, Peer, Role, Transfer

if TYPE_CHECKING:
    from gateway.decide.draft import Draft


def ask(draft: Draft, number: int) -> None:
    """Give the bot its turn about entry `number`; without a bot, a human is asked for at once."""
    draft.change(turns=(*draft.conversation.turns, number))
    if draft.policy.bot:
        draft.act(draft.policy.bot, AskBot(number=number))
    else:
        handoffs.begin(draft, Transfer())


def replied(draft: Draft, event: BotReplied) -> None:
    """The bot answered a turn: all of the answer counts, or (if it lost the floor meanwhile) nothing."""
    if not _has_floor(draft, event.effect.epoch):
        draft.stale = True
        return
    assert isinstance(event.effect.action, AskBot)  # noqa: S101 - BotReplied is the outcome of AskBot only
    _end_turn(draft, event.effect.action.number)
    draft.change(bot_failures=0, attributes={**draft.conversation.attributes, **event.attributes})
    _speak(draft, event)


def spoke(draft: Draft, event: BotSpoke) -> None:
    """The bot said something later, or by itself."""
    if not _has_floor(draft, event.epoch):
        draft.stale = True
        return
    _speak(draft, event)


def failed(draft: Draft, event: EffectFailed) -> None:
    """A turn came to nothing: the client is told, or after some failures in a row a human is asked for."""
    if not _has_floor(draft, event.effect.epoch):
        return
    assert isinstance(event.effect.action, AskBot)  # noqa: S101
    number = event.effect.action.number
    _end_turn(draft, number)
    failures = draft.conversation.bot_failures + 1
    draft.change(bot_failures=failures)
    draft.log(BotFailed(number=number, reason=event.reason))
    if failures >= draft.policy.bot_failures_before_handoff and draft.policy.chain:
        draft.change(bot_failures=0)
        handoffs.begin(draft, Transfer(reason=f"The bot failed {failures} times: {event.reason}"))
    else:
        apologise(draft)


def apologise(draft: Draft) -> None:
    """Tell the client, on every channel, that there is no answer."""
    text = draft.policy.texts.get("bot_failed", draft.conversation.language)
    if text:
        draft.notify(text)


def after_return(draft: Draft, number: int, missed: tuple[int, ...]) -> None:
    """The dialog is back (entry `number`): the bot speaks first, then answers what nobody else got to hear."""
    if draft.policy.bot:
        for turn in (number, *missed):
            ask(draft, turn)
    else:
        endings.close(draft, Role.SYSTEM, "handoff over")


def _has_floor(draft: Draft, epoch: int | None) -> bool:
    conversation = draft.conversation
    return conversation.floor is Floor.BOT and epoch in {None, conversation.epoch}


def _end_turn(draft: Draft, number: int) -> None:
    turns = draft.conversation.turns
    draft.change(turns=tuple(turn for turn in turns if turn != number))


def _speak(draft: Draft, event: BotReplied | BotSpoke) -> None:
    if event.state is not None:
        draft.change(bot_state=event.state)
    for message in event.messages:
        say(draft, message)
    if event.transfer is not None:
        handoffs.begin(draft, event.transfer)
    elif event.close:
        endings.close(draft, Role.BOT, "")


def say(draft: Draft, message: Message) -> None:
    """Say something to the client as the bot."""
    draft.say(Role.BOT, Peer(id=draft.policy.bot), message, source=draft.policy.bot)
