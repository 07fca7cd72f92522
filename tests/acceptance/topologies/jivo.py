"""JivoChat: its clients and its agents. Both are in the same chat, of which the gateway's bot is a part."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from gateway.testing.jivo import FakeJivo
from tests.acceptance.topologies.sides import Outbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.testing.jivo import Answer, Chat, Hold
    from tests.acceptance.topologies.sides import Client, Topology

WAIT_SECONDS = 20.0
NO_ANSWER = {0, 503}
"""The gateway is down, or about to start."""
TAKEN = {200, 204}
"""204: the bot need not know."""
EVENT_IDS = count(1)

Json = dict[str, Any]


@dataclass
class Room:
    """A client's chats, one after the other, as client and agent have them before their eyes."""

    chats: list[Chat]
    outbox: Outbox = field(default_factory=Outbox)
    shown: list[Json] = field(default_factory=list)
    """What bot and agent said, in the order the client saw it."""
    _bot: int = 0

    @property
    def chat(self) -> Chat:
        """The one that is open; after a close the client's next word opens another."""
        return self.chats[-1]

    def enter(self) -> None:
        """The client is about to write."""
        if self.chat.is_closed:
            self.look()
            self._bot = 0
            self.chats.append(self.chat.anew())

    def look(self) -> Sequence[Json]:
        """Return what was said by bot and agent until now."""
        self.shown += self.chat.messages[self._bot :]
        self._bot = len(self.chat.messages)
        return self.shown

    def show(self, message: Json) -> Json:
        """Show the client what an agent says: Jivo does it, whether the bot is there or not."""
        self.look()
        self.shown.append(message)
        return message

    def keep(self, name: str, content: bytes) -> Json:
        """Return a message with a file."""
        return {"type": "DOCUMENT", "file": self.chat.jivo.keep(name, content, "text/plain"), "file_name": name}

    async def close(self) -> None:
        """Somebody ends the chat."""
        self.chat.is_closed = True
        await self.tell(lambda chat, event: chat.tells("CHAT_CLOSED", event_id=event))

    async def until(self, condition: Callable[[], bool]) -> None:
        await self.chat.jivo.until(condition, within_seconds=WAIT_SECONDS)

    async def tell(self, tell: Callable[[Chat, str], Awaitable[Answer]]) -> None:
        """Tell the bot, again and again under one id.

        Jivo tries three times within 9 s; then the client goes to an agent. Where nobody listens the fake's tries are
        over at once: together they count as one here, as if the gateway came back within the 9 s.
        """
        chat, event = self.chat, f"e{next(EVENT_IDS)}"

        async def attempt() -> bool:
            led_by = chat.led_by
            answer = await tell(chat, event)
            assert answer.status in {*NO_ANSWER, *TAKEN}, answer
            if answer.status in NO_ANSWER:
                chat.led_by = led_by
            return answer.status in TAKEN

        await self.outbox.put(attempt)


class JivoClient:
    """Somebody who writes to the shop, be it in Jivo's widget or by a messenger connected there."""

    def __init__(self, room: Room, channel: str) -> None:
        self._room = room
        self.channel = channel

    @property
    def ids(self) -> Sequence[str]:
        return [chat.client for chat in self._room.chats]

    async def opens(self) -> None:
        await self.writes("/start")

    async def writes(self, text: str) -> None:
        self._room.enter()
        await self._room.tell(lambda chat, event: chat.says(text, event_id=event))

    async def sends(self, name: str, content: bytes) -> None:
        self._room.enter()
        message = self._room.keep(name, content)
        await self._room.tell(lambda chat, event: chat.sends_message(message, event_id=event))

    async def closes(self) -> None:
        await self._room.close()

    def lines(self) -> Sequence[str]:
        return [_in_words(message) for message in self._room.look()]

    async def until(self, condition: Callable[[], bool]) -> None:
        await self._room.until(condition)

    async def content(self, name: str) -> bytes:
        [url] = {message["file"] for message in self._room.look() if _in_words(message) == f"<{name}>"}
        answer = await self._room.chat.jivo.request("GET", url)
        assert answer.status in TAKEN, url
        body: bytes = answer.body
        return body


def _in_words(message: Json) -> str:
    return f"<{message['file'].rpartition('/')[2]}>" if "file" in message else str(message["text"])


class JivoAgent:
    """Bo in Jivo. What he sees of the gateway are its invitations; what was said he reads in the chat."""

    def __init__(self, room: Room) -> None:
        self._room = room

    async def writes(self, text: str) -> None:
        self._room.show({"type": "TEXT", "text": text})
        await self._room.tell(lambda chat, event: chat.agent_says(text, event_id=event))

    async def sends(self, name: str, content: bytes) -> None:
        message = self._room.show(self._room.keep(name, content))
        await self._room.tell(lambda chat, event: chat.agent_sends(message, event_id=event))

    async def returns(self) -> None:
        """The bot leads again, which it is not told."""

        async def back() -> bool:
            self._room.chat.returns()
            return True

        await self._room.outbox.put(back)

    async def closes(self) -> None:
        await self._room.close()

    async def declines(self) -> None:
        await self._room.tell(lambda chat, event: chat.tells("AGENT_UNAVAILABLE", event_id=event))

    def lines(self) -> Sequence[str]:
        """An invitation that is repeated has the same id, and is the same."""
        invitations, chats = self._room.chat.jivo.called("INVITE_AGENT"), [each.chat_id for each in self._room.chats]
        return ["(invited)" for _ in {each["id"] for each in invitations if each["chat_id"] in chats}]

    async def until(self, condition: Callable[[], bool]) -> None:
        await self._room.until(condition)

    async def content(self, name: str) -> bytes:
        raise AssertionError(f"{name}: the gateway hands no files to agents of Jivo")


class JivoAgents:
    """The agents of one Jivo account."""

    def __init__(self, jivo: FakeJivo, rooms: Mapping[str, Room]) -> None:
        """`rooms`: by the client's first id."""
        self._jivo = jivo
        self._rooms = rooms
        self._hold: Hold | None = None

    async def agent(self, client: Client) -> JivoAgent:
        return JivoAgent(self._rooms[client.ids[0]])

    def go_home(self) -> None:
        self._jivo.agents_online = False

    def refuse(self) -> None:
        self._jivo.refuse("INVITE_AGENT", 422)

    def hesitate(self) -> None:
        self._hold = self._jivo.delay("INVITE_AGENT")

    async def asked(self) -> None:
        assert self._hold
        async with asyncio.timeout(WAIT_SECONDS):
            await self._hold.reached.wait()

    def go_on(self) -> None:
        self._jivo.agents_online = True
        if self._hold:
            self._hold.release()
        self._hold = None


class Jivo:
    """The topology: Jivo has the client, and the gateway is its bot. Each route has an account of its own."""

    def __init__(self, kind: str, accounts: Mapping[str, FakeJivo]) -> None:
        """`kind`: the channel inside of Jivo, such as `widget` or `telegram`."""
        self._kind = kind
        self._accounts = accounts
        self._rooms: dict[str, Room] = {}
        self._agents = {name: JivoAgents(account, self._rooms) for name, account in accounts.items()}

    def config(self, routes: Mapping[str, Mapping[str, Any]]) -> Json:
        return {
            "channels": {name: _channel(account) for name, account in self._accounts.items()},
            "routes": {
                name: {"channels": [name], "bot": "bot", "handoff": [name], **more} for name, more in routes.items()
            },
        }

    async def client(self, route: str, url: str) -> JivoClient:
        account = self._accounts[route]
        account.connect(url, route)
        room = Room([account.chat("Ann", channel=self._kind)])
        self._rooms[room.chat.client] = room
        return JivoClient(room, route)

    def agents(self, route: str) -> JivoAgents:
        return self._agents[route]

    async def close(self) -> None:
        for agents in self._agents.values():
            agents.go_on()
        for room in self._rooms.values():
            await room.outbox.close()


def _channel(account: FakeJivo) -> Json:
    """The bot is in charge again at the client's first word after the agent's, however soon that comes."""
    own = {"provider_id": account.provider_id, "token": account.token, "url": account.url}
    return {"type": "jivo", **own, "late_seconds": 0}


@asynccontextmanager
async def jivo(kind: str, names: Sequence[str]) -> AsyncIterator[Topology]:
    async with AsyncExitStack() as stack:
        accounts = {name: await stack.enter_async_context(FakeJivo()) for name in names}
        for number, account in enumerate(accounts.values()):
            account.token += str(number)
        found = Jivo(kind, accounts)
        stack.push_async_callback(found.close)
        yield found
