"""Engine, dispatcher, carrier and memory store in one process, where time is ours and a crash may come at any await.

The loop's clock stands still unless somebody moves it, and `settle` runs until nobody has anything to do. Every call to
a side waits until it is decided what becomes of it. The books are those of the full run, and so is the verdict.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from gateway.capabilities import EVERYTHING
from gateway.carry import Carrier
from gateway.contracts import BotReply, Closing, Opened, Opening, Outgoing, Receipt, Turn
from gateway.conversation import Floor
from gateway.decide import Policy
from gateway.dispatch import Dispatcher, Patience
from gateway.engine import Engine
from gateway.entries import Said
from gateway.errors import GatewayError, Unavailable
from gateway.events import PluginEvent
from gateway.feed import Feed
from gateway.given import Received
from gateway.metrics import Metrics
from gateway.model import Role
from gateway.observe import Observer
from gateway.signals import Signals
from gateway.store.memory import MemoryStore
from gateway.supervisor import Running, State, Terms
from tests.faults.ledger import Call, Ledger, Word
from tests.faults.verdict import EVERYTHING as ALL
from tests.faults.verdict import Dialog, Verdict, judge
from tests.faults.world import ROUTES, SIDES

BEGINNING = 1_800_000_000.0
METRICS = Metrics()


class StandingLoop(asyncio.SelectorEventLoop):
    """A loop whose clock moves only when told to."""

    def __init__(self) -> None:
        self.passed = 0.0
        super().__init__()

    def time(self) -> float:
        return self.passed

    def turn(self) -> None:
        """Run what is ready now, once."""
        self.stop()
        self.run_forever()

    def settle(self) -> None:
        """Run until nothing is ready any more."""
        while self._ready or (self._scheduled and self._scheduled[0].when() <= self.passed):  # type: ignore[attr-defined]
            self.turn()


@dataclass(eq=False, slots=True)
class Asked:
    """A call of which it is not decided yet what becomes of it."""

    call: Call
    answer: asyncio.Future[Any]


class FakeSide:
    """One side: all it does is wait."""

    def __init__(self, inside: Inside, name: str) -> None:
        self._inside = inside
        self._name = name

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to do."""


class FakeChannel(FakeSide):
    async def send(self, outgoing: Outgoing) -> Receipt:
        self._inside.check_speaker(outgoing)
        await self._inside.asked(
            self._name,
            "send_channel",
            outgoing.id,
            outgoing.conversation,
            number=outgoing.number,
            text=outgoing.message.text,
        )
        return Receipt()


class FakeBot(FakeSide):
    async def reply(self, turn: Turn) -> BotReply:
        cause = turn.cause.body
        text = cause.message.text if isinstance(cause, Said) else ""
        found = await self._inside.asked(
            self._name, "turn_bot", turn.id, turn.conversation.id, number=turn.cause.number, text=text
        )
        assert isinstance(found, BotReply)
        return found


class FakePlatform(FakeSide):
    async def open(self, opening: Opening) -> Opened:
        history = tuple(entry.number for entry in opening.history)
        found = await self._inside.asked(
            self._name, "open_platform", opening.id, opening.conversation, session=opening.session, history=history
        )
        assert isinstance(found, Opened)
        return found

    async def send(self, outgoing: Outgoing) -> Receipt:
        await self._inside.asked(
            self._name,
            "send_platform",
            outgoing.id,
            outgoing.conversation,
            number=outgoing.number,
            text=outgoing.message.text,
            session=outgoing.session,
        )
        return Receipt()

    async def close(self, closing: Closing) -> None:
        conversation = closing.session.partition(".")[0]
        await self._inside.asked(self._name, "close_platform", closing.id, conversation, session=closing.session)


class Inside:
    """The gateway's inside and the books kept of it."""

    def __init__(self) -> None:
        self.loop = StandingLoop()
        self.ledger = Ledger()
        self.store = MemoryStore()
        self.ahead = 0.0
        self.calls: list[Asked] = []
        self.problems: list[str] = []
        self.ticks = 0.0
        self._policies = _policies()
        self._later: list[tuple[Word | None, str, PluginEvent, str]] = []
        self.run(self.store.open())
        self._start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run something that needs nobody else."""
        return self.loop.run_until_complete(work)

    def now(self) -> float:
        """The wall clock."""
        return BEGINNING + self.loop.passed + self.ahead

    def tick(self) -> float:
        """Return a number larger than all before: what the books call time."""
        self.ticks += 1
        return self.ticks

    # --- life ----------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        feed, instances = Feed(), dict[str, Running]()
        self.engine = Engine(
            store=self.store, policies=self._policies, feed=feed, observer=Observer(METRICS), now=self.now
        )
        carrier = Carrier(
            engine=self.engine,
            store=self.store,
            instances=instances,
            chains={name: policy.chain for name, policy in self._policies.items()},
            signals=Signals(self.engine, feed, instances),
            progress=lambda effect: self.dispatcher.progressed(effect),  # noqa: PLW0108 - not there yet
            public_url=lambda: "http://gateway",
        )
        self.dispatcher = Dispatcher(
            engine=self.engine,
            store=self.store,
            carry_out=carrier.carry_out,
            patience=lambda _channel: Patience(),
            places=lambda _target: 2,
            metrics=METRICS,
            now=self.now,
        )
        self.engine.connect(self.dispatcher)
        for name in SIDES:
            running = Running(name=name, kind="fake", component=_component(self, name), terms=Terms(), shows=EVERYTHING)
            running.state = State.UP
            instances[name] = running
        self.run(self.dispatcher.start())
        self.engine.open = True

    def crash(self, *, acted: Callable[[], bool]) -> None:
        """End everything where it stands, and start again. `acted`: whether a call under way still got through."""
        for asked in self.calls:
            if not asked.answer.done() and acted():
                self.ledger.calls.append(asked.call)
        self.calls.clear()
        self.ledger.crashes += 1
        tables, self.store._tables = self.store._tables, type(self.store._tables)()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        for handle in self.loop._scheduled:  # type: ignore[attr-defined]
            handle.cancel()
        self.dispatcher._stopping = self.dispatcher._stopped = True
        self.loop.settle()
        self.calls.clear()
        self.store = MemoryStore()
        self.store._tables = tables
        self.run(self.store.open())
        self._start()
        again, self._later = self._later, []
        for word, instance, event, key in again:
            self.receive(instance, event, key, word)

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        self.loop.passed += seconds
        self.loop.settle()

    # --- events --------------------------------------------------------------------------------------------------

    def receive(self, instance: str, event: PluginEvent, key: str, word: Word | None = None) -> asyncio.Task[None]:
        """Hand an event in; it is handed in again, with its key, until somebody confirms or refuses it."""
        entry = (word, instance, event, key)
        self._later.append(entry)

        async def handed_in() -> None:
            while True:
                try:
                    self._confirmed(await self.engine.receive(instance, event, key=key), word, event)
                except Unavailable:
                    continue
                except GatewayError:
                    if word:
                        word.refused = 404
                self._later.remove(entry)
                return

        return self.loop.create_task(handed_in())

    def _confirmed(self, _received: Received, word: Word | None, event: PluginEvent) -> None:
        self.ledger.events += 1
        if word:
            word.acked = word.acked or self.tick()
        agent = getattr(event, "agent", None)
        if agent and type(event).__name__ in {"AgentJoined", "AgentWrote"}:
            self.ledger.joins.setdefault(agent.id, self.tick())

    # --- calls ---------------------------------------------------------------------------------------------------

    async def asked(
        self,
        side: str,
        what: str,
        key: str,
        conversation: str,
        *,
        number: int = 0,
        text: str = "",
        session: str = "",
        history: tuple[int, ...] = (),
    ) -> object:
        """Wait until it is decided what becomes of a call."""
        call = Call(side, what, key, conversation, self.tick(), number, text, session, history)
        asked = Asked(call, self.loop.create_future())
        lane = [
            each.call.key for each in self.calls if (each.call.side, each.call.conversation) == (side, conversation)
        ]
        if lane:
            self.problems.append(f"two at a time: {side} is asked {key} while {lane} are under way")
        self.calls.append(asked)
        try:
            return await asked.answer
        finally:
            if asked in self.calls:
                self.calls.remove(asked)

    def gets_through(self, asked: Asked) -> None:
        """The side has it."""
        self.ledger.calls.append(asked.call)

    def answer_lost(self, asked: Asked) -> None:
        """The side has it, and nobody hears of that."""
        self.gets_through(asked)
        self.ledger.unanswered[asked.call.side, asked.call.conversation].add((asked.call.key, asked.call.begun))

    def check_speaker(self, outgoing: Outgoing) -> None:
        """At the very moment of a call, the bot has the right to say what it said."""
        conversation = self.engine.peek(outgoing.conversation)
        if outgoing.role is Role.BOT and conversation and conversation.floor is Floor.AGENT:
            self.problems.append(f"two speakers: {outgoing.id} is sent while an agent has the floor")

    # --- the end -------------------------------------------------------------------------------------------------

    def verdict(self) -> Verdict:
        """Compare the books."""
        return judge(self.ledger, self.run(self._dialogs()))

    async def _dialogs(self) -> list[Dialog]:
        store = self.store
        found = store._tables.conversations
        return [
            Dialog(each, list(await store.entries(each.id, limit=ALL)), list(await store.effects(each.id)))
            for each in found.values()
        ]

    def open_ends(self) -> bool:
        """Tell whether anything is still under way."""
        conversations = self.store._tables.conversations.values()
        return bool(self.calls or self._later or self.dispatcher.pending()) or any(
            each.handoff or each.turns or each.cues for each in conversations
        )

    def close(self) -> None:
        """Let go of the loop."""
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.dispatcher._stopping = self.dispatcher._stopped = True
        self.loop.settle()
        self.loop.close()


def _component(inside: Inside, name: str) -> Any:
    kind = {"keen": FakeChannel, "plain": FakeChannel, "smart": FakeBot, "simple": FakeBot}.get(name, FakePlatform)
    return kind(inside, name)


def _policies() -> dict[str, Policy]:
    return {
        channel: Policy(
            route=route,
            channel=channel,
            shows=EVERYTHING,
            bot=bot,
            chain=chain,
            platforms=dict.fromkeys(chain, EVERYTHING),
            idle_timeout=0,
        )
        for route, (channel, bot, chain) in ROUTES.items()
    }
