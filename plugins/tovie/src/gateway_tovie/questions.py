"""What the script is asked: a client's words as a query, everything else as an event.

Documented at https://help.cloud.tovie.ai/platform/api/chat_api: `clientId`, then `query` or `event`, and `data`. Names
of events: `fileEvent`, `fileTooBigEvent`, `livechatFinished`, `noLivechatOperatorsOnline`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway import (
    Contact,
    Conversation,
    Left,
    Location,
    Media,
    Message,
    Outcome,
    Pressed,
    Said,
    Started,
    Text,
    Waited,
    plain_text,
)
from gateway_tovie import wire

if TYPE_CHECKING:
    from gateway import Context, Entry, Turn
    from gateway_tovie.options import TovieOptions

MEGABYTE = 1024 * 1024
MOST_TRANSCRIPT = 50
NOBODY_CAME = frozenset({Outcome.OFFLINE, Outcome.REFUSED, Outcome.WAIT_TIMEOUT})


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One request, but for who asks. One of `query` and `event` says something."""

    query: str = ""
    event: str = ""
    data: Any = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said that could be answered."""
        return not self.query.strip() and not self.event

    def body(self, client_id: str) -> dict[str, Any]:
        """Return the body of the request."""
        what = {"event": self.event} if self.event else {"query": self.query}
        return {"clientId": client_id, **what, "data": self.data}


def client_id(conversation: Conversation) -> str:
    """Return who the script talks to: a client of a channel, over all their conversations."""
    return f"{conversation.channel}:{conversation.client.id}"


def client_of(client: str) -> tuple[str, str]:
    """Return channel and client of a `clientId`; a channel's name has no colon."""
    channel, _, found = client.partition(":")
    return channel, found


class Questions:
    """Writes the questions of one instance."""

    def __init__(self, context: Context, options: TovieOptions) -> None:
        self._context = context
        self._options = options

    def of(self, turn: Turn) -> Question | None:
        """Return what a turn asks; None: nothing."""
        data = self._about(turn.conversation, turn.agents_online)
        match turn.cause.body:
            case Said(message=message):
                return self.words(message, data, turn.state)
            case Started(payload=payload):
                return self._start(payload, data)
            case Waited():
                state = wire.words(turn.state.get("wait"))
                return Question(event=state, data={**data, "targetState": state}) if state else None
            case Left() as left:
                return self._back(turn, left, data)
            case _:
                return None

    def for_agents(self, conversation: Conversation, message: Message) -> Question:
        """Return a client's words for Tovie's own agents."""
        return self.words(message, self._about(conversation, None), {})

    def _about(self, conversation: Conversation, online: bool | None) -> dict[str, Any]:
        """What the script may want to know: `$request.data`."""
        known = {
            "clientName": conversation.client.name,
            "language": conversation.language,
            "livechatStatus": None if online is None else {"enabled": online},
        }
        return {
            "channel": conversation.channel,
            "conversation": conversation.id,
            "verified": conversation.verified,
            "attributes": dict(conversation.attributes),
            **{name: value for name, value in known.items() if value},
        }

    def _start(self, payload: str, data: dict[str, Any]) -> Question | None:
        if payload:
            data["payload"] = payload
        match self._options.start_by:
            case "query":
                return Question(query=self._options.start, data=data)
            case "event":
                return Question(event=self._options.start, data=data)
            case _:
                return None

    # --- what the client said ------------------------------------------------------------------------------------

    def words(self, message: Message, data: dict[str, Any], state: Mapping[str, Any]) -> Question:
        """Return what a message says. Files win over words: those go along as the files' `text`."""
        for content in message.contents:
            match content:
                case Media():
                    return self._files(message, data)
                case Location() as place:
                    return self._place(place, message, data)
                case Contact() as contact:
                    return self._contact(contact, message, data)
                case Pressed(value=value, text=text):
                    return _pressed(value, text, data, state)
                case _:
                    pass
        return _typed(message.text, data, state)

    def _files(self, message: Message, data: dict[str, Any]) -> Question:
        media = [each for each in message.contents if isinstance(each, Media)]
        said = "\n".join(each.text for each in message.contents if isinstance(each, Text))
        files = [self._file(each, said if index == 0 else "") for index, each in enumerate(media)]
        too_big = any((each.attachment.size or 0) > self._options.file_limit_mb * MEGABYTE for each in media)
        return Question(
            event=wire.FILE_TOO_BIG if too_big else wire.FILE,
            data=files if self._options.file_data == "list" else {**data, "files": files},
        )

    def _file(self, media: Media, said: str) -> dict[str, Any]:
        """ASSUMED: the platform's own members are not documented; these are what a script can use."""
        file, text = media.attachment, "\n".join(filter(None, (media.caption, said)))
        size = {} if file.size is None else {"size": file.size}
        words = {"text": text} if text else {}
        return {
            "url": self._context.url(file.url),
            "name": file.name,
            "type": media.kind.value,
            "mediaType": file.media_type,
            **size,
            **words,
        }

    def _place(self, place: Location, message: Message, data: dict[str, Any]) -> Question:
        data["location"] = {"lat": place.latitude, "lon": place.longitude, "title": place.title}
        if self._options.location_event:
            return Question(event=self._options.location_event, data=data)
        return Question(query=message.text or f"{place.latitude}, {place.longitude}", data=data)

    def _contact(self, contact: Contact, message: Message, data: dict[str, Any]) -> Question:
        data["contact"] = {"name": contact.name, "phone": contact.phone, "email": contact.email}
        if self._options.contact_event:
            return Question(event=self._options.contact_event, data=data)
        return Question(query=message.text or contact.phone or contact.email or contact.name, data=data)

    # --- what became of a handoff --------------------------------------------------------------------------------

    def _back(self, turn: Turn, left: Left, data: dict[str, Any]) -> Question | None:
        own = left.platform == self._context.name
        if own and left.outcome in {Outcome.RETURNED, Outcome.CLOSED}:
            return None  # Tovie itself gave it back: its script has spoken already.
        phrase = left.note if left.outcome is Outcome.CLIENT_LEFT else ""
        if own and left.outcome is not Outcome.REFUSED:
            phrase = phrase or leaving_phrase(turn.state)
        data["livechat"] = self._livechat(left, turn.transcript)
        if phrase:
            return Question(query=phrase, data=data)
        return Question(event=self._event(left), data=data)

    def _event(self, left: Left) -> str:
        nobody = left.outcome in NOBODY_CAME or (left.outcome is Outcome.PLATFORM_LOST and left.agent is None)
        return self._options.outcome_events.get(left.outcome) or (wire.NOBODY if nobody else wire.FINISHED)

    def _livechat(self, left: Left, transcript: tuple[Entry, ...]) -> dict[str, Any]:
        return {
            "outcome": left.outcome.value,
            "note": left.note,
            "agent": left.agent.name if left.agent else "",
            "messages": [line for entry in transcript[-MOST_TRANSCRIPT:] for line in self._line(entry)],
        }

    def _line(self, entry: Entry) -> list[dict[str, str]]:
        if not isinstance(entry.body, Said):
            return []
        text = plain_text(entry.body.message, public_url=self._context.url("/").rstrip("/"))
        return [{"from": entry.body.role.value, "text": text}]


def leaving_phrase(state: Mapping[str, Any]) -> str:
    """Return the phrase by which a client leaves Tovie's own agents; empty: there is none."""
    agents = state.get("agents")
    return wire.words(agents.get("leave")) if isinstance(agents, Mapping) else ""


def _typed(text: str, data: dict[str, Any], state: Mapping[str, Any]) -> Question:
    """A channel without buttons shows them as words, and a client types them."""
    return _pressed("", text, data, state) if text in _offered(state) else Question(query=text, data=data)


def _pressed(value: str, text: str, data: dict[str, Any], state: Mapping[str, Any]) -> Question:
    """A button says its text, or its callback data; its other members go back as they came."""
    label = text or value
    more = _offered(state).get(label)
    more = dict(more) if isinstance(more, Mapping) else {}
    data["button"] = {"text": label, **more}
    return Question(query=value or wire.words(more.get("callback_data")) or label, data=data)


def _offered(state: Mapping[str, Any]) -> Mapping[str, Any]:
    found = state.get("buttons")
    return found if isinstance(found, Mapping) else {}
