"""From a turn to the activities the bot is sent. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gateway import (
    Context,
    Left,
    Location,
    Media,
    Message,
    Outcome,
    Pressed,
    Role,
    Said,
    Started,
    plain_text,
    read_json,
)
from gateway_bot_framework.wire import STATUS, activity_id

if TYPE_CHECKING:
    from gateway import Conversation, Entry, Turn
    from gateway_bot_framework.options import BotFrameworkOptions

MET = "met"
"""In the bot's memory: it has been told of the conversation."""
FAILED = frozenset({Outcome.OFFLINE, Outcome.REFUSED, Outcome.WAIT_TIMEOUT, Outcome.PLATFORM_LOST})
DELIVERY = {"inline": "expectReplies", "callback": "normal"}

Json = dict[str, Any]


class Asking:
    """Writes the activities of one instance."""

    def __init__(self, context: Context, options: BotFrameworkOptions, *, service_url: str) -> None:
        """`service_url`: where the bot may call back."""
        self._context = context
        self._options = options
        self._service_url = service_url

    def activities(self, turn: Turn) -> Iterator[Json]:
        """Return what the bot is sent in this turn, one after another. A new conversation is announced first."""
        opened = isinstance(turn.cause.body, Started)
        if opened or not turn.state.get(MET):
            yield self._whole(turn, "-start", self._update(turn))
        if not opened:
            yield self._whole(turn, "", self._cause(turn))

    def _whole(self, turn: Turn, suffix: str, own: Json) -> Json:
        conversation = turn.conversation
        locale = {"locale": conversation.language} if conversation.language else {}
        return {
            "id": activity_id(f"{turn.id}{suffix}", turn.epoch, turn.cause.number),
            "timestamp": datetime.fromtimestamp(turn.cause.at, UTC).isoformat(),
            "channelId": self._options.channel_id,
            "serviceUrl": self._service_url,
            "deliveryMode": DELIVERY[self._options.answers],
            "conversation": {"id": conversation.id},
            "from": _client(conversation),
            "recipient": {"id": self._options.bot_id, "role": "bot"},
            **locale,
            **own,
        }

    def _update(self, turn: Turn) -> Json:
        """The client has come. What a deep link carried is in `channelData`."""
        payload = turn.cause.body.payload if isinstance(turn.cause.body, Started) else ""
        data = {"channelData": {**_about(turn.conversation), "payload": payload}}
        return {"type": "conversationUpdate", "membersAdded": [_client(turn.conversation)], **data}

    def _cause(self, turn: Turn) -> Json:
        match turn.cause.body:
            case Said(message=message):
                about = {"channelData": _about(turn.conversation)}
                return {"type": "message", **self._said(message), **about}
            case Left() as left:
                return self._status(left, turn)
            case body:
                return {"type": "event", "name": body.type}

    # --- words ---

    def _said(self, message: Message) -> Json:
        if len(message.contents) == 1 and isinstance(message.contents[0], Pressed):
            return _pressed(message.contents[0])
        files = [each for each in message.contents if isinstance(each, Media)]
        places = [each for each in message.contents if isinstance(each, Location)]
        return {
            "text": self._words(message),
            "textFormat": "plain",
            "attachments": [self._file(each) for each in files],
            "entities": [_place(each) for each in places],
        }

    def _words(self, message: Message) -> str:
        """All words; files and places go apart from them, with a caption and a title among the words."""
        captions = [each.caption for each in message.contents if isinstance(each, Media) and each.caption]
        rest = tuple(each for each in message.contents if not isinstance(each, Media | Location))
        words = plain_text(Message(contents=rest), public_url=self._context.url("/").rstrip("/")) if rest else ""
        return "\n".join(filter(None, (*captions, words)))

    def _file(self, media: Media) -> Json:
        file = media.attachment
        return {"contentType": file.media_type, "contentUrl": self._context.url(file.url), "name": file.name}

    # --- the way back ---

    def _status(self, left: Left, turn: Turn) -> Json:
        """Tell that the handoff is over. What agent and client said goes along as a transcript."""
        state = "failed" if left.outcome in FAILED else "completed"
        said = [self._line(entry, entry.body) for entry in turn.transcript if isinstance(entry.body, Said)]
        said = [line for line in said if line["from"]["role"] != Role.SYSTEM]
        transcript = {"contentType": "application/json", "name": "Transcript", "content": {"activities": said}}
        return {
            "type": "event",
            "name": STATUS,
            "value": {"state": state, "message": left.note or left.outcome.value},
            "channelData": {**_about(turn.conversation), "outcome": left.outcome.value, "note": left.note},
            "attachments": [transcript] if said else [],
        }

    def _line(self, entry: Entry, said: Said) -> Json:
        role = {Role.CLIENT: "user", Role.BOT: "bot"}.get(said.role, said.role.value)
        return {
            "type": "message",
            "timestamp": datetime.fromtimestamp(entry.at, UTC).isoformat(),
            "from": {"id": said.author.id or role, "name": said.author.name, "role": role},
            "text": plain_text(said.message, public_url=self._context.url("/").rstrip("/")),
            "textFormat": "plain",
        }


def _client(conversation: Conversation) -> Json:
    """The client, with an id that is unique for the bot: those of two channels may be the same."""
    client = conversation.client
    named = {"name": client.name} if client.name else {}
    return {"id": f"{conversation.channel}:{client.id}", "role": "user", **named}


def _about(conversation: Conversation) -> Json:
    """What the gateway knows of the client, for bots that look for it."""
    return {
        "channel": conversation.channel,
        "route": conversation.route,
        "attributes": dict(conversation.attributes),
        "verified": conversation.verified,
    }


def _pressed(pressed: Pressed) -> Json:
    """A button says its text, as a Web Chat does; one whose value is an object says that."""
    try:
        value = read_json(pressed.value)
    except ValueError:
        value = None
    if isinstance(value, Mapping | list):
        return {"value": value}
    return {"text": pressed.value, "textFormat": "plain"}


def _place(place: Location) -> Json:
    geo = {"type": "GeoCoordinates", "latitude": place.latitude, "longitude": place.longitude, "name": place.title}
    return {"type": "Place", "name": place.title, "geo": geo}
