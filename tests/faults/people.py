"""Clients and agents, each with a mind of its own that follows from the seed; they repeat what nobody confirmed."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any

from tests.faults.ledger import Word
from tests.faults.wire import Line

if TYPE_CHECKING:
    from tests.faults.world import World

AGAIN_SECONDS = (0.1, 0.2, 0.4, 0.8)
"""Pauses of who was not answered; the last one repeats."""
PATIENCE_SECONDS = 1.0
NOBODY_SECONDS = 15.0
"""How long a dialog stands in a queue at most; the routes give up sooner."""
GOOD = range(200, 300)
REFUSED = range(400, 500)
BUSY = 429


class Poster:
    """Posts updates to a gateway that may be down, each until it is confirmed or refused."""

    def __init__(self, world: World, rng: random.Random) -> None:
        self.world = world
        self.rng = rng
        self._line = Line(world.gateway_port)

    def move(self, port: int) -> None:
        """The gateway is reached at another port."""
        self._line = Line(port)

    async def post(self, instance: str, update: dict[str, Any], *, line: Line | None = None) -> int:
        """Return the status of the answer that settles it."""
        began = time.monotonic()
        for attempt in count():
            try:
                status = await (line or self._line).post(f"/hooks/{instance}", update)
            except ConnectionError:
                status = 0
            if status in GOOD:
                self._confirmed(began)
                return status
            if status in REFUSED and status != BUSY:
                return status
            await asyncio.sleep(AGAIN_SECONDS[min(attempt, len(AGAIN_SECONDS) - 1)] * self.rng.uniform(0.5, 1.5))
        raise AssertionError  # `count` does not end

    def _confirmed(self, began: float) -> None:
        ledger = self.world.ledger
        ledger.events += 1
        ledger.acks.append(time.monotonic() - began)

    async def say(self, books: dict[str, Word], instance: str, speaker: str, update: dict[str, Any]) -> int:
        """Post words, and write down when they were said and confirmed."""
        word = books.setdefault(update["id"], Word(update["id"], speaker))
        status = await self.post(instance, update)
        if status in GOOD:
            word.acked = word.acked or time.monotonic()
            self.world.ledger.on_ack(word.id)
        else:
            word.refused = status
        return status

    def close(self) -> None:
        """Hang up."""
        self._line.close()


class Client(Poster):
    """Talks, asks for agents, leaves them, ends the conversation, and begins a new one."""

    def __init__(self, world: World, name: str, channel: str, rng: random.Random) -> None:
        super().__init__(world, rng)
        self.name = name
        self.channel = channel
        self.heard = asyncio.Event()
        self._count = 0
        self._last: dict[str, Any] = {}

    async def live(self) -> None:
        """Go on until the world ends."""
        while not self.world.ending:
            await self._act(self.rng.random())
        self.close()

    async def _act(self, chance: float) -> None:
        if chance < 0.72:
            await self._says("hello")
        elif chance < 0.80:
            await self._says("agent")
        elif chance < 0.84:
            await self._interrupts_the_bot()
        elif chance < 0.88:
            await self._speaks_twice_at_once()
        elif chance < 0.91:
            await self._does("leaves")
        elif chance < 0.94:
            await self._says("bye")
        elif chance < 0.97:
            await self._does("closes")
        elif self._last:
            await self.post(self.channel, self._last)  # a webhook that comes twice

    def _update(self, what: str, text: str = "") -> dict[str, Any]:
        self._count += 1
        update_id = f"{self.name}:{self._count}"
        self._last = {"id": update_id, "client": self.name, "what": what, "text": f"{update_id} {text}"}
        return self._last

    async def _says(self, text: str, *, waits: bool = True) -> None:
        self.heard.clear()
        began = time.monotonic()
        await self.say(self.world.ledger.said, self.channel, self.name, self._update("says", text))
        if waits and self.rng.random() < 0.8:
            await self._listens(began)

    async def _listens(self, began: float) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self.heard.wait()
        except TimeoutError:
            return
        now = time.monotonic()
        self.world.ledger.replies.append((now, now - began, self.channel))

    async def _does(self, what: str) -> None:
        await self.post(self.channel, self._update(what))

    async def _interrupts_the_bot(self) -> None:
        """The bot thinks for long, and an agent comes meanwhile: what it says then is too late."""
        await self._says("slow", waits=False)
        await self._does("asks")

    async def _speaks_twice_at_once(self) -> None:
        """Two words on two connections: their order is nobody's business, but everybody's must be the same."""
        first, second = self._update("says", "one"), self._update("says", "two")
        books, other = self.world.ledger.said, Client(self.world, self.name, self.channel, self.rng)
        await asyncio.gather(
            self.say(books, self.channel, self.name, first), other.say(books, self.channel, self.name, second)
        )
        other.close()


class Agent(Poster):
    """One session on a platform: somebody takes it or nobody does, they talk, forward it, and end it."""

    def __init__(self, world: World, platform: str, session: str, rng: random.Random) -> None:
        super().__init__(world, rng)
        self.platform = platform
        self.session = session
        self.words: asyncio.Queue[int] = asyncio.Queue()
        self.over = asyncio.Event()
        """Set when the client left, or the session is not known any more."""
        self._who = 1
        self._count = 0

    @property
    def name(self) -> str:
        """The agent who has it: another one after a forward."""
        return f"{self.session}/{self._who}"

    async def live(self, *, joined: bool) -> None:
        """Play it to its end."""
        await self._pause(0.2)
        if not joined and self.rng.random() < 0.1:
            await self._keeps_waiting()
            await self._ends()
            self.close()
            return
        if self.rng.random() < 0.85:
            await self._does("joins")
        await self._talks()
        if self.rng.random() < 0.15:
            await self._does("moves")
            self._who += 1
            await self._pause(0.2)
            await self._does("joins")
            await self._talks()
        await self._ends()
        self.close()

    async def _talks(self) -> None:
        await self._says("what can I do for you?")
        for _ in range(self.rng.randint(1, 4)):
            if not await self._listens() or self.over.is_set():
                return
            await self._says("I see")

    async def _listens(self) -> bool:
        ended = asyncio.ensure_future(self.over.wait())
        heard = asyncio.ensure_future(self.words.get())
        seconds = 0.0 if self.world.ending else PATIENCE_SECONDS * self.rng.random()
        done, pending = await asyncio.wait({ended, heard}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        return heard in done

    async def _keeps_waiting(self) -> None:
        """Nobody takes it: half of these are given back at once, the others wait until the gateway gives up."""
        if self.rng.random() < 0.5 and not self.world.ending:
            with suppress(TimeoutError):
                async with asyncio.timeout(NOBODY_SECONDS):
                    await self.over.wait()

    async def _pause(self, most: float) -> None:
        if not self.world.ending:
            await asyncio.sleep(self.rng.random() * most)

    def _update(self, what: str, **more: object) -> dict[str, Any]:
        self._count += 1
        update_id = f"{self.session}:{self._count}"
        return {"id": update_id, "session": self.session, "agent": self.name, "what": what, **more}

    async def _says(self, text: str) -> None:
        if self.over.is_set():
            return
        update = self._update("says")
        update["text"] = f"{update['id']} {text}"
        self._noted(await self.say(self.world.ledger.told, self.platform, self.session, update))

    async def _does(self, what: str, **more: object) -> None:
        if self.over.is_set():
            return
        update = self._update(what, **more)
        self._noted(await self.post(self.platform, update), came=what == "joins")

    def _noted(self, status: int, *, came: bool = True) -> None:
        if status in REFUSED:
            self.over.set()
        elif came:
            self.world.ledger.joins.setdefault(self.name, time.monotonic())

    async def _ends(self) -> None:
        chance = self.rng.random()
        await self._does("ends", outcome="returned" if chance < 0.5 else "closed", close=chance > 0.8)
        self.over.set()
