"""JivoChat by hand: clients who talk to the gateway's bot, and the agents who can take over inside Jivo."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gateway.testing.jivo import Chat as JivoChat
from gateway.testing.jivo import FakeJivo
from gateway.testing.simulate.stage import (
    Act,
    Button,
    Chat,
    Choice,
    Composer,
    Field,
    File,
    Given,
    Line,
    Notice,
    NotNow,
    Setup,
    Switch,
    Upload,
    marked,
    plain,
)
from gateway.testing.simulate.transcripts import OK, Transcript, newest_first

if TYPE_CHECKING:
    import aiohttp
    from aiohttp import web

    from gateway.testing.jivo import Answer

Json = Mapping[str, Any]

AGENTS = {"7": {"id": 7, "name": "Bo Ek"}, "8": {"id": 8, "name": "Maria Costa"}}
CLIENT = "client"
CHANNELS = ("widget", "telegram", "whatsapp")
KINDS = {"image": "PHOTO", "video": "VIDEO", "audio": "AUDIO"}
NOT_TOLD = 204
"""What the fake answers when the bot hears nothing of a word."""


@dataclass(kw_only=True, slots=True)
class Watched:
    """A chat in Jivo, and its lines."""

    chat: JivoChat
    transcript: Transcript = field(default_factory=Transcript)
    agent: str = "7"
    """Who joined last."""


class JivoStage:
    """Jivo with one bot, and everybody in it."""

    name = "jivo"
    title = "JivoChat"
    part = "You are the clients who write in Jivo, and the agents who take over there."
    chat_word = "Chats"
    empty = "Add a client."
    calls: Sequence[str] = ("BOT_MESSAGE", "INVITE_AGENT", "CLIENT_INFO", "INIT_RATE")

    def __init__(self, *, instance: str = "jivo") -> None:
        """`instance`: name of the gateway's channel."""
        self._jivo = FakeJivo()
        self._instance = instance
        self._chats: dict[str, Watched] = {}
        self._read = 0
        self._files = count(1)
        for name in ("Ann", "Boris"):
            self._watch(self._jivo.chat(name))

    def _watch(self, chat: JivoChat) -> str:
        self._chats[chat.chat_id] = Watched(chat=chat)
        return chat.chat_id

    # --- the fake ------------------------------------------------------------------------------------------------

    def routes(self) -> Iterable[web.RouteDef]:
        """Serve what the bot posts to."""
        return self._jivo.routes()

    async def begin(self, url: str, *, gateway: str, traces: Sequence[aiohttp.TraceConfig]) -> None:
        """Be Jivo at `url`, which was told the bot's address."""
        await self._jivo.begin(url, traces=traces)
        self._jivo.connect(gateway, self._instance)

    async def end(self) -> None:
        """Let go."""
        await self._jivo.end()

    async def gateway_is_up(self) -> None:
        """Nothing to do: Jivo has the address from an e-mail."""

    def named(self, path: str, body: Any) -> str:
        """Return the event."""
        if isinstance(body, dict) and "event" in body:
            return str(body["event"])
        return "file" if path.startswith("/file/") else path.rpartition("/")[2]

    def is_quiet(self, call: str, answer: Any = None) -> bool:  # noqa: ARG002
        """Everything is worth seeing."""
        return False

    def refusal(self, status: int, retry_after: int) -> Any:  # noqa: ARG002
        """Refuse as Jivo does."""
        code = "invalid_client" if status == 401 else "invalid_request"  # noqa: PLR2004
        return {"error": {"code": code, "message": f"told to answer {status}"}}

    def setup(self) -> Setup:
        """Return a business channel."""
        return Setup(
            config=(
                "# the clients' files lie on your machine\nfiles: { allow_private: true }\n"
                f"channels:\n  {self._instance}:\n    type: jivo\n"
                "    provider_id: { $env: JIVO_PROVIDER_ID }\n    token: { $env: JIVO_TOKEN }\n"
                f"    url: {self._jivo.url}\n"
                "# and the route names the channel in its handoff, too\n"
            ),
            environ={"JIVO_PROVIDER_ID": self._jivo.provider_id, "JIVO_TOKEN": self._jivo.token},
            steps=(f"Jivo posts its events to {self._jivo.endpoint}, as if you had written that e-mail.",),
            ready_made="jivo.yaml",
        )

    def notices(self) -> Iterable[Notice]:
        """Tell if the address or the token seem to be wrong."""
        self._fold()
        last = self._jivo.tries[-1].status if self._jivo.tries else 200
        if last in {401, 404}:
            yield Notice(
                text=f"The gateway answered the last event with {last}: it knows no such channel or token.",
                cure=f"Name the channel {self._instance!r}, and give it this token: see Set-up.",
            )

    def switches(self) -> Iterable[Switch]:
        """Return what agents do by themselves."""
        yield Switch(name="online", label="Agents", on=self._jivo.agents_online)

    def file(self, key: str) -> tuple[bytes, str] | None:  # noqa: ARG002
        """Nothing: all files have addresses."""
        return None

    # --- what is shown -------------------------------------------------------------------------------------------

    def acts(self) -> Iterable[Act]:
        """Return how a client comes."""
        channels = tuple(Choice(value=each, label=each) for each in CHANNELS)
        yield Act(
            name="client",
            label="Add a client",
            icon="person",
            fields=(
                Field(name="name", label="Name", value="Carla", required=True),
                Field(name="channel", label="Writes by", type="choice", choices=channels, value=CHANNELS[0]),
            ),
        )

    def chats(self) -> Iterable[Chat]:
        """Return the chats, newest activity first."""
        self._fold()
        chats = [self._chat(watched) for watched in self._chats.values()]
        return sorted(chats, key=lambda chat: newest_first(chat.lines[-1] if chat.lines else None))

    def _chat(self, watched: Watched) -> Chat:
        chat = watched.chat
        status, mood = ("with the bot", "") if chat.led_by == "bot" else ("with an agent", "good")
        if chat.led_by == "bot" and chat.invited:
            status, mood = "an agent is invited", "warn"
        if chat.is_closed:
            status, mood = "closed", ""
        return Chat(
            id=chat.chat_id,
            title=chat.name,
            status=status,
            mood=mood,  # type: ignore[arg-type]
            facts={"client_id": chat.client_id, "chat_id": chat.chat_id, "channel": chat.channel, **chat.info},
            lines=watched.transcript.lines,
            acts=tuple(_acts(chat)),
            composer=None if chat.is_closed else _composer(watched),
            over="This chat is closed. “Write again” above is the same client in a new one.",
            opening=f"Write as {chat.name}, and the gateway's bot answers. Ask it for a person.",
        )

    # --- what the bot did ----------------------------------------------------------------------------------------

    def _fold(self) -> None:
        """Read the calls that came since."""
        new, self._read = self._jivo.calls[self._read :], len(self._jivo.calls)
        for call in new:
            watched = self._chats.get(str(call.body.get("chat_id"))) if isinstance(call.body, dict) else None
            if watched and call.status in OK:
                self._take(call.what, call.body, watched)

    def _take(self, event: str, body: Json, watched: Watched) -> None:
        match event:
            case "BOT_MESSAGE":
                watched.transcript.add(_from_bot(body["message"]))
            case "INVITE_AGENT":
                watched.transcript.happens("the bot invites an agent")
            case "CLIENT_INFO":
                watched.transcript.happens("the bot told about the client (CLIENT_INFO)")
            case "INIT_RATE":
                rates = (Button(label="Good", act="rate", value="good"), Button(label="Bad", act="rate", value="bad"))
                question = Line(id="", who="them", name="Jivo", spans=plain("How was it?"), buttons=(rates,))
                watched.transcript.add(question)

    # --- what people do ------------------------------------------------------------------------------------------

    async def act(self, name: str, given: Given) -> str:
        """Let somebody do something."""
        if name == "switch":
            self._jivo.agents_online = given.checked("on")
            return ""
        if name == "client":
            return self._watch(self._jivo.chat(given.text("name") or "Somebody", channel=given.text("channel")))
        watched = self._chats.get(given.chat)
        if watched is None:
            raise NotNow("There is no such chat.")
        if name == "again":
            return self._watch(watched.chat.anew())
        await self._do(name, given, watched)
        return given.chat

    async def _do(self, name: str, given: Given, watched: Watched) -> None:
        chat, told = watched.chat, watched.transcript.happens
        match name:
            case "write":
                await self._write(given, watched)
            case "press":
                await self._press(watched, json.loads(given.text("value")))
            case "location":
                line = self._mine(watched, CLIENT, plain(f"Location {given.text('lat')}, {given.text('lon')}"))
                await self._settle(watched, line, await chat.shares(_number(given, "lat"), _number(given, "lon")))
            case "join":
                watched.agent = given.text("agent")
                agent = AGENTS[watched.agent]
                await self._settle(watched, told(f"{agent['name']} joins"), await chat.joins(agent=agent))
            case "nobody":
                chat.invited = 0
                await self._settle(watched, told("nobody can come (AGENT_UNAVAILABLE)"), await chat.nobody_comes())
            case "return":
                chat.returns()
                chat.invited = 0
                told("the agent has left; the bot leads again (Jivo has no event for that)")
            case "close":
                await self._settle(watched, told("the chat is closed"), await chat.closes())
            case "rate":
                rating = given.text("value") or "good"
                await self._settle(watched, told(f"{chat.name} rates: {rating}"), await chat.rates(rating))
            case _:
                raise NotNow(f"Nobody can do {name!r}.")

    async def _write(self, given: Given, watched: Watched) -> None:
        speaker = given.text("speaker") or CLIENT
        text = given.text("text")
        for number, upload in enumerate(given.files):
            words = text if number == 0 else ""
            message = self._file_message(upload, words)
            file = File(url=message["file"], name=upload.name, media_type=upload.media_type, size=len(upload.content))
            line = self._mine(watched, speaker, plain(words), (file,))
            await self._settle(watched, line, await _say(watched.chat, speaker, message))
        if text and not given.files:
            line = self._mine(watched, speaker, plain(text))
            await self._settle(watched, line, await _say(watched.chat, speaker, {"type": "TEXT", "text": text}))

    async def _press(self, watched: Watched, button: Json) -> None:
        line = self._mine(watched, CLIENT, plain(str(button["text"])))
        await self._settle(watched, line, await watched.chat.presses(button["text"], button["id"]))

    def _mine(self, watched: Watched, speaker: str, spans: Any, files: tuple[File, ...] = ()) -> str:
        agent = speaker != CLIENT
        name = str(AGENTS[speaker]["name"]) if agent else watched.chat.name
        line = Line(id="", who="me", name=name, second=agent, spans=spans, files=files, waiting=True)
        return watched.transcript.add(line)

    async def _settle(self, watched: Watched, line: str, answer: Answer) -> None:
        watched.transcript.settle(line, answer.status)
        if answer.status == NOT_TOLD:
            name = next(each.name for each in watched.transcript.lines if each.id == line)
            watched.transcript.change(line, name=f"{name}, to the agent only")
        elif answer.status not in OK and watched.chat.led_by == "agent":
            watched.transcript.happens("after three tries without success Jivo gives the client to an agent")

    def _file_message(self, upload: Upload, text: str) -> dict[str, Any]:
        url = self._jivo.keep(f"{next(self._files)}-{quote(upload.name)}", upload.content, upload.media_type)
        kind = KINDS.get(upload.media_type.partition("/")[0], "DOCUMENT")
        about = {"file_name": upload.name, "file_size": len(upload.content), "mime_type": upload.media_type}
        return {"type": kind, "file": url, **about, **({"text": text} if text else {})}


async def _say(chat: JivoChat, speaker: str, message: dict[str, Any]) -> Answer:
    if speaker == CLIENT:
        return await chat.sends_message(message)
    return await chat.agent_sends(message, agent=AGENTS[speaker])


def _composer(watched: Watched) -> Composer:
    """Whoever leads the chat is asked to write; the others can."""
    chat = watched.chat
    agents = (Choice(value=key, label=f"{agent['name']}, agent") for key, agent in AGENTS.items())
    return Composer(
        hint="Write in the chat",
        speakers=(Choice(value=CLIENT, label=f"{chat.name}, client"), *agents),
        speaker=CLIENT if chat.led_by == "bot" else watched.agent,
    )


def _acts(chat: JivoChat) -> Iterable[Act]:
    if chat.is_closed:
        yield Act(name="again", label="Write again", icon="retry", hint="The same client in a new chat.")
        yield Act(name="rate", label="Rate", icon="star", fields=(_RATING,), hint="The event CLIENT_RATED.")
        return
    if chat.led_by == "bot":
        yield Act(name="join", label="Agent joins", icon="person", fields=(_AGENT,), hint="The event AGENT_JOINED.")
    else:
        hint = "No event: the client's next word tells, 10 s after the agent joined or later."
        yield Act(name="return", label="Back to the bot", icon="reply", hint=hint)
    if chat.led_by == "bot" and chat.invited:
        yield Act(name="nobody", label="Nobody comes", icon="block", hint="The event AGENT_UNAVAILABLE.")
    yield Act(name="location", label="Location", icon="place", fields=_PLACE)
    yield Act(name="close", label="Close", icon="check", danger=True, hint="The event CHAT_CLOSED.")


_AGENT = Field(
    name="agent",
    label="Who",
    type="choice",
    choices=tuple(Choice(value=key, label=str(agent["name"])) for key, agent in AGENTS.items()),
    value="7",
)
_RATING = Field(
    name="value",
    label="Rating",
    type="choice",
    choices=(Choice(value="good", label="good"), Choice(value="bad", label="bad")),
    value="good",
)
_PLACE = (
    Field(name="lat", label="Latitude", type="number", value="59.3251"),
    Field(name="lon", label="Longitude", type="number", value="18.0711"),
)


def _from_bot(message: Json) -> Line:
    line = Line(id="", who="them", name="Bot", spans=plain(str(message.get("text", ""))))
    match message["type"]:
        case "MARKDOWN":
            return replace(line, spans=marked(message["content"]))
        case "BUTTONS":
            return replace(line, spans=plain(message["title"]), buttons=(tuple(map(_button, message["buttons"])),))
        case "LOCATION":
            return replace(line, spans=plain(f"Location {message['latitude']}, {message['longitude']}"))
        case _ if "file" in message:
            return replace(line, files=(_file(message["file"]),))
        case _:
            return line


def _button(button: Json) -> Button:
    return Button(label=button["text"], act="press", value=json.dumps(button))


def _file(url: str) -> File:
    name = url.rpartition("/")[2]
    return File(url=url, name=name, media_type=mimetypes.guess_type(name)[0] or "")


def _number(given: Given, name: str) -> float:
    try:
        return float(given.text(name))
    except ValueError:
        raise NotNow(f"{given.text(name)!r} is no number.") from None
