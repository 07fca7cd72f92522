"""Jivo's server: it tells a bot what happens in its chats, and takes what the bot posts."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal
from uuid import uuid4

from aiohttp import web

from gateway.testing.jivo.chats import Chat
from gateway.testing.jivo.checking import mistake
from gateway.testing.side import OK, Answer, Side

PROVIDER_ID = "ntQ4xMrS387N2h"
TOKEN = "arb66O7Pbq-test"  # noqa: S105 - of a fake
TIMEOUT_SECONDS = 3.0
TRIES = 3
FROM_BOT = ("BOT_MESSAGE", "INVITE_AGENT", "CLIENT_INFO", "INIT_RATE")


@dataclass(frozen=True, kw_only=True, slots=True)
class Try:
    """One time an event was posted to the bot."""

    event: str
    id: str
    status: int
    """0: no answer in time."""
    seconds: float


class FakeJivo(Side):
    """Jivo at `url`, with one bot. `connect` is the e-mail that names the bot's address.

    It behaves as its page says: an event that gets no 2xx answer within 3 s is posted again, three times in all, with
    the same id; after that the client goes to an agent. Like a known stand-in for Jivo it takes no words of a bot in a
    chat that is over, or that an agent leads.
    """

    def __init__(self) -> None:
        """Agents are online, and look at invitations when a test says so."""
        super().__init__()
        self.provider_id = PROVIDER_ID
        self.token = TOKEN
        self.endpoint = ""
        self.agents_online = True
        self.on_invite: Literal["wait", "join", "unavailable"] = "wait"
        """What happens by itself when the bot invites an agent."""
        self.overheard = False
        """Whether the bot is told of clients' words while an agent leads."""
        self.timeout_seconds = TIMEOUT_SECONDS
        self.kept = Answer(status=204)
        """The answer of what was not told to the bot."""
        self.tries: list[Try] = []
        self.chats: dict[str, Chat] = {}
        """By the chat's id."""
        self._clients, self._numbers = count(1233), count(2037)
        self._tasks: set[asyncio.Task[Any]] = set()

    async def end(self) -> None:
        """Go away, after what was begun is over."""
        for task in self._tasks:
            task.cancel()
        await super().end()

    def connect(self, gateway_url: str, instance: str = "jivo") -> None:
        """Enter the bot's address and token."""
        self.endpoint = f"{gateway_url}/hooks/{instance}/{self.token}"

    def chat(self, name: str = "Ann", *, channel: str = "widget", client_id: str = "") -> Chat:
        """Return a new chat, of a new client unless one is named."""
        chat = Chat(
            self,
            client_id=client_id or str(next(self._clients)),
            chat_id=str(next(self._numbers)),
            name=name,
            channel=channel,
        )
        self.chats[chat.chat_id] = chat
        return chat

    # --- telling -------------------------------------------------------------------------------------------------

    async def tells(self, chat: Chat, event: str, *, event_id: str = "", **members: Any) -> Answer:
        """Post an event, as often as it takes; return the last answer."""
        body = {
            "id": event_id or str(uuid4()),
            "event": event,
            "site_id": "123456",
            "client_id": chat.client_id,
            "chat_id": chat.chat_id,
            **members,
        }
        answer = Answer(status=0)
        for _ in range(TRIES):
            answer = await self._try(body)
            if answer.status in OK or self._manners.held:
                return answer
        chat.led_by = "agent"
        return answer

    async def _try(self, body: dict[str, Any]) -> Answer:
        started = time.monotonic()
        try:
            async with asyncio.timeout(self.timeout_seconds):
                answer = await self.post(self.endpoint, body)
        except TimeoutError:
            answer = Answer(status=0)
        seconds = time.monotonic() - started
        self.tries.append(Try(event=body["event"], id=body["id"], status=answer.status, seconds=seconds))
        self._changed.set()
        return answer

    # --- taking --------------------------------------------------------------------------------------------------

    def _named(self, _request: web.Request, body: Any) -> str:
        return str(body.get("event", "")) if isinstance(body, dict) else ""

    def _take(self, request: web.Request, what: str, body: Any) -> tuple[int, Any]:
        parts = request.path.strip("/").split("/")
        if parts[:2] != ["webhooks", self.provider_id]:
            return 404, _error("invalid_request", "incorrect endpoint")
        if parts[2:] != [self.token]:
            return 401, _error("invalid_client", "incorrect token")
        if request.method != "POST" or what not in FROM_BOT:
            return 405, _error("invalid_request", "method or event not supported")
        wrong = "" if request.content_type == "application/json" else "the content type"
        if wrong := wrong or mistake(body):
            return 400, _error("invalid_request", wrong)
        chat = self.chats.get(body["chat_id"])
        if chat is None or chat.client_id != body["client_id"]:
            return 400, _error("invalid_request", "there is no such chat")
        return self._do(chat, what, body)

    def _do(self, chat: Chat, what: str, body: dict[str, Any]) -> tuple[int, Any]:
        if what in {"BOT_MESSAGE", "INVITE_AGENT"} and (chat.is_closed or chat.led_by == "agent"):
            return 400, _error("invalid_request", "the bot does not lead this chat")
        match what:
            case "BOT_MESSAGE":
                chat.messages.append(body["message"])
            case "CLIENT_INFO":
                chat.info |= {name: value for name, value in body.items() if name in {"name", "email", "phone"}}
            case "INIT_RATE":
                chat.rate_asked += 1
            case _:
                self._invited(chat)
        return 200, {}

    def _invited(self, chat: Chat) -> None:
        chat.invited += 1
        if self.on_invite == "wait":
            return
        task = asyncio.create_task(chat.joins() if self.on_invite == "join" else chat.nobody_comes())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}
