"""Everything around the gateway: two channels, two bots, two platforms and all who use them, in one server.

One of each pair honours our idempotency key, its twin does not. They keep their books in a `Ledger`, and go wrong as
their `Mood` says.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

from tests.faults.ledger import HONEST, Call, Ledger
from tests.faults.people import Agent, Client
from tests.faults.wire import Answer, Request, serve

ROUTES = {"one": ("keen", "smart", ("alpha", "beta")), "two": ("plain", "simple", ("beta", "alpha"))}
"""Route -> channel, bot, platforms."""
SIDES = ("keen", "plain", "smart", "simple", "alpha", "beta")
SLOW_SECONDS = 0.6
LATE = 0.8
"""An answer that takes this part of the caller's patience may come when nobody waits for it any more."""


@dataclass(slots=True)
class Mood:
    """How often, of all its calls, a side does what; the rest it answers as it should."""

    limits: float = 0.0
    """Answers 429, with a Retry-After of 1 s or 0 s."""
    fails: float = 0.0
    """Answers 500 or 503 without having done it."""
    forgets: float = 0.0
    """Does it, and cuts the connection instead of answering."""
    dawdles: float = 0.0
    """Does it, and answers when nobody waits any more."""
    hangs: asyncio.Event | None = None
    """Answers nobody before this is set."""
    dawdle_seconds: float = 3.0


@dataclass(slots=True)
class Side:
    """What one side remembers."""

    mood: Mood = field(default_factory=Mood)
    answers: dict[str, object] = field(default_factory=dict)
    """Key -> what was answered, where keys are honoured."""


class World:
    """`async with` makes it listen; `begin` lets the clients talk, `end` waits until everybody is done."""

    def __init__(self, *, seed: str, gateway_port: int, clients: int, patience_seconds: float) -> None:
        """`clients`: per channel. `patience_seconds`: how long the gateway waits for an answer."""
        self.patience_seconds = patience_seconds
        self.seed = seed
        self.gateway_port = gateway_port
        self.ledger = Ledger()
        self.ending = False
        self.port = 0
        self.sides = {name: Side() for name in SIDES}
        self.sessions: dict[str, Agent] = {}
        self._people = {
            f"{channel}{number}": Client(
                self, f"{channel}{number}", channel, random.Random(f"{seed}/{channel}{number}")
            )
            for channel, _, _ in ROUTES.values()
            for number in range(clients)
        }
        self._tasks: set[asyncio.Task[None]] = set()
        self._chance = random.Random(f"{seed}/world")

    async def __aenter__(self) -> Self:
        self._server, self.port = await serve(self._handle, self._unheard)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        self._server.close()

    def move(self, gateway_port: int) -> None:
        """The gateway is reached at another port."""
        self.gateway_port = gateway_port
        for client in self._people.values():
            client.move(gateway_port)

    # --- life ----------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Let everybody talk."""
        for client in self._people.values():
            self._run(client.live())

    async def end(self, *, within_seconds: float) -> None:
        """Nobody begins anything new, and all finish what they are at. Raises `TimeoutError`."""
        self.ending = True
        async with asyncio.timeout(within_seconds):
            while self._tasks:
                await asyncio.wait(set(self._tasks))

    @property
    def busy(self) -> int:
        """Count the lives that go on."""
        return len(self._tasks)

    def _run(self, life: Awaitable[None]) -> None:
        task = asyncio.ensure_future(life)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.result()

    # --- calls ---------------------------------------------------------------------------------------------------

    async def _handle(self, request: Request) -> Answer:
        """Answer a call to `/{side}/{what}` as the side feels."""
        _, name, what = request.path.split("/")
        side = self.sides[name]
        mood, chance = side.mood, self._chance.random()
        if mood.hangs:
            await mood.hangs.wait()
        if (chance := chance - mood.limits) < 0:
            return Answer({}, 429, retry_after=self._chance.choice([0, 1]))
        if (chance := chance - mood.fails) < 0:
            return Answer({}, self._chance.choice([500, 503]))
        body = await self._act(name, what, request)
        if (chance := chance - mood.forgets) < 0:
            self._withheld(name, request)
            return Answer(status=0)
        if chance - mood.dawdles < 0:
            await asyncio.sleep(mood.dawdle_seconds)
        if time.monotonic() - request.body["at"] > self.patience_seconds * LATE:
            self._withheld(name, request)
        return Answer(body)

    def _unheard(self, request: Request) -> None:
        self._withheld(request.path.split("/")[1], request)

    def _withheld(self, side: str, request: Request) -> None:
        self.ledger.unanswered[side, request.body["conversation"]].add((request.key, request.number))

    async def _act(self, name: str, what: str, request: Request) -> object:
        """Do it and write it down: before anything that takes time."""
        self._write_down(name, what, request)
        side = self.sides[name]
        known = name in HONEST and request.key in side.answers
        if known:
            return side.answers[request.key]
        act: Callable[[str, dict[str, Any]], Awaitable[object]] = getattr(self, f"_{what}_{_kind(name)}")
        answer = side.answers[request.key] = await act(name, request.body)
        return answer

    def _write_down(self, name: str, what: str, request: Request) -> None:
        body = request.body
        self.ledger.calls.append(
            Call(
                side=name,
                what=f"{what}_{_kind(name)}",
                key=request.key,
                conversation=body["conversation"],
                begun=body["at"],
                number=body.get("number", 0),
                text=body.get("text", ""),
                session=body.get("session", ""),
                history=tuple(body.get("history", ())),
            )
        )

    async def _send_channel(self, _name: str, body: dict[str, Any]) -> object:
        self._people[body["client"]].heard.set()
        return {}

    async def _turn_bot(self, _name: str, body: dict[str, Any]) -> object:
        """Say the same at every repetition, as a bot that is a function of the dialog does."""
        wish = body["text"].rpartition(" ")[2]
        if wish == "slow":
            await asyncio.sleep(SLOW_SECONDS)
        texts = [
            f"{body['conversation']} {body['cause']} {body['number']} {part}" for part in range(1 + (wish == "two"))
        ]
        return {"texts": texts, "transfer": wish == "agent", "close": wish == "bye"}

    async def _open_platform(self, name: str, body: dict[str, Any]) -> object:
        session = body["session"]
        rng = random.Random(f"{self.seed}/{body['client']}/{session.rpartition('.')[2]}/{name}")
        chance = rng.random()
        refused = "busy" if chance < 0.1 else "offline" if chance < 0.15 else ""
        joined = not refused and chance < 0.3
        if not refused and session not in self.sessions:
            agent = self.sessions[session] = Agent(self, name, session, rng)
            self._run(agent.live(joined=joined))
        return {"refused": refused, "agent": f"{session}/1" if joined else ""}

    async def _send_platform(self, _name: str, body: dict[str, Any]) -> object:
        agent = self.sessions.get(body["session"])
        if agent:
            agent.words.put_nowait(body["number"])
        return {}

    async def _close_platform(self, _name: str, body: dict[str, Any]) -> object:
        agent = self.sessions.get(body["session"])
        if agent:
            agent.over.set()
        return {}


def _kind(side: str) -> str:
    return {"keen": "channel", "plain": "channel", "smart": "bot", "simple": "bot"}.get(side, "platform")
