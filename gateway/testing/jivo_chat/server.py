"""JivoChat, as a server on the loopback whose agents a test plays."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import web

from gateway.testing.jivo_chat.rules import CONTENT_TYPE, MEDIA, fault_of
from gateway.testing.side import OK, Answer, Side

CHANNEL = "/4hGfJ2pQsecret/JIVOPUBLICID"
BO = {"id": "agent-7", "name": "Bo", "photo": "https://jivo.example.com/bo.png"}
TRIES = 3
"""So often an event is posted that is not taken, and not refused either."""
TYPEIN_SECONDS = 5


@dataclass(kw_only=True, slots=True)
class Chat:
    """What Jivo knows of one client."""

    chat_id: int
    events: list[dict[str, Any]] = field(default_factory=list)
    """Messages, oldest first, each once."""
    senders: list[dict[str, Any]] = field(default_factory=list)
    """Who sent each of them, as described."""
    transcript: list[dict[str, Any]] = field(default_factory=list)
    stopped: bool = False

    @property
    def lines(self) -> list[str]:
        """What agents read: texts, `<name of a file>`, and `[type]` for the rest but typing and reading."""
        return [_in_words(event) for event in self.events if event["type"] not in {"typein", "seen"}]


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """One event Jivo posted, after its last try."""

    body: dict[str, Any]
    answers: list[Answer]


class FakeJivoChat(Side):
    """A channel at `channel_url`. What breaks the rules is answered 400 with the reason in plain text."""

    def __init__(self) -> None:
        """An agent is online; no channel is configured on this side yet."""
        super().__init__()
        self.online = True
        self.messages_url = ""
        """Where the agents' messages are posted."""
        self.webhooks_url = ""
        self.custom_data: type = str
        """The type of `custom_data` this Jivo takes."""
        self.chats: dict[str, Chat] = {}
        """By the client's id; the one last written to comes last."""
        self.posts: list[Post] = []
        self._ids = count(1)
        self._typed: dict[str, int] = {}

    @property
    def channel_url(self) -> str:
        """The address to enter on the other side; it holds the channel's secret."""
        return f"{self.url}{CHANNEL}"

    @property
    def client(self) -> str:
        """Id of the client who wrote last; empty before the first word."""
        return next(reversed(self.chats), "")

    @property
    def chat(self) -> Chat:
        """The chat written to last; an empty one before the first word."""
        return self.chats.get(self.client) or Chat(chat_id=0)

    @property
    def sender(self) -> dict[str, Any]:
        """The client who wrote last, as described."""
        return self.chat.senders[-1] if self.chat.senders else {}

    def told(self, kind: str) -> list[dict[str, Any]]:
        """Return the messages of a type in the last chat."""
        return [event for event in self.chat.events if event["type"] == kind]

    # --- agents --------------------------------------------------------------------------------------------------

    async def says(self, text: str, *, client: str = "", agent: Any = BO, message_id: str = "") -> Answer:
        """An agent writes."""
        return await self.tells("text", client=client, agent=agent, message_id=message_id, text=text)

    async def sends(self, kind: str, url: str, *, client: str = "", **members: Any) -> Answer:
        """An agent sends a file that lies at `url` (see `keep`)."""
        if kind not in MEDIA:
            raise ValueError(kind)
        return await self.tells(kind, client=client, file=url, **members)

    async def types(self, *, client: str = "") -> Answer:
        """An agent types."""
        return await self.tells("typein", client=client)

    async def asks_for_a_rating(self, text: str = "", *, client: str = "") -> Answer:
        """Jivo asks the client how it was."""
        return await self.tells("rate", client=client, text=text)

    async def offers(self, text: str, *keys: tuple[str, str], client: str = "") -> Answer:
        """Jivo offers a keyboard; `keys`: id and text of each."""
        keyboard = [{"id": key, "text": words} for key, words in keys]
        return await self.tells("keyboard", client=client, text=text, keyboard=keyboard)

    async def stops(self, *, client: str = "") -> Answer:
        """An agent closes the dialog, and the Chat API tells."""
        return await self.tells("stop", client=client)

    async def tells(
        self, kind: str, *, client: str = "", agent: Any = BO, message_id: str = "", **members: Any
    ) -> Answer:
        """Post any message of an agent, unknown types too."""
        known_as = client or self.client
        message = {"type": kind, "id": message_id or f"j{next(self._ids)}", "date": 1_700_000_000, **members}
        chat = self.chats.get(known_as)
        if chat and isinstance(members.get("text"), str):
            self._write_down(chat, "agent", members["text"])
        body = {"sender": agent, "recipient": {"id": known_as}, "message": message}
        return await self._deliver(self.messages_url, body)

    async def _deliver(self, url: str, body: dict[str, Any]) -> Answer:
        """Post by the rules: 2xx is the end, 4xx too; anything else is tried again. Nobody waits in a test."""
        answers: list[Answer] = []
        for _ in range(TRIES):
            answers.append(await self.post(url, body))
            if answers[-1].status in OK or 400 <= answers[-1].status < 500:  # noqa: PLR2004 - HTTP
                break
        self.posts.append(Post(body=body, answers=answers))
        return answers[-1]

    # --- webhooks ------------------------------------------------------------------------------------------------

    async def hook(self, event_name: str, *, client: str = "", visitor: Any = None, **members: Any) -> Answer:
        """Post a webhook about a client's chat. What identifies them there is the test's choice."""
        chat = self.chats.get(client or self.client)
        common = {
            "event_name": event_name,
            "widget_id": "JIVOPUBLICID",
            "user_token": None,
            "visitor": {"number": "", "description": "", "chats_count": 1, **(visitor or {})},
            "chat_id": chat.chat_id if chat else 0,
            "agent": {"id": 7, "name": "Bo", "email": "bo@example.com"},
        }
        return await self._deliver(self.webhooks_url, {**common, **members})

    async def finishes(
        self, *, client: str = "", rate: str | None = None, visitor: Any = None, **members: Any
    ) -> Answer:
        """An agent closes the chat: `chat_finished` with its transcript."""
        chat = self.chats[client or self.client]
        told = {"messages": chat.transcript, "blacklisted": False, "rate": rate}
        return await self.hook("chat_finished", client=client, visitor=visitor, **{"chat": told, **members})

    # --- the channel ---------------------------------------------------------------------------------------------

    def _named(self, request: web.Request, body: Any) -> str:
        if request.path == f"{CHANNEL}/status":
            return "status"
        message = body.get("message") if isinstance(body, dict) else None
        return str(message.get("type", "")) if isinstance(message, dict) else ""

    def _take(self, request: web.Request, what: str, body: Any) -> tuple[int, Any]:
        if what == "status" and request.method == "GET":
            return 200, int(self.online)
        if request.path != CHANNEL:
            return 404, "no such channel"
        if request.method != "POST" or request.headers.get("Content-Type") != CONTENT_TYPE:
            return 400, f"POST with {CONTENT_TYPE} is wanted"
        if fault := fault_of(body, custom_data=self.custom_data) or self._too_fast(body):
            return 400, fault
        self._keep_event(body["sender"], body["message"])
        return 200, {"result": "ok"}

    def _too_fast(self, body: Any) -> str:
        message, known_as = body["message"], body["sender"]["id"]
        if message["type"] != "typein":
            return ""
        before = self._typed.get(known_as)
        self._typed[known_as] = message["date"]
        return "typein: once in 5 seconds" if before and message["date"] - before < TYPEIN_SECONDS - 1 else ""

    def _keep_event(self, sender: dict[str, Any], message: dict[str, Any]) -> None:
        """By id, each once. A chat that was stopped goes on by `start`; whoever writes without it gets a new one."""
        chat = self.chats.pop(sender["id"], None)
        if chat is None:
            chat = Chat(chat_id=1000 + next(self._ids))
        self.chats[sender["id"]] = chat
        is_known = (
            message["type"] != "seen"
            and message.get("id")
            and any(event["type"] != "seen" and event.get("id") == message["id"] for event in chat.events)
        )
        if is_known:
            return
        chat.events.append(message)
        chat.senders.append(sender)
        chat.stopped = message["type"] == "stop" or (chat.stopped and message["type"] != "start")
        if message["type"] == "text":
            self._write_down(chat, "visitor", message["text"], message["date"])

    def _write_down(self, chat: Chat, who: str, text: str, at: int | None = None) -> None:
        before = chat.transcript[-1]["timestamp"] if chat.transcript else 0
        line = {"message": text, "timestamp": at if at is not None else before, "type": who}
        chat.transcript.append({**line, "agent_id": 7} if who == "agent" else line)


def _in_words(event: dict[str, Any]) -> str:
    match event["type"]:
        case "text":
            return str(event["text"])
        case kind if kind in MEDIA:
            return f"<{event.get('file_name', '')}>"
        case "keyboard":
            return f"[{', '.join(key['id'] for key in event['keyboard'])}]"
        case kind:
            return f"[{kind}]"
