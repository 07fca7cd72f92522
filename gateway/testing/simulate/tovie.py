"""A bot in Tovie by hand, at the other end of the Chat API: its script answers by itself, you are Tovie Agent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gateway.testing.simulate.picture import png
from gateway.testing.simulate.stage import (
    Act,
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
    plain,
)
from gateway.testing.simulate.transcripts import OK, Transcript, newest_first, unused
from gateway.testing.tovie import FakeTovieBot, Question, text

if TYPE_CHECKING:
    import aiohttp
    from aiohttp import web

    from gateway.testing.tovie import Answer

Json = Mapping[str, Any]

WEBHOOK_KEY = "simulated-tovie-webhook"
"""The secret part of the webhook's address, unless another is given."""
AGENT, CAMPAIGN = "agent", "campaign"
SCRIPT, TOVIE_AGENT = "Script", "Tovie Agent"
MENU = ("picture", "cards", "place", "agent")
ENDED = {
    "livechatFinished": "The agent has gone. What else can I do for you?",
    "noLivechatOperatorsOnline": "Nobody is there at the moment, I am sorry.",
}


@dataclass(kw_only=True, slots=True)
class Known:
    """A client of the bot."""

    transcript: Transcript = field(default_factory=Transcript)


class TovieBotStage:
    """A project with a Chat API channel, a small script, and an agent channel."""

    name = "tovie"
    title = "Tovie bot"
    part = "The script answers by itself; you are Tovie Agent, and see what it is asked."
    chat_word = "Clients"
    empty = "Nobody is here yet. Talk to the gateway's bot."
    calls: Sequence[str] = ("sync", "async", "events")

    def __init__(self, *, instance: str = "tovie", key: str = WEBHOOK_KEY) -> None:
        """`instance`, `key`: name of the gateway's bot, and its `webhook_key`."""
        self._tovie = FakeTovieBot(self._script, first_id=unused())
        self._tovie.staffed = True
        self._instance = instance
        self._key = key
        self._clients: dict[str, Known] = {}
        self._read = 0
        self._files = count(1)
        self._refused = 0
        self._picture = ""

    # --- the fake ------------------------------------------------------------------------------------------------

    def routes(self) -> Iterable[web.RouteDef]:
        """Serve the Chat API."""
        return self._tovie.routes()

    async def begin(self, url: str, *, gateway: str, traces: Sequence[aiohttp.TraceConfig]) -> None:
        """Be Tovie at `url`, with the gateway's webhook in the channel's settings."""
        await self._tovie.begin(url, traces=traces)
        self._tovie.webhook = f"{gateway}/hooks/{self._instance}/{self._key}"
        self._picture = self._tovie.keep("hill.png", png(), "image/png")

    async def end(self) -> None:
        """Let go."""
        await self._tovie.end()

    async def gateway_is_up(self) -> None:
        """Nothing to do: the gateway asks."""

    def named(self, path: str, body: Any) -> str:  # noqa: ARG002
        """Return the method: `sync` for the plain one."""
        if path.startswith("/file/"):
            return "file"
        tail = path.rpartition("/")[2]
        if "/hooks/" in path:
            return "webhook"
        return tail if tail in {"async", "events"} else "sync"

    def is_quiet(self, call: str, answer: Any = None) -> bool:
        """Questions for news are many; those that got some are worth seeing."""
        news = next(filter(None, answer.values()), None) if isinstance(answer, dict) else answer
        return call == "events" and not news

    def refusal(self, status: int, retry_after: int) -> Any:  # noqa: ARG002
        """Refuse; nothing is documented about bodies."""
        return {"error": f"told to answer {status}"}

    def setup(self) -> Setup:
        """Return a bot engine that has agents behind it."""
        return Setup(
            config=(
                "# the files of script and agents lie on your machine\nfiles: { allow_private: true }\n"
                f"bots:\n  {self._instance}:\n    type: tovie\n    url: {self._tovie.api_url}\n"
                "    token: { $env: TOVIE_TOKEN }\n    webhook_key: { $env: TOVIE_WEBHOOK_KEY }\n    agents: true\n"
                "# and the route names the bot in its handoff, too\n"
            ),
            environ={"TOVIE_TOKEN": self._tovie.token, "TOVIE_WEBHOOK_KEY": self._key},
            steps=(f"The webhook address in the channel's settings is {self._tovie.webhook or 'the gateway'}.",),
            ready_made="tovie.yaml",
        )

    def notices(self) -> Iterable[Notice]:
        """Tell if the webhook is answered as if there were none."""
        if self._refused in {401, 403, 404}:
            yield Notice(
                text=f"The gateway's webhook answered {self._refused}, so agents are not heard.",
                cure=f"Name the bot {self._instance!r}, and give it this webhook_key: see Set-up.",
            )

    def switches(self) -> Iterable[Switch]:
        """Return whether agents are there."""
        yield Switch(name="online", label=TOVIE_AGENT, on=self._tovie.online)

    def file(self, key: str) -> tuple[bytes, str] | None:  # noqa: ARG002
        """Nothing: all files have addresses."""
        return None

    # --- what is shown -------------------------------------------------------------------------------------------

    def acts(self) -> Iterable[Act]:
        """Nothing is done above the clients."""
        return ()

    def chats(self) -> Iterable[Chat]:
        """Return the clients, newest activity first."""
        self._fold()
        chats = [self._chat(client, known) for client, known in self._clients.items()]
        return sorted(chats, key=lambda chat: newest_first(chat.lines[-1] if chat.lines else None))

    def _chat(self, client: str, known: Known) -> Chat:
        served = client in self._tovie.dialogs
        campaign = Choice(value=CAMPAIGN, label="Campaign")
        agent = Choice(value=AGENT, label=TOVIE_AGENT)
        return Chat(
            id=client,
            title=f"Client {client[-6:]}",
            status="with Tovie Agent" if served else "with the script",
            mood="good" if served else "",
            facts={"clientId": client, **self._attributes(client)},
            lines=known.transcript.lines,
            acts=tuple(_acts(served=served)),
            composer=Composer(
                hint="Answer the client" if served else "Write to the client as a text campaign",
                speakers=(agent, campaign) if served else (campaign,),
                speaker=AGENT if served else CAMPAIGN,
            ),
        )

    def _attributes(self, client: str) -> dict[str, str]:
        dialog = self._tovie.dialogs.get(client)
        return {
            str(name): str(value) for name, value in (dialog.switch.get("attributes", {}) if dialog else {}).items()
        }

    # --- the script ----------------------------------------------------------------------------------------------

    def _script(self, question: Question) -> list[dict[str, Any]]:
        """Answer, and keep both halves."""
        self._fold()
        replies = self._answer(question)
        for reply in replies:
            self._known(question.client).transcript.add(_line(reply))
        return replies

    def _answer(self, question: Question) -> list[dict[str, Any]]:
        words = question.query.lower().strip()
        if question.event:
            return [text(ENDED.get(question.event, f"The event {question.event} has come."), state="/Event"), _menu()]
        if words == "/start":
            return [text("Hello, I am a script in Tovie. Press something, or just write.", state="/Start"), _menu()]
        if any(word in words for word in ("agent", "human", "person")):
            return [text("I am calling an agent of Tovie.", state="/Agent"), _switch()]
        return self._show(words) or [text(f"You wrote: {question.query}", state="/Echo"), _menu()]

    def _show(self, words: str) -> list[dict[str, Any]]:
        if "picture" in words:
            return [{"type": "image", "imageUrl": self._picture, "text": "My picture", "state": "/Picture"}]
        if "cards" in words:
            return [_cards(self._picture)]
        if "place" in words:
            return [{"type": "location", "lat": 59.3251, "lon": 18.0711, "state": "/Place"}]
        return []

    def _known(self, client: str) -> Known:
        return self._clients.setdefault(client, Known())

    def _fold(self) -> None:
        """Read what was asked since, by the script's clients and by those of agents."""
        new, self._read = self._tovie.questions[self._read :], len(self._tovie.questions)
        for question in new:
            known = self._known(question.client)
            files = tuple(_files(question.data))
            words = question.query or _caption(question.data)
            if words or files:
                known.transcript.says("them", words, name=f"Client {question.client[-6:]}", files=files)
            else:
                known.transcript.happens(f"the event {question.event}")

    # --- what agents do ------------------------------------------------------------------------------------------

    async def act(self, name: str, given: Given) -> str:
        """Let an agent, or the script, do something."""
        if name == "switch":
            self._tovie.online = given.checked("on")
            return ""
        self._fold()
        known = self._clients.get(given.chat)
        if known is None:
            raise NotNow("There is no such client.")
        await self._do(name, given, known)
        return given.chat

    async def _do(self, name: str, given: Given, known: Known) -> None:
        match name:
            case "write":
                await self._write(given, known)
            case "close" if given.chat in self._tovie.dialogs:
                known.transcript.happens("the agent closes the dialog")
                self._hear(await self._tovie.agent_closes(client=given.chat))
            case "event":
                self._hear(await self._tovie.script_goes_on(given.text("event") or "event", client=given.chat))
            case _:
                raise NotNow(f"{name!r} cannot be done now.")

    async def _write(self, given: Given, known: Known) -> None:
        by_agent = given.chat in self._tovie.dialogs and given.text("speaker") != CAMPAIGN
        replies = [self._reply(upload) for upload in given.files]
        replies += [{"type": "text", "text": given.text("text")}] if given.text("text") else []
        for reply in replies:
            line = _line(reply, name=TOVIE_AGENT if by_agent else "Campaign", waiting=True)
            key = known.transcript.add(line)
            answer = await self._tovie.tells([reply], client=given.chat, by_agent=by_agent)
            known.transcript.settle(key, self._hear(answer))

    def _hear(self, answer: Answer) -> int:
        self._refused = 0 if answer.status in OK else answer.status
        return answer.status

    def _reply(self, upload: Upload) -> dict[str, Any]:
        url = self._tovie.keep(f"{next(self._files)}-{quote(upload.name)}", upload.content, upload.media_type)
        match upload.media_type.partition("/")[0]:
            case "image":
                return {"type": "image", "imageUrl": url, "imageName": upload.name}
            case "audio":
                return {"type": "audio", "audioUrl": url, "audioName": upload.name}
            case _:
                return {"type": "text", "text": url}  # Tovie knows no reply for other files


def _acts(*, served: bool) -> Iterable[Act]:
    if served:
        hint = "The script hears livechatFinished, and its answer goes to the webhook."
        yield Act(name="close", label="Close the dialog", icon="check", danger=True, hint=hint)
        return
    event = Field(name="event", label="Event", value="reminder", required=True)
    hint = "The script hears of it by itself, as when a timeout has elapsed; its answer goes to the webhook."
    yield Act(name="event", label="Event", icon="clock", fields=(event,), hint=hint)


def _menu() -> dict[str, Any]:
    return {"type": "buttons", "buttons": [{"text": words.capitalize()} for words in MENU], "state": "/Start"}


def _switch() -> dict[str, Any]:
    phrases = {"closeChatPhrases": ["back to the bot"], "appendCloseChatButton": True}
    history = {"sendMessagesToOperator": True, "sendMessageHistoryAmount": 10}
    return {"type": "switch", **phrases, **history, "attributes": {"order": "4711"}, "state": "/Agent"}


def _cards(picture: str) -> dict[str, Any]:
    cards = [
        {"title": title, "description": words, "image": picture, "btnText": f"Take the {title.lower()}"}
        for title, words in (("Teapot", "For two"), ("Kettle", "For everybody"))
    ]
    return {"type": "carousel", "text": "What I have", "content": cards, "state": "/Cards"}


def _line(reply: Json, *, name: str = SCRIPT, waiting: bool = False) -> Line:
    line_files: tuple[File, ...] = ()
    words = str(reply.get("text", ""))
    match reply["type"]:
        case "image":
            line_files = (File(url=reply["imageUrl"], name=reply.get("imageName", "picture"), media_type="image/*"),)
        case "audio":
            line_files = (File(url=reply["audioUrl"], name=reply.get("audioName", "audio"), media_type="audio/*"),)
        case "buttons":
            words = " · ".join(each["text"] for each in reply["buttons"])
        case "carousel":
            words = f"{words}: {', '.join(each['title'] for each in reply['content'])}"
        case "location":
            words = f"Location {reply['lat']}, {reply['lon']}"
        case "switch":
            return Line(id="", who="event", spans=plain("the script hands over to Tovie Agent (switch)"))
    line = Line(id="", who="me", name=name, spans=plain(words), files=line_files, waiting=waiting)
    return replace(line, second=name == SCRIPT)  # which is nobody the person plays


def _described(data: Any) -> list[Json]:
    """Return what a `fileEvent` says of its files, a bare list or the member `files`."""
    found = data.get("files") if isinstance(data, dict) else data
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _files(data: Any) -> Iterable[File]:
    for each in _described(data):
        if isinstance(each.get("url"), str):
            name, media_type = str(each.get("name") or "file"), str(each.get("mediaType", ""))
            yield File(url=each["url"], name=name, media_type=media_type)


def _caption(data: Any) -> str:
    return " ".join(str(each["text"]) for each in _described(data) if "text" in each)
