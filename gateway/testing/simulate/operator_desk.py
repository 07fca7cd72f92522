"""A help desk by hand, at the other end of the Operator API: its agents answer what the gateway hands over."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gateway.testing.operator_api import FakeDesk
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
from gateway.testing.simulate.transcripts import OK, Transcript, newest_first, unused

if TYPE_CHECKING:
    import aiohttp
    from aiohttp import web

Json = Mapping[str, Any]

AGENTS = {
    "7": {"employeeId": "7", "firstName": "Bo", "lastName": "Ek"},
    "8": {"employeeId": "8", "firstName": "Eva", "lastName": "Rossi"},
}


@dataclass(kw_only=True, slots=True)
class Held:
    """A dialog at the desk."""

    transcript: Transcript = field(default_factory=Transcript)
    selected: dict[str, Any] = field(default_factory=dict)
    """What `selectDestination` said last."""
    group: str = ""
    """Where it stands now."""
    answered: bool = False
    closed: bool = False
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Events by the line they made, to send them again."""


class DeskStage:
    """A desk with two groups and two agents."""

    name = "operator-api"
    title = "Operator API desk"
    part = "You are the agents of a help desk to which the gateway hands clients over."
    chat_word = "Dialogs"
    empty = "Nobody is here yet. Talk to the gateway's bot until it transfers you to a person."
    calls: Sequence[str] = ("selectDestination", "sendText", "sendFile", "closeChat", "getDestinations", "setWebhook")

    def __init__(self) -> None:
        """Nobody has come, and everybody is online."""
        self._desk = FakeDesk()
        self._desk.groups = [{**group, "hasOnline": True} for group in self._desk.groups]
        self._dialogs: dict[str, Held] = {}
        self._read = 0
        self._files = count(1)
        self._events = count(unused())

    # --- the fake ------------------------------------------------------------------------------------------------

    def routes(self) -> Iterable[web.RouteDef]:
        """Serve the six methods."""
        return self._desk.routes()

    async def begin(self, url: str, *, gateway: str, traces: Sequence[aiohttp.TraceConfig]) -> None:  # noqa: ARG002
        """Be the desk at `url`. The gateway comes by itself."""
        await self._desk.begin(url, traces=traces)

    async def end(self) -> None:
        """Let go."""
        await self._desk.end()

    async def gateway_is_up(self) -> None:
        """Nothing to do: it calls `setWebhook` when it starts."""

    def named(self, path: str, body: Any) -> str:
        """Return the method, or the type of an event."""
        if isinstance(body, dict) and "type" in body:
            return str(body["type"])
        return "file" if path.startswith("/file/") else path.rpartition("/")[2]

    def is_quiet(self, call: str, answer: Any = None) -> bool:  # noqa: ARG002
        """Questions who is online are many."""
        return call == "getDestinations"

    def refusal(self, status: int, retry_after: int) -> Any:  # noqa: ARG002
        """Refuse; the protocol knows no bodies for that."""
        return {"error": f"told to answer {status}"}

    def setup(self) -> Setup:
        """Return an agent platform."""
        return Setup(
            config=(
                "# the desk's files lie on your machine\nfiles: { allow_private: true }\n"
                "platforms:\n  center:\n    type: operator-api\n    url: { $env: DESK_API_URL }\n"
            ),
            environ={"DESK_API_URL": self._desk.api_url},
            steps=("Name the platform in the handoff of a route, and let its bot transfer somebody.",),
            ready_made="operator-api.yaml",
        )

    def notices(self) -> Iterable[Notice]:
        """Tell if agents cannot answer."""
        self._fold()
        if not self._desk.webhook:
            yield Notice(
                text="No gateway has called setWebhook yet, so agents cannot answer.",
                cure="A gateway does that when it starts: start it, or start it again.",
            )

    def switches(self) -> Iterable[Switch]:
        """Return where somebody is online."""
        for group in self._desk.groups:
            yield Switch(name=group["destinationId"], label=group["name"], on=group["hasOnline"])

    def file(self, key: str) -> tuple[bytes, str] | None:  # noqa: ARG002
        """Nothing: all files have addresses."""
        return None

    # --- what is shown -------------------------------------------------------------------------------------------

    def acts(self) -> Iterable[Act]:
        """Nothing is done above the dialogs."""
        return ()

    def chats(self) -> Iterable[Chat]:
        """Return the dialogs, newest activity first."""
        self._fold()
        chats = [self._chat(user, held) for user, held in self._dialogs.items()]
        return sorted(chats, key=lambda chat: newest_first(chat.lines[-1] if chat.lines else None))

    def _chat(self, user: str, held: Held) -> Chat:
        status, mood = ("waits", "warn") if not held.answered else (f"in {self._group(held.group)}", "good")
        return Chat(
            id=user,
            title=_name(user, held),
            status="closed" if held.closed else status,
            mood="" if held.closed else mood,  # type: ignore[arg-type]
            facts=_facts(user, held.selected, self._group(held.group)),
            lines=held.transcript.lines,
            acts=() if held.closed else tuple(self._acts_of(held)),
            composer=None if held.closed else Composer(hint="Answer the client", speakers=_SPEAKERS),
            over="This dialog is closed. The client's next transfer is a new one.",
        )

    def _acts_of(self, held: Held) -> Iterable[Act]:
        groups = tuple(
            Choice(value=group["destinationId"], label=group["name"])
            for group in self._desk.groups
            if group["destinationId"] != held.group
        )
        yield Act(
            name="move",
            label="Forward",
            icon="forward",
            fields=(Field(name="group", label="To the group", type="choice", choices=groups, value=groups[0].value),),
            hint="The event SelectDestination.",
        )
        yield Act(
            name="close",
            label="Close",
            icon="check",
            danger=True,
            hint="The event Closed: the client goes back to the bot. Before an answer it is a refusal.",
        )

    def _group(self, key: str) -> str:
        return next((group["name"] for group in self._desk.groups if group["destinationId"] == key), key or "no group")

    # --- what the gateway did ------------------------------------------------------------------------------------

    def _fold(self) -> None:
        """Read the calls that came since."""
        new, self._read = self._desk.calls[self._read :], len(self._desk.calls)
        for call in new:
            if call.status in OK and isinstance(call.body, dict) and "userId" in call.body:
                self._take(call.what, call.body)

    def _take(self, method: str, body: Json) -> None:
        held = self._dialogs.setdefault(body["userId"], Held())
        match method:
            case "selectDestination":
                held.selected, held.group, held.closed = dict(body), body["destinationId"], False
                held.transcript.happens(f"handed over to {self._group(held.group)}")
            case "sendText":
                held.transcript.says("them", body["text"], name=_name(body["userId"], held))
            case "sendFile":
                name = str(body.get("fileName", ""))
                file = File(url=body["url"], name=name, media_type=_media_type(name), size=_size(body.get("size")))
                held.transcript.says("them", "", name=_name(body["userId"], held), files=[file])
            case "closeChat":
                held.closed = True
                held.transcript.happens(f"closed by the gateway: {body['text']}")

    # --- what agents do ------------------------------------------------------------------------------------------

    async def act(self, name: str, given: Given) -> str:
        """Let an agent do something."""
        if name == "switch":
            self._switch(given.text("name"), on=given.checked("on"))
            return ""
        self._fold()
        held = self._dialogs.get(given.chat)
        if held is None:
            raise NotNow("There is no such dialog.")
        if not self._desk.webhook:
            raise NotNow("No gateway has called setWebhook yet. Start it, or start it again.")
        await self._do(name, given, held)
        return given.chat

    async def _do(self, name: str, given: Given, held: Held) -> None:
        agent = AGENTS.get(given.text("speaker"), AGENTS["7"])
        match name:
            case "write":
                await self._write(given, held, agent)
            case "move":
                await self._move(given, held)
            case "close":
                key = held.transcript.happens("closed by the agent")
                held.closed = await self._tell(given.chat, held, key, "Closed", employee=agent)
            case "again":
                key = given.text("value")
                await self._post(held, key, held.sent[key])
            case _:
                raise NotNow(f"Agents cannot do {name!r}.")

    async def _write(self, given: Given, held: Held, agent: Json) -> None:
        name, text = f"{agent['firstName']} {agent['lastName']}", given.text("text")
        held.answered = True
        for number, upload in enumerate(given.files):
            url = self._desk.keep(f"{next(self._files)}-{quote(upload.name)}", upload.content, upload.media_type)
            file = File(url=url, name=upload.name, media_type=upload.media_type, size=len(upload.content))
            comment = text if number == 0 else ""
            key = held.transcript.add(_waiting(name, comment, (file,)))
            about = {"url": url, "name": upload.name, "size": str(len(upload.content)), "comment": comment}
            await self._tell(given.chat, held, key, "FileMessage", **about, employee=agent)
        if text and not given.files:
            key = held.transcript.add(_waiting(name, text, ()))
            await self._tell(given.chat, held, key, "TextMessage", text=text, employee=agent)

    async def _move(self, given: Given, held: Held) -> None:
        group = next((each for each in self._desk.groups if each["destinationId"] == given.text("group")), None)
        if group is None:
            raise NotNow("There is no such group.")
        held.group = group["destinationId"]
        key = held.transcript.happens(f"forwarded to {group['name']}")
        online = "true" if group["hasOnline"] else "false"
        await self._tell(given.chat, held, key, "SelectDestination", destination={**group, "hasOnline": online})

    def _switch(self, name: str, *, on: bool) -> None:
        self._desk.groups = [
            {**group, "hasOnline": on} if group["destinationId"] == name else group for group in self._desk.groups
        ]

    async def _tell(self, user: str, held: Held, key: str, kind: str, **members: Any) -> bool:
        event = {"id": str(next(self._events)), "userId": user, "type": kind, **members}
        return await self._post(held, key, event)

    async def _post(self, held: Held, key: str, event: dict[str, Any]) -> bool:
        """Post an event; what is not taken can be sent again, with the same id."""
        held.sent[key] = event
        answer = await self._desk.post(self._desk.webhook, event)
        held.transcript.settle(key, answer.status, act="again")
        return answer.status in OK


_SPEAKERS = tuple(Choice(value=key, label=f"{agent['firstName']} {agent['lastName']}") for key, agent in AGENTS.items())


def _name(user: str, held: Held) -> str:
    """The gateway names nobody it does not know by name."""
    return str(held.selected.get("userName") or f"Client {user[-6:]}")


def _waiting(name: str, text: str, files: tuple[File, ...]) -> Line:
    return Line(id="", who="me", name=name, spans=plain(text), files=files, waiting=True)


def _facts(user: str, selected: Json, group: str) -> dict[str, str]:
    facts = {"userId": user, "group": group}
    for member in ("attributes", "hiddenAttributes", "customData"):
        value = selected.get(member)
        if isinstance(value, dict):
            facts.update({str(name): str(each) for name, each in value.items()})
        elif value:
            facts[member] = str(value)
    return facts


def _media_type(name: str) -> str:
    return mimetypes.guess_type(name)[0] or ""


def _size(value: Any) -> int | None:
    return int(value) if str(value or "").isdigit() else None
