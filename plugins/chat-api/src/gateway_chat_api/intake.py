"""A caller's request as an event of the gateway."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from gateway import (
    Buttons,
    Carousel,
    ClientStarted,
    ClientWrote,
    Floor,
    Media,
    MediaKind,
    Message,
    Peer,
    Pressed,
    Said,
    Text,
    TooLarge,
)
from gateway_chat_api import wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway import Button, Context
    from gateway_chat_api.options import ChatApiOptions
    from gateway_chat_api.wire import Ask, FileLink

LOOK_BACK_ENTRIES = 30
"""How far back a button is looked for that a query may be the press of."""


class Intake:
    """Makes events of requests."""

    def __init__(self, context: Context, options: ChatApiOptions) -> None:
        """`options`: the instance's."""
        self._context = context
        self._options = options

    async def event(self, ask: Ask, message_id: str) -> ClientStarted | ClientWrote:
        """Return what the client did. Raises `BadInput`, `TooLarge`."""
        if max(len(ask.query), len(ask.event)) > self._options.text_length:
            raise TooLarge(f"query, event: at most {self._options.text_length} characters")
        is_file = ask.event == wire.FILE_EVENT
        facts = wire.facts_in(None if is_file and not isinstance(ask.data, dict) else ask.data)
        client = Peer(id=ask.client_id, name=facts.name)
        if await self._is_start(ask):
            return ClientStarted(
                client=client, payload=ask.start or "", attributes=facts.attributes, language=facts.language
            )
        message = Message(contents=tuple(await self._contents(ask)), id=message_id)
        return ClientWrote(client=client, message=message, attributes=facts.attributes, language=facts.language)

    async def _is_start(self, ask: Ask) -> bool:
        """A start that brings nothing along is a start of a new conversation only; in a running one it is a word."""
        if ask.start is None:
            return False
        known = await self._context.conversations.of_client(ask.client_id)
        return bool(ask.start) or known is None or known.floor is Floor.CLOSED

    async def _contents(self, ask: Ask) -> list[Text | Media | Pressed]:
        files = wire.files_in(ask.data) if ask.event == wire.FILE_EVENT else ()
        if not files and ask.event == wire.FILE_EVENT:
            self._context.ignored("fileEvent without a file")
        words = [await self._words(ask)] if ask.query.strip() else []
        media = await asyncio.gather(*map(self._media, files))
        return [*words, *media] or [Pressed(value=ask.event)]

    async def _media(self, link: FileLink) -> Media:
        file = await self._context.files.take(link.url, name=link.name, media_type=link.media_type, size=link.size)
        return Media(kind=MediaKind.of(file.media_type), attachment=file)

    async def _words(self, ask: Ask) -> Text | Pressed:
        """Callers press a button by saying its text, or its value."""
        for button in await self._buttons(ask.client_id):
            if ask.query in {button.text, button.value or button.text}:
                return Pressed(value=button.value or button.text, text=button.text)
        return Text(text=ask.query)

    async def _buttons(self, client: str) -> list[Button]:
        """Return the buttons the client saw last."""
        known = await self._context.conversations.of_client(client)
        if known is None or known.floor is Floor.CLOSED:
            return []
        entries = await self._context.conversations.entries(known.id, before=known.head + 1, limit=LOOK_BACK_ENTRIES)
        for entry in reversed(entries):
            if isinstance(entry.body, Said) and (found := list(_buttons_of(entry.body.message))):
                return found
        return []


def _buttons_of(message: Message) -> Iterator[Button]:
    for content in message.contents:
        match content:
            case Buttons(buttons=buttons):
                yield from (each for each in buttons if not each.url)
            case Carousel(cards=cards):
                yield from (each for card in cards for each in card.buttons if not each.url)
