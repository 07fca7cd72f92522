"""Tovie by hand, at the other end of the Operator API: clients of a Tovie bot that transfers them to the gateway."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gateway.testing.operator_api import Answer, FakeTovie
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
    plain,
)
from gateway.testing.simulate.transcripts import OK, Transcript, newest_first, words

if TYPE_CHECKING:
    import aiohttp
    from aiohttp import web

Json = Mapping[str, Any]

BOT = "Tovie bot"
KEY = "simulated-tovie-key-0001"
"""The secret part of the API URL, unless another is given."""
ADVICE = "I am the bot in Tovie, and only repeat. The button “Transfer to an agent” hands you to the gateway."


@dataclass(kw_only=True, slots=True)
class Client:
    """Somebody who talks to the Tovie bot."""

    name: str
    transcript: Transcript = field(default_factory=Transcript)
    transferred: bool = False
    group: str = ""


class TovieStage:
    """A Tovie project with one bot, connected to the gateway as its desk."""

    name = "operator-api --as tovie"
    title = "Tovie with an Operator API desk"
    part = "You are the clients of a Tovie bot that transfers them to the gateway's agents."
    chat_word = "Clients"
    empty = "Add a client."
    calls: Sequence[str] = ("TextMessage", "FileMessage", "Closed", "SelectDestination")

    def __init__(self, *, instance: str = "tovie", key: str = KEY) -> None:
        """`instance`, `key`: of the gateway's channel."""
        self._tovie = FakeTovie()
        self._hook = f"/hooks/{instance}/{key}"
        self._instance = instance
        self._key = key
        self._connected: Answer | None = None
        self._destinations: list[Json] = []
        self._clients: dict[str, Client] = {"ann": Client(name="Ann"), "boris": Client(name="Boris")}
        self._read = 0
        self._numbers = count(1)
        for client in self._clients.values():
            client.transcript.says("them", ADVICE, name=BOT)

    # --- the fake ------------------------------------------------------------------------------------------------

    def routes(self) -> Iterable[web.RouteDef]:
        """Serve the webhook."""
        return self._tovie.routes()

    async def begin(self, url: str, *, gateway: str, traces: Sequence[aiohttp.TraceConfig]) -> None:
        """Be Tovie at `url`; the API URL of the desk is the gateway's."""
        await self._tovie.begin(url, traces=traces)
        self._tovie.api_url = f"{gateway}{self._hook}"

    async def end(self) -> None:
        """Let go."""
        await self._tovie.end()

    async def gateway_is_up(self) -> None:
        """Save the API URL, as somebody in Tovie would."""
        await self._connect()

    async def _connect(self) -> None:
        self._connected = await self._tovie.connect(self._tovie.api_url)
        if self._connected.status in OK:
            answer = await self._tovie.destinations()
            self._destinations = [each for each in answer if isinstance(each, dict)] if isinstance(answer, list) else []

    def named(self, path: str, body: Any) -> str:
        """Return the method, or the type of an event."""
        if isinstance(body, dict) and "type" in body:
            return str(body["type"])
        return "file" if path.startswith("/file/") else path.rpartition("/")[2]

    def is_quiet(self, call: str, answer: Any = None) -> bool:  # noqa: ARG002
        """Everything is worth seeing."""
        return False

    def refusal(self, status: int, retry_after: int) -> Any:  # noqa: ARG002
        """Refuse; the protocol knows no bodies for that."""
        return {"error": f"told to answer {status}"}

    def setup(self) -> Setup:
        """Return a channel."""
        return Setup(
            config=(
                "# the clients' files lie on your machine\nfiles: { allow_private: true }\n"
                f"channels:\n  {self._instance}:\n    type: operator-api\n    key: {{ $env: TOVIE_KEY }}\n"
                "    destinations: { sales: Sales, service: Customer service }\n"
            ),
            environ={"TOVIE_KEY": self._key},
            steps=(
                f"The API URL to save in Tovie is {self._tovie.api_url or self._hook}.",
                "The simulation saves it whenever the gateway comes up.",
            ),
            ready_made="operator-api-tovie.yaml",
        )

    def notices(self) -> Iterable[Notice]:
        """Tell if the API URL could not be saved."""
        self._fold()
        if self._connected and self._connected.status not in OK:
            yield Notice(
                text=f"setWebhook was answered {self._connected.status or 'nothing'}, so no client can be transferred.",
                cure="Give the channel this name and key (see Set-up), then press “Save the API URL”.",
            )

    def switches(self) -> Iterable[Switch]:
        """Nothing is on or off here."""
        return ()

    def file(self, key: str) -> tuple[bytes, str] | None:  # noqa: ARG002
        """Nothing: all files have addresses."""
        return None

    # --- what is shown -------------------------------------------------------------------------------------------

    def acts(self) -> Iterable[Act]:
        """Return what is done in the project."""
        name = Field(name="name", label="Name", value="Carla", required=True)
        yield Act(name="client", label="Add a client", icon="person", fields=(name,))
        yield Act(name="connect", label="Save the API URL", icon="link", hint="Calls setWebhook and getDestinations.")

    def chats(self) -> Iterable[Chat]:
        """Return the clients, newest activity first."""
        self._fold()
        chats = [self._chat(user, client) for user, client in self._clients.items()]
        return sorted(chats, key=lambda chat: newest_first(chat.lines[-1] if len(chat.lines) > 1 else None))

    def _chat(self, user: str, client: Client) -> Chat:
        return Chat(
            id=user,
            title=client.name,
            status=f"with agents of {client.group or 'the desk'}" if client.transferred else "with the bot",
            mood="good" if client.transferred else "",
            facts={"userId": user},
            lines=client.transcript.lines,
            acts=tuple(self._acts_of(client)),
            composer=Composer(hint=f"Write as {client.name}"),
        )

    def _acts_of(self, client: Client) -> Iterable[Act]:
        if client.transferred:
            text = Field(name="text", label="Last words", value="The user closed the chat", required=True)
            yield Act(name="back", label="Back to the bot", icon="reply", fields=(text,), hint="Calls closeChat.")
            return
        groups = [Choice(value=_group_id(each), label=_group_label(each)) for each in self._destinations]
        yield Act(
            name="transfer",
            label="Transfer to an agent",
            icon="forward",
            fields=(
                Field(
                    name="destination",
                    label="To the group",
                    type="choice",
                    choices=tuple(groups or [Choice(value="default", label="default")]),
                    value=groups[0].value if groups else "default",
                ),
                Field(
                    name="first",
                    label="First words to the agent",
                    type="long",
                    value="I would like to talk to you",
                ),
                Field(name="attribute", label="Attribute for the agent (name: value)", value="order: 4711"),
                Field(name="history", label="With the dialog so far", type="check", value="yes"),
            ),
            hint="Calls selectDestination, then sendText.",
        )

    # --- what the gateway did ------------------------------------------------------------------------------------

    def _fold(self) -> None:
        """Read the events that came since."""
        new, self._read = self._tovie.events[self._read :], len(self._tovie.events)
        for event in new:
            self._take(event, self._clients.setdefault(event["userId"], Client(name=event["userId"])))

    def _take(self, event: Json, client: Client) -> None:
        match event["type"]:
            case "TextMessage":
                client.transcript.says("them", str(event.get("text", "")), name=_name(event))
            case "FileMessage":
                size = str(event.get("size", ""))
                name = str(event.get("name", ""))
                file = File(url=str(event.get("url", "")), name=name, size=int(size) if size.isdigit() else None)
                client.transcript.says("them", str(event.get("comment", "")), name=_name(event), files=[file])
            case "SelectDestination":
                client.group = str(event.get("destination", {}).get("name", ""))
                client.transcript.happens(f"forwarded to {client.group}")
            case "Closed":
                client.transferred = False
                client.transcript.happens("the agents have closed the dialog; the bot goes on (livechatFinished)")
            case other:
                client.transcript.happens(f"an event {other}")

    # --- what clients and the bot do -----------------------------------------------------------------------------

    async def act(self, name: str, given: Given) -> str:
        """Let somebody do something."""
        if name == "connect":
            await self._connect()
            return ""
        if name == "client":
            return self._new(given.text("name") or "Somebody")
        client = self._clients.get(given.chat)
        if client is None:
            raise NotNow("There is no such client.")
        await self._do(name, given, client)
        return given.chat

    def _new(self, name: str) -> str:
        user = f"client-{next(self._numbers)}"
        self._clients[user] = Client(name=name)
        self._clients[user].transcript.says("them", ADVICE, name=BOT)
        return user

    async def _do(self, name: str, given: Given, client: Client) -> None:
        match name:
            case "write" if client.transferred:
                await self._write(given, client)
            case "write":
                client.transcript.says("me", given.text("text") or "(a file)", name=client.name)
                client.transcript.says("them", f"{given.text('text') or 'A file'}, you say. {ADVICE}", name=BOT)
            case "transfer":
                await self._transfer(given, client)
            case "back":
                answer = await self._tovie.closes(given.text("text"), given.chat)
                client.transferred = False
                client.transcript.happens(f"{client.name} goes back to the bot{_trouble(answer)}")
            case _:
                raise NotNow(f"Nobody can do {name!r}.")

    async def _write(self, given: Given, client: Client) -> None:
        for upload in given.files:
            url = self._tovie.keep(f"{next(self._numbers)}-{quote(upload.name)}", upload.content, upload.media_type)
            file = File(url=url, name=upload.name, media_type=upload.media_type, size=len(upload.content))
            line = Line(id="", who="me", name=client.name, files=(file,), waiting=True)
            body = {"userId": given.chat, "url": url, "fileName": upload.name, "size": len(upload.content)}
            key = client.transcript.add(line)
            client.transcript.settle(key, (await self._tovie.calls_method("sendFile", body)).status)
        if text := given.text("text"):
            key = client.transcript.add(Line(id="", who="me", name=client.name, spans=plain(text), waiting=True))
            client.transcript.settle(key, (await self._tovie.says(text, given.chat)).status)

    async def _transfer(self, given: Given, client: Client) -> None:
        name, _, value = given.text("attribute").partition(":")
        more: dict[str, Any] = {"userName": client.name}
        if value:
            more["attributes"] = {name.strip(): value.strip()}
        destination = given.text("destination") or "default"
        answer = await self._tovie.transfers(given.chat, destination=destination, **more)
        if answer.status not in OK:
            raise NotNow(f"selectDestination was answered {answer.status or 'nothing'}: the client stays with the bot.")
        history = [f"{line.name}: {words(line.spans)}" for line in client.transcript.lines if line.who != "event"]
        client.transferred = True
        client.group = next(
            (str(each.get("name")) for each in self._destinations if _group_id(each) == destination), ""
        )
        client.transcript.happens(f"transferred to {client.group or destination}")
        for text in [*(history if given.checked("history") else ()), given.text("first")]:
            if text:
                await self._tovie.says(text, given.chat)


def _group_id(group: Json) -> str:
    return str(group.get("destinationId", ""))


def _group_label(group: Json) -> str:
    online = str(group.get("hasOnline", "")).lower() == "true"
    return f"{group.get('name') or _group_id(group)}{'' if online else ' (nobody online)'}"


def _name(event: Json) -> str:
    employee = event.get("employee") or {}
    return " ".join(filter(None, [str(employee.get("firstName", "")), str(employee.get("lastName", ""))])) or "Agent"


def _trouble(answer: Answer) -> str:
    return "" if answer.status in OK else f" (closeChat was answered {answer.status or 'nothing'})"
