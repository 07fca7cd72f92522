"""Hypothesis makes up the life of a few conversations; SQLite and memory must tell the same about it."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gateway.conversation import Floor
from gateway.store.contract import Cancelled, Finished
from gateway.store.memory import MemoryStore
from gateway.store.sqlite import SqliteStore
from tests.store.builders import ask, closed, conversation, dedup, handoff, pending, said, settled, step, timer

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from gateway.store.contract import Step, Store

KEYS = ("a", "b")
TARGETS = ("bot", "site")
NUMBERS = st.integers(1, 8)
TIMES = st.integers(0, 9).map(lambda number: 1000.0 + number / 8)
HANDOFFS = st.none() | st.builds(
    handoff, st.sampled_from(["desk", "center"]), st.sampled_from(["s1", "s2"]), st.sampled_from(["", "r", "s1"]), TIMES
)

finished = st.tuples(
    NUMBERS, st.sampled_from(["done", "stale", "failed", "dropped"]), TIMES, st.sampled_from(["", "gone"])
)


@st.composite
def steps(draw: st.DrawFn) -> tuple[str, int, dict[str, Any]]:
    """A conversation, how far its version is off, and what the step brings; numbers are relative to what is there."""
    key = draw(st.sampled_from(KEYS))
    facts = {
        "entries": draw(st.integers(0, 2)),
        "effects": draw(st.lists(st.sampled_from(TARGETS), max_size=2)),
        "timers": draw(st.lists(st.sampled_from("xyz"), max_size=2)),
        "cancelled_timers": tuple(draw(st.lists(st.sampled_from("xyz"), max_size=2))),
        "cancelled": draw(st.lists(st.builds(Cancelled, target=st.sampled_from(TARGETS), before=NUMBERS), max_size=1)),
        "finished": draw(st.lists(finished, max_size=2)),
        "dedup": draw(st.none() | st.sampled_from("1234").map(dedup)),
        "handoff": draw(HANDOFFS),
        "floor": draw(st.sampled_from(Floor)),
        "active_at": draw(TIMES),
    }
    return key, draw(st.sampled_from([0, 0, 0, 0, 1, -1])), facts


class Twins(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.memory = MemoryStore()
        self.sqlite = SqliteStore(Path(self.folder.name) / "gateway.db")
        self.counts = dict.fromkeys(KEYS, (0, 0, 0))
        self.both(lambda store: store.open())

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.both(lambda store: store.close())
            self.runner.close()
            self.folder.cleanup()

    def both(self, ask_store: Callable[[Store], Coroutine[Any, Any, Any]]) -> Any:
        """Ask both; what one returns or raises, the other must, too."""
        answers = [self.runner.run(answer(ask_store(store))) for store in (self.memory, self.sqlite)]
        assert answers[0] == answers[1]
        return answers[0]

    @rule(wanted=st.lists(steps(), min_size=1, max_size=4))
    def commit(self, wanted: list[tuple[str, int, dict[str, Any]]]) -> None:
        before, made = dict(self.counts), []
        for key, off, facts in wanted:  # Each is decided as if those before it were committed.
            made.append(self.made(key, off, dict(facts)))
            self.count(made[-1])
        self.counts = before

        async def together(store: Store) -> list[str]:
            results = await asyncio.gather(*(store.commit(each) for each in made), return_exceptions=True)
            return [type(each).__name__ if isinstance(each, BaseException) else str(each) for each in results]

        for each, outcome in zip(made, self.both(together), strict=True):
            if outcome == "True":
                self.count(each)

    @rule(key=st.sampled_from(KEYS), number=NUMBERS, attempts=st.integers(1, 3), at=TIMES)
    def reschedule(self, key: str, number: int, attempts: int, at: float) -> None:
        tried = replace(ask(number, key=key), attempts=attempts, due_at=at, error="busy", delayed=attempts > 2)

        async def note(store: Store) -> None:
            store.reschedule(tried, at=at)
            await settled(store)

        self.both(note)

    @rule(key=st.sampled_from(KEYS), what=finished)
    def finish(self, key: str, what: tuple[int, str, float, str]) -> None:
        number, state, at, error = what

        async def note(store: Store) -> None:
            store.finish(Finished(effect=ask(number, key=key), state=state, at=at, error=error))
            await settled(store)

        self.both(note)

    @rule(key=st.sampled_from(KEYS), number=NUMBERS, at=TIMES)
    def replay(self, key: str, number: int, at: float) -> None:
        self.both(lambda store: store.replay(key, number, at=at))

    @rule(key=st.sampled_from(KEYS), number=NUMBERS, at=TIMES)
    def drop(self, key: str, number: int, at: float) -> None:
        self.both(lambda store: store.drop(key, number, at=at))

    @rule(key=st.text("ab/%_ü\U0001f600", max_size=3), value=st.none() | st.integers() | st.text())
    def kv_put(self, key: str, value: Any) -> None:
        self.both(lambda store: store.kv_put("desk", key, value))

    @rule()
    def restart(self) -> None:
        self.both(lambda store: store.close())
        self.sqlite = SqliteStore(Path(self.folder.name) / "gateway.db")
        self.both(lambda store: store.open())

    @invariant()
    def tell_the_same(self) -> None:
        if hasattr(self, "runner"):
            self.both(everything)

    def made(self, key: str, off: int, facts: dict[str, Any]) -> Step:
        version, entries, effects = self.counts[key]
        of_entries = range(entries + 1, entries + 1 + facts.pop("entries"))
        targets = facts.pop("effects")
        state = {name: facts.pop(name) for name in ("handoff", "floor", "active_at")}
        made = step(
            key,
            max(version + 1 + off, 0),
            entries=tuple(said(number, message_id="m") if number % 3 else closed(number) for number in of_entries),
            effects=tuple(ask(effects + n, key=key, target=target) for n, target in enumerate(targets, 1)),
            timers=tuple(timer(name, 2000.0 + version, key=key) for name in facts.pop("timers")),
            finished=tuple(
                Finished(effect=replace(ask(number, key=key), attempts=1), state=state, at=at, error=error)
                for number, state, at, error in facts.pop("finished")
                if number <= effects + len(targets)  # Nothing ends before it was made.
            ),
            **{**facts, "cancelled": tuple(facts["cancelled"])},
        )
        return replace(made, conversation=conversation(key, made.conversation.version, **state))

    def count(self, made: Step) -> None:
        _, entries, effects = self.counts[made.conversation.id]
        counted = (made.conversation.version, entries + len(made.entries), effects + len(made.effects))
        self.counts[made.conversation.id] = counted


async def answer(question: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await question
    except Exception as problem:  # noqa: BLE001 - which one it is, is compared
        return type(problem)


async def everything(store: Store) -> list[Any]:
    """All a store can tell."""
    found: list[Any] = [
        await store.pending_lanes(),
        await pending(store),
        await store.timers(),
        await store.dead_letters(),
        await store.dead_letters(conversation="a", target="bot", limit=1),
        await store.conversations(),
        await store.conversations(channel="site", floor="bot", limit=1),
        await store.newest("site", "ann"),
        await store.find_message("m"),
        [(each.conversation, each.first, each.last) for each in await store.journal(after=0)],
        await store.kv_items("desk", "a"),
    ]
    for key in KEYS:
        found += [
            await store.load(key),
            await store.entries(key),
            await store.entries(key, after=1, before=4, limit=1),
            await store.said(key, upto=4, limit=2),
            await store.effects(key),
        ]
    for platform in ("desk", "center"):
        found.append(await store.sessions(platform))
        found += [await store.by_session(platform, session) for session in ("s1", "s2", "r")]
        found += [await store.had_session(platform, key) for key in KEYS]
    return found


TestTwins = Twins.TestCase
TestTwins.settings = settings(
    max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
