"""What the desk's tests share: a gateway's config, and agents who speak the socket's language."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from itertools import count

from aiohttp import ClientSession, CookieJar

from gateway import BotReply, Said, Transfer, text_message
from gateway.testing import echo

TOKENS = {name: f"{name}-token-0123456789" for name in ("anna", "ben", "cleo")}
CONFIG = {
    "channels": {"web": {"type": "fake"}},
    "bots": {"bot": {"type": "fake"}},
    "platforms": {
        "desk": {
            "type": "desk",
            "title": "Support",
            "groups": {"sales": {"name": "Sales"}, "service": {"name": "Service"}},
            "agents": [
                {"id": "anna", "name": "Anna", "token": TOKENS["anna"], "groups": ["sales", "service"]},
                {"id": "ben", "name": "Ben", "token": TOKENS["ben"], "groups": ["sales"]},
                {"id": "cleo", "name": "Cleo", "token": TOKENS["cleo"], "groups": ["service"]},
            ],
            "canned": [
                {"name": "hello", "text": "Hello {client}, this is {agent}."},
                {"name": "moment", "text": "One moment please."},
            ],
        }
    },
    "routes": {"main": {"channels": ["web"], "bot": "bot", "handoff": ["desk"], "history": 3}},
}
WAIT_SECONDS = 10


def config_with(**options):
    """The config with other options of the desk."""
    return {**CONFIG, "platforms": {"desk": {**CONFIG["platforms"]["desk"], **options}}}


def calling(transfer):
    """A bot that transfers on "agent" and echoes otherwise."""

    def answer(turn):
        if isinstance(turn.cause.body, Said) and turn.cause.body.message.text == "agent":
            return BotReply(messages=(text_message("calling"),), transfer=transfer)
        return echo(turn)

    return answer


class Place:
    """A gateway with a desk, and who came to it."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.url = f"{gateway.url}/desk/"
        self.desk = gateway.gateway.instances["desk"].component
        self._stack = AsyncExitStack()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        await self._stack.aclose()

    @property
    def client(self):
        return self.gateway.channel("web")

    async def agent(self, name, *, online=True):
        """An agent signs in and connects."""
        agent = Agent(self, name)
        await self._stack.enter_async_context(agent.http)
        await agent.sign_in()
        await agent.connect()
        self._stack.push_async_callback(agent.disconnect)
        if online:
            await agent.does("status", online=True)
        return agent

    async def calls(self, transfer=None, *, client="ann", words=("hi", "agent")):
        """A client asks the bot for a human; returns the session once it stands in the queue (or was refused)."""
        self.gateway.bot("bot").answer = calling(transfer or Transfer(destination="sales"))
        for text in words:
            await self.client.writes(text, client)
            await self.gateway.settled()
        conversation = await self.gateway.conversation(client)
        return conversation.handoff.session if conversation.handoff else None

    async def floor(self, client="ann"):
        return (await self.gateway.conversation(client)).floor


class Agent:
    """An agent with a socket: remembers what it was told, in order."""

    def __init__(self, place, name):
        self.place = place
        self.name = name
        self.http = ClientSession(base_url=place.url, cookie_jar=CookieJar(unsafe=True))
        self.cards = {}
        self.entries = []
        self.frames = []
        self._socket = None
        self._refs = count(1)

    async def sign_in(self, token=None):
        answer = await self.http.post("session", json={"token": token or TOKENS[self.name]})
        assert answer.status == 200, await answer.text()

    async def connect(self):
        self._socket = await self.http.ws_connect("socket")
        return await self.hears("welcome")

    async def disconnect(self):
        await self._socket.close()

    def pause(self):
        """Stop reading, as a browser on a bad line does."""
        self._socket._response.connection.transport.pause_reading()

    def resume(self):
        self._socket._response.connection.transport.resume_reading()

    async def sends(self, frame):
        data = frame if isinstance(frame, str) else json.dumps(frame)
        await self._socket.send_str(data)

    async def does(self, what, *, ref=None, **members):
        """Do something and return the answer to it."""
        ref = ref or f"{self.name}-ref-{next(self._refs)}"
        await self.sends({"type": what, "ref": ref, **members})
        return await self.hears("ok", "refused", ref=ref)

    async def follows(self, session, after=0):
        await self.sends({"type": "follow", "session": session, "after": after})

    async def hears(self, *types, where=lambda frame: True, **members):
        """Return the next frame of these types (and members); keeps what the others told."""
        wanted = members.items()
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                frame = await self._listen()
                if frame["type"] in types and wanted <= frame.items() and where(frame):
                    return frame

    async def until(self, condition):
        """Listen until what was told makes the condition true."""
        while not condition():
            await self._listen()

    async def gone(self):
        """Disconnect, and wait until the desk noticed."""
        await self.disconnect()
        roster = self.place.desk._workspace.roster
        async with asyncio.timeout(WAIT_SECONDS):
            while roster._connections[self.name]:  # noqa: ASYNC110 - nobody is told of a count
                await asyncio.sleep(0)

    async def sees(self, session, where=lambda card: True):
        """Return the dialog's card as soon as it is as wanted."""
        if session in self.cards and where(self.cards[session]):
            return self.cards[session]
        frame = await self.hears("card", where=lambda f: f["card"]["session"] == session and where(f["card"]))
        return frame["card"]

    async def reads(self, condition):
        """Return the entries told so far as soon as they are as wanted."""
        while not condition(self.entries):
            await self.hears("entries")
        return self.entries

    async def _listen(self):
        async with asyncio.timeout(WAIT_SECONDS):
            frame = await self._socket.receive_json()
        self._keep(frame)
        return frame

    def _keep(self, frame):
        self.frames.append(frame)
        match frame["type"]:
            case "welcome":
                self.cards = {card["session"]: card for card in frame["cards"]}
            case "card":
                self.cards[frame["card"]["session"]] = frame["card"]
            case "gone":
                self.cards.pop(frame["session"], None)
            case "entries":
                self.entries += frame["entries"]


def said(entries):
    """What was said, in order."""
    bodies = [entry["body"] for entry in entries if entry["body"]["type"] == "said"]
    return [f"{body['role']}: {body['message']['contents'][0].get('text', '')}" for body in bodies]
