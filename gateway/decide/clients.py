"""What the client does: start, write, change, leave the agent, end the conversation."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from gateway.conversation import Floor
from gateway.decide import endings, handoffs, turns
from gateway.entries import Changed, Said, Started
from gateway.events import ClientChanged, ClientClosed, ClientEvent, ClientLeftAgent, ClientStarted, ClientWrote
from gateway.model import Message, Outcome, Pressed, Role

if TYPE_CHECKING:
    from gateway.decide.draft import Draft


def started(draft: Draft, event: ClientStarted) -> None:
    """The chat was opened: the bot greets a new client, and hears of every deep link."""
    fresh = draft.conversation.head == 0
    _absorb(draft, event)
    if fresh:
        draft.set_timer("idle", draft.policy.idle_timeout)
    if fresh or (event.payload and draft.conversation.floor is Floor.BOT):
        number = draft.log(Started(payload=event.payload))
        if draft.policy.bot:
            turns.ask(draft, number)


def wrote(draft: Draft, event: ClientWrote) -> None:
    """The client said something: it goes to whoever has, or is about to get, the floor."""
    if draft.conversation.head == 0:
        draft.set_timer("idle", draft.policy.idle_timeout)
    _absorb(draft, event)
    client = draft.conversation.client
    number = draft.log(Said(role=Role.CLIENT, author=client, message=event.message, source=draft.policy.channel))
    draft.change(active_at=draft.now, handoff_failures=0)
    if draft.conversation.floor is Floor.BOT:
        turns.ask(draft, number)
    elif phrase := leaving_phrase(event.message, handoffs.close_phrases(draft)):
        handoffs.leave(draft, Outcome.CLIENT_LEFT, note=phrase)
    else:
        handoffs.relay(draft, number)


def changed(draft: Draft, event: ClientChanged) -> None:
    """New facts about the client."""
    _absorb(draft, event)


def left_agent(draft: Draft, _event: ClientLeftAgent) -> None:
    """The client pressed the button back to the bot. Too late or twice: nothing to do."""
    if draft.conversation.handoff and draft.conversation.floor is not Floor.BOT:
        handoffs.leave(draft, Outcome.CLIENT_LEFT)


def closed(draft: Draft, event: ClientClosed) -> None:
    """The client ended the conversation."""
    endings.close(draft, Role.CLIENT, event.reason)


def leaving_phrase(message: Message, phrases: tuple[str, ...]) -> str:
    """Return the close phrase the message consists of, if it is one: by its words or by the button pressed."""
    said = {_bare(message.text)} | {_bare(c.value) for c in message.contents if isinstance(c, Pressed)}
    return next((phrase for phrase in phrases if _bare(phrase) in said), "")


def _bare(words: str) -> str:
    return words.strip(string.punctuation + string.whitespace + "«»“”„…").casefold()


def _absorb(draft: Draft, event: ClientEvent) -> None:
    """Take over what the event says about the client; log it if it is news in a running conversation."""
    if isinstance(event, ClientLeftAgent | ClientClosed):
        return
    known = draft.conversation
    news = {key: value for key, value in event.attributes.items() if known.attributes.get(key) != value}
    client = event.client if event.client.name or event.client.avatar_url else known.client
    draft.change(
        client=client,
        attributes={**known.attributes, **news},
        language=event.language or known.language,
        verified=known.verified or event.verified,
    )
    if known.head and (news or client != known.client):
        draft.log(Changed(attributes=news, client=client if client != known.client else None))
