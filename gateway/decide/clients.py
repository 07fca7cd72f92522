"""What the client does: start, write, change, leave the agent, end the conversation."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from gateway.conversation import Floor
from gateway.decide import endings, handoffs, returns, turns
from gateway.entries import Said, Started
from gateway.model import Message, Peer, Pressed, Role, Transfer

if TYPE_CHECKING:
    from gateway.decide.draft import Draft
    from gateway.events import ClientAsked, ClientChanged, ClientClosed, ClientLeftAgent, ClientStarted, ClientWrote

OUTER_PUNCTUATION = string.punctuation + string.whitespace + "«»“”„…¿¡"


def started(draft: Draft, event: ClientStarted) -> None:
    """The chat was opened: the bot greets a new client, and hears of every deep link."""
    fresh = draft.conversation.head == 0
    changed(draft, event)
    if fresh or (event.payload and draft.conversation.floor is Floor.BOT):
        number = draft.log(Started(payload=event.payload))
        if draft.policy.bot:
            turns.cue(draft, number)


def wrote(draft: Draft, event: ClientWrote) -> None:
    """The client said something: it goes to whoever has, or is about to get, the floor."""
    changed(draft, event)
    said = Said(role=Role.CLIENT, author=draft.conversation.client, message=event.message, source=draft.policy.channel)
    number = draft.log(said)
    draft.change(active_at=draft.now, handoff_failures=0)
    draft.wait_no_more()
    if draft.conversation.floor is Floor.BOT:
        handoffs.keep(draft, number)
        turns.ask(draft, number)
    elif phrase := leaving_phrase(event.message, handoffs.close_phrases(draft)):
        returns.leave(draft, note=phrase)
    else:
        handoffs.relay(draft, number)


def changed(draft: Draft, event: ClientStarted | ClientWrote | ClientChanged | ClientAsked) -> None:
    """Take over what the event says about the client; what it does not say stays."""
    known = draft.conversation.client
    client = Peer(
        id=known.id,
        name=event.client.name or known.name,
        avatar_url=event.client.avatar_url or known.avatar_url,
    )
    draft.change(
        language=event.language or draft.conversation.language,
        verified=event.verified or draft.conversation.verified,
    )
    draft.learn(event.attributes, client)


def asked(draft: Draft, event: ClientAsked) -> None:
    """A human is asked for without the bot; what is being done anyway is not begun again."""
    changed(draft, event)
    if draft.conversation.floor is not Floor.BOT and _is_under_way(draft, event.transfer):
        return
    draft.change(active_at=draft.now, handoff_failures=0)
    handoffs.begin(draft, event.transfer, by=Role.CLIENT)


def _is_under_way(draft: Draft, transfer: Transfer) -> bool:
    """A human is called, or there: nothing to do, unless it shall be another one. For a message there is no need."""
    handoff = handoffs.current(draft)
    return transfer.one_time_message or transfer.destination in {handoff.destination, handoff.transfer.destination}


def left_agent(draft: Draft, _event: ClientLeftAgent) -> None:
    """The client pressed the button back to the bot. Too late or twice: nothing to do."""
    if draft.conversation.handoff and draft.conversation.floor is not Floor.BOT:
        returns.leave(draft)


def closed(draft: Draft, event: ClientClosed) -> None:
    """The client ended the conversation."""
    endings.close(draft, Role.CLIENT, event.reason)


def leaving_phrase(message: Message, phrases: tuple[str, ...]) -> str:
    """Return the close phrase the message consists of, if it is one: by its words or by the button pressed."""
    said = {_bare(message.text)} | {_bare(each.value) for each in message.contents if isinstance(each, Pressed)}
    return next((phrase for phrase in phrases if _bare(phrase) in said - {""}), "")


def _bare(words: str) -> str:
    return words.strip(OUTER_PUNCTUATION).casefold()
