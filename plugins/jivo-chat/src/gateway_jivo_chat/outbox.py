"""What Jivo is told of a client, in the order its agents are to read it."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from gateway import Failure, History, Location, Media, Message, Peer, Pressed, Role, Said, Stage, Text
from gateway_jivo_chat import choices, wire

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from gateway import Closing, Context, Conversation, Entry, Opening, Outgoing, Transfer
    from gateway_jivo_chat.dialogs import Dialog
    from gateway_jivo_chat.jivo import Jivo
    from gateway_jivo_chat.options import JivoChatOptions

LOOK_BACK_ENTRIES = 20
"""How far back the agent's last message is looked for."""


class Outbox:
    """Writes events to one channel."""

    def __init__(self, context: Context, options: JivoChatOptions, jivo: Jivo) -> None:
        self._context = context
        self._options = options
        self._jivo = jivo
        self._history = History(context, options.labels)

    # --- an opening, a closing ---

    async def opening(self, opening: Opening, dialog: Dialog) -> list[Callable[[], Awaitable[object]]]:
        """Return the steps that hand a dialog over. All have the time of the opening: what follows is not older."""
        about = self._about(opening.attributes, opening.transfer, opening.destination)
        sender = self._sender(dialog.sender, opening.client, about)
        texts = [
            wire.message("text", f"{opening.id}.h{number}", dialog.opened_at, text=text)
            for number, text in enumerate(await self._first_words(opening), start=1)
        ]
        again = [wire.message("start", f"{opening.id}.s", dialog.opened_at)] if dialog.resumed else []
        return [partial(self._jivo.post, sender, message) for message in (*again, *texts)]

    def closing(self, closing: Closing, dialog: Dialog) -> list[Callable[[], Awaitable[object]]]:
        """Return the steps that end a dialog from the client's side."""
        sender, now = self._sender(dialog.sender, closing.client), self._context.now()
        words = [wire.message("text", f"{closing.id}.t", now, text=closing.text)] if closing.text else []
        steps = (*words, wire.message("stop", closing.id, now))
        return [partial(self._jivo.post, sender, message) for message in steps]

    async def _first_words(self, opening: Opening) -> list[str]:
        """History, then the first message. In Jivo there is no dialog before somebody has said something."""
        lines = self._history.lines(opening)
        if self._options.history == "block" and lines:
            lines = ["\n".join(lines)]
        words = [*lines, *filter(None, [opening.first_message])]
        if words:
            return words
        conversation = await self._context.conversations.get(opening.conversation)
        more_to_come = conversation and conversation.handoff and conversation.handoff.live
        return [] if more_to_come else [self._options.no_words]

    def _about(self, attributes: Mapping[str, str], transfer: Transfer, destination: str) -> dict[str, Any]:
        """Everything a bot may say about a client that Jivo has a place for; hidden attributes stay hidden."""
        fields = self._options.fields
        rest = {key: value for key, value in attributes.items() if key not in fields.values()}
        return {
            **{field: attributes.get(name, "") for field, name in fields.items()},
            "group": destination or self._options.group,
            "intent": transfer.theme,
            "custom_data": wire.custom_data(rest, transfer.custom_data, self._options.custom_data),
        }

    def _known(self, conversation: Conversation | None) -> dict[str, Any]:
        """What goes along with a message until an agent has the dialog: then they may have moved or corrected it."""
        handoff = conversation.handoff if conversation else None
        if conversation is None or handoff is None or handoff.stage is Stage.JOINED:
            return {}
        attributes = {**conversation.attributes, **handoff.transfer.attributes}
        return self._about(attributes, handoff.transfer, handoff.destination)

    def _sender(self, known_as: str, client: Peer, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
        photo = self._context.url(client.avatar_url) if client.avatar_url else ""
        return wire.user(known_as, client, photo=photo, more=more)

    # --- a message ---

    async def send(self, outgoing: Outgoing, dialog: Dialog) -> None:
        """Say what the client said: one content, by the capabilities."""
        entries = await self._context.conversations.entries(
            outgoing.conversation, before=outgoing.number + 1, limit=LOOK_BACK_ENTRIES
        )
        known = self._known(await self._context.conversations.get(outgoing.conversation))
        sender = self._sender(dialog.sender, outgoing.client, known)
        at = max(entries[-1].at if entries else self._context.now(), dialog.opened_at)
        asked = _heard(entries[:-1])
        if asked and asked.id and self._options.seen:
            await self._saw(sender, asked.id, at)
        for content in outgoing.message.contents:
            members = self._members(content, asked)
            if members:
                await self._jivo.post(sender, wire.message(members.pop("kind"), outgoing.id, at, **members))

    async def _saw(self, sender: Mapping[str, Any], message_id: str, at: float) -> None:
        """A client who answers has read what they answer. Nothing depends on it."""
        with suppress(Failure):
            await self._jivo.post(sender, wire.message("seen", message_id, at))

    def _members(self, content: object, asked: Message | None) -> dict[str, Any]:
        """Return a message's type and members; empty: nothing to say."""
        match content:
            case Text(text=text):
                return choices.typed(text, asked) or {"kind": "text", "text": text}
            case Pressed(value=value, text=text) if value or text:
                return choices.answer(value, text) or {"kind": "text", "text": text or value}
            case Media(attachment=file):
                return wire.media(content, self._context.url(file.url))
            case Location(latitude=latitude, longitude=longitude, title=title):
                return {"kind": "location", "latitude": latitude, "longitude": longitude, "title": title}
            case _:
                return {}

    # --- signs ---

    async def types(self, client: Peer, known_as: str) -> None:
        """The client is typing."""
        now = self._context.now()
        await self._jivo.post(self._sender(known_as, client), {"type": "typein", "date": int(now)})

    async def rates(self, conversation: Conversation, entry: Entry, value: int) -> None:
        """The client rates a dialog that is over."""
        client = conversation.client
        sender = self._sender(wire.sender_id(conversation.channel, client.id), client)
        await self._jivo.post(sender, wire.message("rate", f"{conversation.id}.e{entry.number}", entry.at, value=value))


def _heard(before: Sequence[Entry]) -> Message | None:
    """Return the agent's last message, unless the client has said something since."""
    said = [entry.body for entry in before if isinstance(entry.body, Said) and entry.body.role is not Role.SYSTEM]
    return said[-1].message if said and said[-1].role is Role.AGENT else None
