"""Messages to the client, as BOT_MESSAGE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway import Buttons, Location, Markup, Media, Message, Receipt, Text, plain_text
from gateway_jivo import wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gateway import Context, Outgoing
    from gateway_jivo.api import Api
    from gateway_jivo.options import JivoOptions

PREFIX = "sent:"


class Outbox:
    """Says things in Jivo. A message that needs several events goes on where it was after a failure."""

    def __init__(self, context: Context, options: JivoOptions, api: Api) -> None:
        self._context = context
        self._options = options
        self._api = api

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Post a message. The receipt has the id of its last event."""
        bodies = list(self.bodies(outgoing.message))
        done = await self._done(outgoing.id) if len(bodies) > 1 else 0
        event_id = ""
        for number, body in enumerate(bodies):
            if number < done:
                continue
            key = f"{outgoing.id}#{number}" if number else outgoing.id
            said = {**body, "timestamp": int(self._context.now())}
            event_id = await self._api.post("BOT_MESSAGE", outgoing.client.id, key=key, message=said)
            if len(bodies) > 1:
                await self._confirm(outgoing.id, number + 1 if number + 1 < len(bodies) else None)
        return Receipt(remote_id=event_id)

    async def _done(self, message: str) -> int:
        found = await self._context.storage.get(PREFIX + message)
        return found if isinstance(found, int) else 0

    async def _confirm(self, message: str, done: int | None) -> None:
        await self._context.storage.put(PREFIX + message, done)

    def bodies(self, message: Message) -> Iterator[dict[str, Any]]:
        """Yield the messages of Jivo's that say it: as few as possible, without their time."""
        words: Text | None = None
        for content in message.contents:
            if isinstance(content, Buttons):
                title = _plain(words) if words else self._options.buttons_title
                yield wire.buttons(title, content.buttons, force_reply=self._options.force_reply)
                words = None
                continue
            yield from self._texts(words)
            words = content if isinstance(content, Text) else None
            match content:
                case Media(kind=kind, attachment=attachment, caption=caption):
                    yield wire.file(kind, self._context.url(attachment.url), caption)
                case Location(latitude=latitude, longitude=longitude, title=title):
                    yield from self._texts(Text(text=title) if title else None)
                    yield wire.location(latitude, longitude)
                case _:
                    pass
        yield from self._texts(words)

    def _texts(self, words: Text | None) -> Iterable[dict[str, Any]]:
        if words is None:
            return ()
        if words.markup is Markup.MARKDOWN and self._options.markdown:
            return (wire.markdown(words.text, _plain(words)),)
        return (wire.text(_plain(words)),)


def _plain(words: Text) -> str:
    return plain_text(Message(contents=(words,)))
