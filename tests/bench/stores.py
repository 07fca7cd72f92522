"""Fills a store fast: rows of the store's own schema, made by SQL from one real value of each kind.

What comes out cannot be told from what years of traffic leave behind, except that everybody says the same.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.conversation import Conversation, Floor
from gateway.entries import Entry, Said
from gateway.events import Action, AskBot, Effect, SendToClient
from gateway.ids import Ids
from gateway.model import Peer, Role, text_message
from gateway.store import statements
from gateway.store.database import migrate, prepare
from gateway.wire import to_bytes

WORDS = "Hello there, could you tell me where my order is? It should have been here on Monday."
NUMBER = 987_654_321
"""Stands for an entry's number in the JSON of a sample, and for a client's."""
CHUNK = 20_000
"""Conversations per transaction."""
DAYS = 10.0
"""The time the traffic is spread over."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Traffic:
    """What is put into a store. Clients are called by the numbers from `first` on."""

    conversations: int
    entries: int
    channel: str = "in"
    route: str = "main"
    bot: str = "bot"
    first: int = 0
    floor: Floor = Floor.CLOSED
    pending: int = 0
    """How many of each conversation's entries wait for the bot."""


def fill(path: Path, *traffic: Traffic, tell: Callable[[str], None] = lambda _text: None) -> None:
    """Create the store at `path`, or add to it. No gateway may have it open."""
    prepare(path)
    migrate(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript("PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; PRAGMA temp_store = MEMORY;")
        connection.execute("PRAGMA journal_mode = OFF").fetchone()
        for each in traffic:
            step = DAYS * 86_400 / max(each.conversations, 1)
            for begin in range(0, each.conversations, CHUNK):
                count = min(CHUNK, each.conversations - begin)
                times = [time.time() - step * (each.conversations - number) for number in range(begin, begin + count)]
                _fill(connection, replace(each, first=each.first + begin, conversations=count), times)
                tell(f"{begin + count:,} of {each.conversations:,} conversations stored")


def _fill(connection: sqlite3.Connection, traffic: Traffic, times: list[float]) -> None:
    connection.execute("BEGIN")
    connection.execute("CREATE TEMP TABLE made (id TEXT PRIMARY KEY, client INT) WITHOUT ROWID")
    connection.execute("CREATE TEMP TABLE numbers (number INTEGER PRIMARY KEY)")
    connection.executemany("INSERT INTO made VALUES (?, ?)", _ids(traffic, times))
    connection.executemany("INSERT INTO numbers VALUES (?)", [(number,) for number in range(1, traffic.entries + 1)])
    _add_conversations(connection, traffic)
    _add_entries(connection, traffic)
    _add_traces(connection, traffic)
    if traffic.pending:
        _add_effects(connection, traffic, AskBot(number=NUMBER), traffic.bot, "pending")
    connection.execute("DROP TABLE temp.made")
    connection.execute("DROP TABLE temp.numbers")
    connection.execute("COMMIT")


def _ids(traffic: Traffic, times: list[float]) -> list[tuple[str, int]]:
    """Return ids as they would have been made at these times, with their clients."""
    clock = iter(times)
    make = Ids(clock=lambda: next(clock))
    return [(make(), traffic.first + number) for number in range(traffic.conversations)]


def _add_conversations(connection: sqlite3.Connection, traffic: Traffic) -> None:
    turns = tuple(range(traffic.entries - traffic.pending + 1, traffic.entries + 1))
    sample = Conversation(
        id="@ID@", channel=traffic.channel, route=traffic.route, client=Peer(id=str(NUMBER), name="Ann"),
        floor=traffic.floor, version=traffic.entries, head=traffic.entries, effects=traffic.entries,
        started_at=time.time(), active_at=time.time(), language="en", turns=turns,
        attributes={"page": "https://shop.example.com/tea"},
    )  # fmt: skip
    _, version, channel, _, floor, platform, active_at, data = statements.conversation_row(sample)
    connection.execute(
        "INSERT INTO conversation (id, version, channel, client, floor, platform, active_at, data) "
        "SELECT id, ?, ?, client, ?, ?, ?, CAST(replace(replace(?, '@ID@', id), ?, client) AS BLOB) FROM made",
        (version, channel, floor, platform, active_at, data.decode(), str(NUMBER)),
    )


def _add_entries(connection: sqlite3.Connection, traffic: Traffic) -> None:
    """Add what was said, in turn by the client and the bot."""
    client = _entry(Role.CLIENT, Peer(id="ann", name="Ann"), traffic.channel)
    bot = _entry(Role.BOT, Peer(id=traffic.bot), traffic.bot)
    connection.execute(
        "INSERT INTO entry (conversation, number, said, data) SELECT id, number, 'm' || number, "
        "CAST(replace(CASE number % 2 WHEN 1 THEN ?1 ELSE ?2 END, ?3, number) AS BLOB) FROM made CROSS JOIN numbers",
        (client, bot, str(NUMBER)),
    )


def _entry(role: Role, author: Peer, source: str) -> str:
    body = Said(role=role, author=author, message=text_message(WORDS, id=f"m{NUMBER}"), source=source)
    return to_bytes(Entry(number=NUMBER, at=time.time(), floor=Floor.BOT, epoch=1, body=body)).decode()


def _add_traces(connection: sqlite3.Connection, traffic: Traffic) -> None:
    """Add what steps leave besides: the journal, keys of events, finished effects of the last words."""
    connection.execute(
        "INSERT INTO journal (conversation, first, last) SELECT id, number, number FROM made CROSS JOIN numbers"
    )
    connection.execute(
        "INSERT INTO dedup (instance, key, at) SELECT ?, 'old-' || client, ? FROM made", (traffic.channel, time.time())
    )
    if not traffic.pending:
        _add_effects(connection, traffic, SendToClient(number=NUMBER), traffic.channel, "done")


def _add_effects(connection: sqlite3.Connection, traffic: Traffic, action: Action, target: str, state: str) -> None:
    """Add effects about the last entries of each conversation: those that wait, or one that is done."""
    now = time.time()
    effect = Effect(conversation="", number=0, target=target, epoch=1, action=action, made_at=now)
    data = statements.effect_row(effect)[5].decode()
    since = traffic.entries - max(traffic.pending, 1)
    connection.execute(
        "INSERT INTO effect (conversation, number, target, epoch, made_at, action, state, attempts, due_at, error,"
        " delayed, ended_at) SELECT id, number, ?1, 1, ?2, CAST(replace(?3, ?4, number) AS BLOB), ?5, 0, 0, '', 0, ?6 "
        "FROM made CROSS JOIN numbers WHERE number > ?7",
        (target, now, data, str(NUMBER), state, None if state == "pending" else now, since),
    )
