"""Tells a human's words from our own that come back: the bot is an agent too, as Jivo sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import Floor, Media, Message, Role, Said, Text, plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway import Context, Conversation, Entry
    from gateway_jivo.marks import EventIds
    from gateway_jivo.wire import Event

ECHO_SECONDS = 60.0
"""ASSUMED: an echo does not take longer."""
LOOK_BACK_ENTRIES = 20


class Echoes:
    """Knows our own words."""

    def __init__(self, context: Context, ids: EventIds) -> None:
        self._context = context
        self._ids = ids

    async def is_echo(self, event: Event, conversation: Conversation | None) -> bool:
        """Tell whether an AGENT_MESSAGE is a BOT_MESSAGE of ours: by its id, its author, or what it says.

        What it says counts only while no human is known to be there: an agent may repeat the bot word by word.
        """
        if event.is_by_bot or self._ids.is_ours(event.id):
            return True
        if conversation is None or conversation.floor is Floor.AGENT:
            return False
        return await self._was_just_said(event, conversation)

    async def _was_just_said(self, event: Event, conversation: Conversation) -> bool:
        words = {each.strip() for each in _said_by(event) if each.strip()}
        if not words:
            return False
        before, since = conversation.head + 1, self._context.now() - ECHO_SECONDS
        entries = await self._context.conversations.entries(conversation.id, before=before, limit=LOOK_BACK_ENTRIES)
        return any(words & set(self._ours(entry)) for entry in entries if entry.at >= since)

    def _ours(self, entry: Entry) -> Iterator[str]:
        if not isinstance(entry.body, Said) or entry.body.role not in {Role.BOT, Role.SYSTEM}:
            return
        yield plain_text(entry.body.message, public_url=self._context.url("/").rstrip("/"))
        for content in entry.body.message.contents:
            yield plain_text(Message(contents=(content,))).strip()
            match content:
                case Text(text=text):
                    yield text.strip()
                case Media(attachment=file):
                    yield self._context.url(file.url)
                case _:
                    pass


def _said_by(event: Event) -> tuple[str, ...]:
    said = event.message
    return (said.file,) if said and said.file else (said.text, said.content) if said else ()
