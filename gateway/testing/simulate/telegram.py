"""Telegram by hand: people who write to the bot."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from gateway.testing.simulate.stage import (
    Act,
    Button,
    Chat,
    Composer,
    Field,
    File,
    Given,
    Line,
    Notice,
    NotNow,
    Setup,
    Span,
    Switch,
    Upload,
    plain,
)
from gateway.testing.simulate.transcripts import unused
from gateway.testing.telegram import FakeTelegram, Person

if TYPE_CHECKING:
    import aiohttp
    from aiohttp import web

    from gateway.testing.telegram.state import StoredFile

Json = Mapping[str, Any]

TYPING_SECONDS = 5.0
"""How long Telegram shows it."""
POLL = "getUpdates"
PICTURES = {"image/jpeg", "image/png", "image/webp"}
MARKS = {
    "bold": "bold",
    "italic": "italic",
    "strikethrough": "strike",
    "code": "code",
    "pre": "pre",
    "blockquote": "quote",
}
FILES = ("photo", "document", "voice", "audio", "video", "video_note", "animation", "sticker")
NAMES = (("Ann", "Lee", "en"), ("Boris", "Petrov", "ru"))


@dataclass(kw_only=True, slots=True)
class Known:
    """Somebody, and what they did."""

    person: Person
    messages: list[dict[str, Any]] = field(default_factory=list)
    """Their own, in Telegram's words."""
    happened: list[Line] = field(default_factory=list)
    """Presses and the like; ids are Telegram's numbers."""
    seen: tuple[int, int] = (0, 0)
    """How many signs of typing, and how many messages of the bot there were."""
    typing: float = 0


class TelegramStage:
    """A bot's server, and everybody who has the bot in their list."""

    name = "telegram"
    title = "Telegram"
    part = "You are the people who write to the bot."
    chat_word = "People"
    empty = "Add somebody who writes to the bot."
    calls: Sequence[str] = ("sendMessage", "sendPhoto", "sendDocument", "answerCallbackQuery", "getFile", "getMe", POLL)

    def __init__(self) -> None:
        """Two people, who have not written yet."""
        self._telegram = FakeTelegram(retry_seconds=2.0, first_update=unused())
        self._people: dict[str, Known] = {}
        for first, last, language in NAMES:
            self._add(first, last, language)

    def _add(self, first: str, last: str, language: str) -> str:
        more = {"last_name": last} if last else {}
        person = self._telegram.person(first, language_code=language, username=f"{first.lower()}_sim", **more)
        self._people[str(person.id)] = Known(person=person)
        return str(person.id)

    # --- the fake ------------------------------------------------------------------------------------------------

    def routes(self) -> Iterable[web.RouteDef]:
        """Serve the Bot API."""
        return self._telegram.routes()

    async def begin(self, url: str, *, gateway: str, traces: Sequence[aiohttp.TraceConfig]) -> None:  # noqa: ARG002
        """Be the server at `url`. The gateway comes by itself."""
        await self._telegram.begin(url, traces=traces)

    async def end(self) -> None:
        """Let go."""
        await self._telegram.end()

    async def gateway_is_up(self) -> None:
        """Nothing to do: it asks."""

    def named(self, path: str, body: Any) -> str:
        """Return the method, or the kind of an update."""
        if isinstance(body, dict) and "update_id" in body:
            return next((key for key in body if key != "update_id"), "update")
        return "file" if path.startswith("/file/") else path.rpartition("/")[2]

    def is_quiet(self, call: str, answer: Any = None) -> bool:
        """Questions for news are many; those that got some are worth seeing."""
        return call.lower() == POLL.lower() and not (isinstance(answer, dict) and answer.get("result"))

    def refusal(self, status: int, retry_after: int) -> Any:
        """Refuse as the Bot API does."""
        words = {401: "Unauthorized", 403: "Forbidden: bot was blocked by the user", 429: "Too Many Requests"}
        description = words.get(status, "Internal Server Error" if status >= 500 else "Bad Request")  # noqa: PLR2004
        wait = {"parameters": {"retry_after": retry_after}} if retry_after else {}
        return {"ok": False, "error_code": status, "description": description, **wait}

    def setup(self) -> Setup:
        """Return a channel."""
        return Setup(
            config=(
                "channels:\n  shop:\n    type: telegram\n"
                f"    token: {{ $env: TELEGRAM_TOKEN }}\n    api_url: {self._telegram.url}\n"
            ),
            environ={"TELEGRAM_TOKEN": self._telegram.token},
            steps=("The gateway asks by long polling, so nothing else is to be set up.",),
            ready_made="telegram.yaml",
        )

    def notices(self) -> Iterable[Notice]:
        """Tell if no gateway has asked yet."""
        if not self._telegram.calls:
            yield Notice(
                text="No gateway has called this Bot API yet.",
                cure="Start one with this api_url and token: see Set-up.",
            )

    def switches(self) -> Iterable[Switch]:
        """Nothing is on or off here."""
        return ()

    def file(self, key: str) -> tuple[bytes, str] | None:
        """Return a file Telegram keeps."""
        found = self._telegram.state.files.get(key)
        return (found.content, found.media_type) if found else None

    # --- what is shown -------------------------------------------------------------------------------------------

    def acts(self) -> Iterable[Act]:
        """Return how somebody new comes."""
        yield Act(
            name="person",
            label="Add somebody",
            icon="person",
            fields=(
                Field(name="first", label="First name", value="Carla", required=True),
                Field(name="last", label="Last name"),
                Field(name="language", label="Language of their Telegram", value="en"),
            ),
            hint="They have the bot in their list, and have not written yet: a bot cannot begin.",
        )

    def chats(self) -> Iterable[Chat]:
        """Return everybody, whoever has something newest first."""
        chats = [self._chat(key, known) for key, known in self._people.items()]
        return sorted(chats, key=lambda chat: -(chat.lines[-1].at if chat.lines else 0))

    def _chat(self, key: str, known: Known) -> Chat:
        chat, user = known.person.chat, known.person.user
        status, mood = ("", "") if chat.known else ("has not started", "warn")
        if chat.blocked:
            status, mood = "blocks the bot", "bad"
        return Chat(
            id=key,
            title=" ".join(filter(None, [user["first_name"], user.get("last_name", "")])),
            status=status,
            mood=mood,  # type: ignore[arg-type]
            facts={"id": key, "username": f"@{user['username']}", "language": user["language_code"]},
            lines=tuple(self._lines(known)),
            acts=tuple(_acts(blocked=chat.blocked)),
            composer=None if chat.blocked else Composer(hint=f"Write as {user['first_name']}"),
            over=f"{user['first_name']} has blocked the bot. “Unblock the bot” above lets it write again.",
            opening=f"Press Start, or write as {user['first_name']}; the gateway's bot answers. Ask it for a person.",
            keys=tuple(tuple(Button(label=text, act="key", value=text) for text in row) for row in chat.keyboard),
            typing=self._typing(known),
        )

    def _typing(self, known: Known) -> float:
        """A sign lasts some seconds, or until the message comes."""
        seen, known.seen = known.seen, (len(known.person.chat.actions), len(known.person.shown))
        if known.seen[1] > seen[1]:
            known.typing = 0
        elif known.seen[0] > seen[0]:
            known.typing = time.time() + TYPING_SECONDS
        return known.typing

    def _lines(self, known: Known) -> list[Line]:
        """Put both sides in the order of Telegram's numbers."""
        waiting = {_message_id(update) for update in self._telegram.updates.waiting()}
        name = str(known.person.user["first_name"])
        mine = [self._line(message, "me", name, waiting) for message in known.messages]
        theirs = [self._line(message, "them", "", set()) for message in known.person.shown]
        return sorted([*mine, *theirs, *known.happened], key=lambda line: int(line.id))

    def _line(self, message: Json, who: Any, name: str, waiting: set[int]) -> Line:
        return Line(
            id=str(message["message_id"]),
            who=who,
            name=name or str(self._telegram.me["first_name"]),
            spans=_words(message),
            files=tuple(self._files(message)),
            buttons=_keyboard(message),
            at=float(message["date"]),
            waiting=message["message_id"] in waiting,
        )

    def _files(self, message: Json) -> Iterable[File]:
        for kind in FILES:
            described = message.get(kind)
            if described and not (kind == "document" and "animation" in message):
                found = described[-1] if isinstance(described, list) else described
                yield _file(self._telegram.state.files[found["file_id"]])

    # --- what is done --------------------------------------------------------------------------------------------

    async def act(self, name: str, given: Given) -> str:
        """Let somebody do something."""
        if name == "person":
            return self._add(given.text("first") or "Somebody", given.text("last"), given.text("language") or "en")
        known = self._people.get(given.chat)
        if known is None:
            raise NotNow("There is no such person.")
        self._do(name, known, given)
        return given.chat

    def _do(self, name: str, known: Known, given: Given) -> None:
        person = known.person
        match name:
            case "write":
                self._write(known, given)
            case "start":
                known.messages.append(person.starts(given.text("payload")))
            case "location":
                known.messages.append(person.sends_location(_number(given, "lat"), _number(given, "lon")))
            case "contact":
                known.messages.append(person.sends_contact(given.text("phone"), given.text("name")))
            case "edit":
                self._edit(known, given.text("text"))
            case "press":
                self._press(known, given.text("value"))
            case "key":
                known.messages.append(person.writes(given.text("value")))
            case "block" | "unblock":
                self._stand(known, blocked=name == "block")
            case _:
                raise NotNow(f"Nobody can do {name!r}.")

    def _write(self, known: Known, given: Given) -> None:
        text = given.text("text")
        for number, upload in enumerate(given.files):
            caption = text if number == 0 else ""
            sent = known.person.sends_file(
                _kind(upload), upload.content, name=upload.name, media_type=upload.media_type, caption=caption
            )
            known.messages.append(sent)
        if text and not given.files:
            known.messages.append(known.person.writes(text))

    def _edit(self, known: Known, text: str) -> None:
        last = next((message for message in reversed(known.messages) if "text" in message), None)
        if last is None or not text:
            raise NotNow("There is no text of theirs to edit.")
        known.person.edits(last, text)
        last["text"] = text

    def _press(self, known: Known, value: str) -> None:
        message_id, _, data = value.partition(" ")
        message = next((each for each in known.person.shown if str(each["message_id"]) == message_id), None)
        if message is None:
            raise NotNow("That message is gone.")
        known.person.presses_button(message, data)
        label = next((text for text, found in _presses(message) if found == data), data)
        self._happens(known, f"pressed “{label}”")

    def _stand(self, known: Known, *, blocked: bool) -> None:
        if blocked:
            known.person.blocks()
        else:
            known.person.unblocks()
        self._happens(known, "blocked the bot" if blocked else "unblocked the bot")

    def _happens(self, known: Known, words: str) -> None:
        number = str(next(self._telegram.state.numbers))
        name = known.person.user["first_name"]
        known.happened.append(Line(id=number, who="event", spans=plain(f"{name} {words}"), at=time.time()))


def _acts(*, blocked: bool) -> Iterable[Act]:
    if blocked:
        yield Act(name="unblock", label="Unblock the bot", icon="check", hint="The update my_chat_member.")
        return
    yield Act(
        name="start",
        label="Start",
        icon="take",
        fields=(Field(name="payload", label="Payload of t.me/bot?start=…"),),
        hint="The message /start, with a payload if they followed a link.",
    )
    yield Act(
        name="location",
        label="Location",
        icon="place",
        fields=(
            Field(name="lat", label="Latitude", type="number", value="59.3251"),
            Field(name="lon", label="Longitude", type="number", value="18.0711"),
        ),
    )
    yield Act(
        name="contact",
        label="Contact",
        icon="card",
        fields=(
            Field(name="phone", label="Telephone", value="+46 8 555 01 23", required=True),
            Field(name="name", label="First name", value="Ann", required=True),
        ),
    )
    yield Act(
        name="edit",
        label="Edit",
        icon="note",
        fields=(Field(name="text", label="Their last text becomes", type="long", required=True),),
        hint="The update edited_message.",
    )
    yield Act(name="block", label="Block the bot", icon="block", danger=True, hint="The update my_chat_member.")


def _words(message: Json) -> tuple[Span, ...]:
    if place := message.get("location"):
        title = message.get("venue", {}).get("title", "")
        words = f"{title or 'Location'} {place['latitude']:g}, {place['longitude']:g}"
        where = f"https://www.openstreetmap.org/?mlat={place['latitude']}&mlon={place['longitude']}"
        return (Span(text=words, url=where),)
    if contact := message.get("contact"):
        return plain(f"{contact['first_name']} {contact['phone_number']}")
    if "text" in message:
        return spans(message["text"], message.get("entities", ()))
    return spans(message.get("caption", ""), message.get("caption_entities", ()))


def spans(text: str, entities: Sequence[Json]) -> tuple[Span, ...]:
    """Cut a text where its look changes. Offsets count UTF-16 units, as Telegram's do."""
    raw = text.encode("utf-16-le", "surrogatepass")
    ends = {2 * at for each in entities for at in (each["offset"], each["offset"] + each["length"])}
    cuts = sorted({0, len(raw), *ends})
    return tuple(
        Span(
            text=raw[start:end].decode("utf-16-le", "replace"),
            marks=tuple(sorted({MARKS[each["type"]] for each in _over(entities, start) if each["type"] in MARKS})),
            url=next((each["url"] for each in _over(entities, start) if each["type"] == "text_link"), ""),
        )
        for start, end in pairwise(cuts)
    )


def _over(entities: Sequence[Json], start: int) -> list[Json]:
    return [each for each in entities if 2 * each["offset"] <= start < 2 * (each["offset"] + each["length"])]


def _keyboard(message: Json) -> tuple[tuple[Button, ...], ...]:
    rows = message.get("reply_markup", {}).get("inline_keyboard", ())
    return tuple(tuple(_button(message, button) for button in row) for row in rows)


def _button(message: Json, button: Json) -> Button:
    if "url" in button:
        return Button(label=button["text"], url=button["url"])
    return Button(label=button["text"], act="press", value=f"{message['message_id']} {button['callback_data']}")


def _presses(message: Json) -> Iterable[tuple[str, str]]:
    for row in message.get("reply_markup", {}).get("inline_keyboard", ()):
        for button in row:
            yield button["text"], button.get("callback_data", "")


def _file(stored: StoredFile) -> File:
    return File(url=f"file:{stored.id}", name=stored.name, media_type=stored.media_type, size=stored.size)


def _kind(upload: Upload) -> str:
    if upload.media_type in PICTURES:
        return "photo"
    return {"audio/ogg": "voice", "audio/mpeg": "audio", "video/mp4": "video"}.get(upload.media_type, "document")


def _message_id(update: Json) -> int:
    return int(next((value.get("message_id", 0) for key, value in update.items() if key != "update_id"), 0))


def _number(given: Given, name: str) -> float:
    try:
        return float(given.text(name))
    except ValueError:
        raise NotNow(f"{given.text(name)!r} is no number.") from None
