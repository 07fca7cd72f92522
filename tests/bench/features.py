"""What the features on the way of a hop cost, each by itself: rules, rendering, metrics, log, rows for tracing."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

import structlog

from gateway import log as logs
from gateway.capabilities import Capabilities
from gateway.conversation import Conversation
from gateway.decide import Policy, decide
from gateway.events import BotReplied, ClientWrote, EffectDone, Event
from gateway.metrics import Metrics
from gateway.model import Message, Peer, text_message
from gateway.observe import Observer
from gateway.render import render
from gateway.store import statements
from gateway.store.contract import Step
from gateway.store.database import migrate
from tests.bench.figures import at_most, estimate, in_turn
from tests.bench.generator import middle
from tests.bench.table import Bench, Line, Row, Target

ANN = Peer(id="17", name="Ann")
SHOWS = Capabilities(text_length=4096)
POLICY = Policy(route="main", channel="in", shows=SHOWS, bot="bot")
WORDS = "Hello there, could you tell me where my order is? It should have been here on Monday."
AT = 1_790_000_000.0
REPEATED = 2000

TARGET = Target("features on the hop: log line, metrics, rules, rendering, rows for tracing", at_most(80, " µs"), 1)


def measure(bench: Bench) -> Iterator[Line]:
    """Repeat each part often, and add up the medians of a round."""
    with closing(_journal(bench.room("features"))) as connection, (bench.folder / "lines").open("w") as lines:
        logs.configure(style="json", stream=lines, for_good=True)
        parts = _parts(connection)
        repeated = REPEATED // 10 if bench.quick else REPEATED
        timed = {name: partial(_microseconds, part, repeated) for name, part in parts.items()}
        in_turn(timed, 1)  # warms up
        found = in_turn(timed, bench.rounds)
    sums = [sum(found[name][number] for name in parts) for number in range(bench.rounds)]
    yield Line(TARGET, estimate(sums), ", ".join(f"{name} {middle(found[name]):.1f}" for name in parts) + " µs CPU")


def _parts(connection: sqlite3.Connection) -> Mapping[str, Callable[[], object]]:
    hop = _hop()
    steps = [_step(before, event) for before, event in hop]
    metrics = Metrics()
    return {
        "rules": lambda: [decide(before, event, POLICY, AT) for before, event in hop],
        "rendering": lambda: render(_answer(), SHOWS),
        "metrics": partial(_count, Observer(metrics), metrics, steps),
        "log": partial(_write_line, logs.get()),
        "rows": partial(_add_rows, connection, steps),
    }


def _hop() -> list[tuple[Conversation, Event]]:
    """Return the events of a hop in a conversation that goes on, each with the state it comes upon."""
    fresh = Conversation(id="01m7grp4h7fcj", channel="in", route="main", client=ANN, started_at=AT, active_at=AT)
    before, delivered = _events(fresh)[-1]
    return _events(decide(before, delivered, POLICY, AT).conversation)


def _events(conversation: Conversation) -> list[tuple[Conversation, Event]]:
    wrote = ClientWrote(client=ANN, message=text_message(WORDS, id="m1"), language="en")
    asked = decide(conversation, wrote, POLICY, AT)
    replied = BotReplied(effect=asked.effects[0], messages=(_answer(),))
    sent = decide(asked.conversation, replied, POLICY, AT)
    return [
        (conversation, wrote),
        (asked.conversation, replied),
        (sent.conversation, EffectDone(effect=sent.effects[0])),
    ]


def _answer() -> Message:
    return text_message(WORDS)


def _step(before: Conversation, event: Event) -> tuple[Conversation, Step]:
    """Return what the engine commits, if it commits anything."""
    decision = decide(before, event, POLICY, AT)
    return before, Step(conversation=decision.conversation, entries=decision.entries, effects=decision.effects, at=AT)


def _count(observer: Observer, metrics: Metrics, steps: list[tuple[Conversation, Step]]) -> None:
    """Count what is counted in a hop: two steps, two calls, a message sent, a share of a transaction."""
    for before, step in steps[:2]:
        observer.step(before, step, 0.001)
    metrics.delivery("bot", "ok").observe(0.01)
    metrics.delivery("in", "ok").observe(0.01)
    metrics.sent("in").inc()
    metrics.commit.observe(0.001)
    metrics.batch.observe(2)


def _write_line(log: structlog.stdlib.BoundLogger) -> None:
    """Bind what a hop's lines carry, for the webhook and both calls, and write a line."""
    for instance in ("in", "bot", "in"):
        with logs.bound(instance=instance, conversation="01m7grp4h7fcj"):
            pass
    log.info("hop.done", conversation="01m7grp4h7fcj", instance="in", milliseconds=3.25)


def _add_rows(connection: sqlite3.Connection, steps: list[tuple[Conversation, Step]]) -> None:
    """Add the rows of the journal."""
    rows = [
        (step.conversation.id, step.entries[0].number, step.entries[-1].number) for _, step in steps[:2] if step.entries
    ]
    connection.executemany(statements.ADD_STRETCH, rows)


def _journal(folder: Path) -> sqlite3.Connection:
    path = folder / "gateway.db"
    path.touch()
    migrate(path)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")  # the transaction is there anyway, whoever has rows in it
    return connection


def _microseconds(part: Callable[[], object], repeated: int) -> float:
    """Return the CPU time one call takes."""
    begun = time.process_time()
    for _ in range(repeated):
        part()
    return (time.process_time() - begun) / repeated * 1e6


ROW = Row(
    "features",
    "Each part alone in a loop, as often as a hop needs it: `decide` for its three events, one message rendered, the "
    "observer for its two steps and the metrics of its two calls, the log's context bound three times and one JSON "
    "line written, the two rows of the journal inside an open transaction. CPU time, of a warm process.",
    (TARGET,),
    measure,
)
