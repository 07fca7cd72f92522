"""What only a file can promise: it survives, it is ours alone, and it says so when it cannot be written."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gateway.errors import Unavailable, UserMistake
from gateway.events import Effect
from gateway.ids import first_id
from gateway.store import batch, database, writer
from gateway.store.batch import Call
from gateway.store.housekeeping import SLICE, Housekeeping, Retention
from gateway.store.sqlite import SqliteStore
from gateway.store.writer import Writer
from tests.store.builders import ask, dedup, done, failed, fates, pending, said, settled, step

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

HOUR, DAY = 3600.0, 86400.0


async def until(is_true: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what the writer does by itself and tells nobody."""
    async with asyncio.timeout(10):
        while not await is_true():  # noqa: ASYNC110 - there is no event
            await asyncio.sleep(0.005)


async def in_writer(store: SqliteStore, statement: str) -> Any:
    """Execute on the connection that writes; return the first row."""
    return await store._write(Call(lambda connection: connection.execute(statement).fetchone()))


# --- the file -------------------------------------------------------------------------------------------------------


async def test_a_commit_is_flushed_to_the_disk(sqlite: SqliteStore):
    full = 2

    assert await in_writer(sqlite, "PRAGMA synchronous") == (full,)
    assert await in_writer(sqlite, "PRAGMA journal_mode") == ("wal",)


async def test_the_files_are_their_owners_business(sqlite: SqliteStore, path: Path):
    await sqlite.commit(step())

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in [path.parent, *path.parent.iterdir()]}

    assert modes.pop("data") == 0o700
    assert set(modes) == {"gateway.db", "gateway.db-wal", "gateway.db-shm", "gateway.db.lock"}
    assert set(modes.values()) == {0o600}


async def test_a_clean_end_leaves_one_file_and_its_lock(sqlite: SqliteStore, path: Path):
    await sqlite.commit(step())
    await sqlite.close()

    assert {file.name for file in path.parent.iterdir()} == {"gateway.db", "gateway.db.lock"}


async def test_a_second_gateway_is_kept_out(sqlite: SqliteStore, path: Path):
    with pytest.raises(UserMistake) as mistake:
        await SqliteStore(path).open()

    assert str(path) in str(mistake.value)
    assert f"process {os.getpid()}" in str(mistake.value)
    assert "store.path" in str(mistake.value)
    assert await sqlite.commit(step()), "the first goes on"


@pytest.fixture
def link(path: Path, tmp_path: Path) -> Path:
    link = tmp_path / "link.db"
    link.symlink_to(path)
    return link


async def test_the_lock_follows_a_link_to_the_file(sqlite: SqliteStore, link: Path):
    with pytest.raises(UserMistake, match="in use"):
        await SqliteStore(link).open()


@pytest.fixture
def no_database(path: Path) -> Path:
    database.prepare(path)
    path.write_bytes(b"not a database at all, but long enough to look at" * 100)
    return path


async def test_after_a_failed_start_the_lock_is_free(no_database: Path):
    for _ in range(2):
        with pytest.raises(UserMistake, match="is not a SQLite database"):
            await SqliteStore(no_database).open()


@pytest.mark.parametrize("where", ["/proc/gateway.db", "/dev/null/x/gateway.db"])
async def test_a_path_that_cannot_be_used_is_named(where: str):
    with pytest.raises(UserMistake, match=rf"cannot use {where} .* Correct `store\.path`"):
        await SqliteStore(where).open()


# --- the schema -----------------------------------------------------------------------------------------------------


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


async def test_a_newer_file_is_refused(sqlite: SqliteStore, path: Path):
    await sqlite.close()
    change(path, "PRAGMA user_version = 99")

    with pytest.raises(UserMistake, match=r"written by a newer gateway \(schema 99, .*backup"):
        await SqliteStore(path).open()
    with pytest.raises(UserMistake, match="newer gateway"):
        await SqliteStore(path, read_only=True).open()


async def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path):
    path = tmp_path / "other.db"
    change(path, "CREATE TABLE theirs (x)")

    with pytest.raises(UserMistake, match="another program's database"):
        await SqliteStore(path).open()

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]


async def test_a_disk_without_shared_memory_is_refused(path: Path, monkeypatch):
    def connect(path: Path) -> sqlite3.Connection:
        return sqlite3.connect(path, isolation_level=None)  # Keeps a rollback journal, as SQLite does over a network.

    monkeypatch.setattr(database, "connect_writer", connect)

    with pytest.raises(UserMistake, match="Put it on a local disk"):
        await SqliteStore(path).open()


async def test_an_older_file_is_brought_forward(sqlite: SqliteStore, path: Path, tmp_path: Path, monkeypatch):
    await sqlite.commit(step())
    await sqlite.close()
    forward = tmp_path / "another.sql"
    forward.write_text("-- a step\nALTER TABLE conversation ADD COLUMN note TEXT;\nCREATE TABLE more (x);\n")
    monkeypatch.setattr(database, "STEPS", (*database.STEPS, str(forward)))

    with pytest.raises(UserMistake, match=r"older schema .*Start the gateway"):
        await SqliteStore(path, read_only=True).open()
    again = SqliteStore(path)
    await again.open()

    assert await in_writer(again, "PRAGMA user_version") == (len(database.STEPS),)
    assert await in_writer(again, "SELECT note FROM conversation") == (None,)
    assert await again.load("c1") is not None
    await again.close()


async def test_a_step_that_fails_leaves_the_file_as_it_was(
    sqlite: SqliteStore, path: Path, tmp_path: Path, monkeypatch
):
    await sqlite.close()
    forward = tmp_path / "another.sql"
    forward.write_text("CREATE TABLE more (x);\nALTER TABLE nowhere ADD COLUMN x;\n")
    monkeypatch.setattr(database, "STEPS", (*database.STEPS, str(forward)))

    with pytest.raises(UserMistake, match="nowhere"):
        await SqliteStore(path).open()

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(database.STEPS) - 1,)
        assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'more'").fetchall() == []


async def test_the_journal_begins_with_what_an_older_file_has(path: Path, monkeypatch):
    monkeypatch.setattr(database, "STEPS", database.STEPS[:1])
    monkeypatch.setattr(
        "gateway.store.statements.ADD_STRETCH", "DELETE FROM kv WHERE (instance, key, value) = (?, ?, ?)"
    )
    old = SqliteStore(path)
    await old.open()
    await old.commit(step("c1", entries=(said(1), said(2))))
    await old.commit(step("c2", entries=(said(1),)))
    await old.close()
    monkeypatch.undo()

    store = SqliteStore(path)
    await store.open()
    await store.commit(step("c1", 2, entries=(said(3),)))

    assert [(each.position, each.conversation, each.first, each.last) for each in await store.journal(after=0)] == [
        (1, "c1", 1, 2),
        (2, "c2", 1, 1),
        (3, "c1", 3, 3),
    ]
    await store.close()


# --- reading beside a running gateway -------------------------------------------------------------------------------


async def test_the_command_line_reads_beside_the_gateway(sqlite: SqliteStore, path: Path):
    beside = SqliteStore(path, read_only=True)
    await beside.open()

    await sqlite.commit(step(entries=(said(1),)))

    assert await beside.entries("c1") == [said(1)]
    assert beside.healthy == ""
    with pytest.raises(Unavailable, match="reading only"):
        await beside.commit(step("c2"))
    await beside.close()


async def test_reading_what_is_not_there_is_a_mistake(path: Path):
    with pytest.raises(UserMistake, match=r"no store at .*Start the gateway once"):
        await SqliteStore(path, read_only=True).open()

    assert not list(path.parent.parent.iterdir())


async def test_a_store_that_was_never_opened_says_so(path: Path):
    with pytest.raises(Unavailable, match="not open"):
        await SqliteStore(path).commit(step())
    with pytest.raises(Unavailable, match="not open"):
        await SqliteStore(path).load("c1")


# --- batches --------------------------------------------------------------------------------------------------------


async def test_steps_handed_in_together_share_transactions(sqlite: SqliteStore, monkeypatch):
    transactions: list[int] = []
    write_all = batch.write_all

    def counting(connection: sqlite3.Connection, writes: Any) -> Any:
        transactions.append(len(writes))
        return write_all(connection, writes)

    monkeypatch.setattr(writer, "write_all", counting)
    await asyncio.gather(*(sqlite.commit(step(f"c{number}")) for number in range(1000)))

    assert sum(transactions) == 1000
    assert max(transactions) <= writer.LARGEST_BATCH
    assert len(transactions) < 50


async def test_a_caller_who_gives_up_disturbs_nobody(sqlite: SqliteStore):
    done = list[int]()
    tasks = [
        asyncio.ensure_future(sqlite.commit(step(f"c{number}"), done=partial(done.append, number)))
        for number in range(9)
    ]
    await asyncio.sleep(0)
    tasks[4].cancel()

    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert done == list(range(9))
    assert [result is True for result in results] == [number != 4 for number in range(9)]
    assert await sqlite.load("c4") is not None, "it was handed in, so it is written"


async def test_an_endless_queue_is_refused(sqlite: SqliteStore, monkeypatch):
    monkeypatch.setattr(writer, "LONGEST_QUEUE", 3)
    tasks = [asyncio.ensure_future(sqlite.commit(step(f"c{number}"))) for number in range(4)]

    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert results[:3] == [True] * 3
    assert "behind" in str(results[3])
    assert await sqlite.commit(step("c9")), "those done make room"


async def test_a_failed_attempt_is_written_though_nobody_waits(sqlite: SqliteStore, path: Path, monkeypatch):
    monkeypatch.setattr(writer, "IDLE_SECONDS", 60.0)  # It is woken, it does not happen to look.
    await sqlite.commit(step(effects=(ask(1),)))

    sqlite.reschedule(Effect(**{**vars_of(ask(1)), "attempts": 3}), at=1.0)

    async def is_written() -> bool:
        return (await pending(sqlite))[0].attempts == 3

    await until(is_written)


def vars_of(effect: Effect) -> dict[str, Any]:
    return {name: getattr(effect, name) for name in Effect.__dataclass_fields__}


# --- when it cannot be written --------------------------------------------------------------------------------------


async def fill(store: SqliteStore) -> tuple[set[str], Exception]:
    """Commit until the disk is full; return what was acknowledged, and the refusal."""
    kept: set[str] = set()
    for number in range(1000):
        try:
            await store.commit(step(f"c{number}", entries=(said(1, "x" * 5000),)))
        except Unavailable as problem:
            return kept, problem
        kept.add(f"c{number}")
    raise AssertionError("the disk never got full")


async def test_a_full_disk_is_told_and_nothing_acknowledged_is_lost(sqlite: SqliteStore, path: Path):
    (pages,) = await in_writer(sqlite, "PRAGMA page_count")
    await in_writer(sqlite, f"PRAGMA max_page_count = {pages + 20}")

    kept, refusal = await fill(sqlite)

    assert "database or disk is full" in str(refusal)
    assert "full" in sqlite.healthy
    found = {each.id for each in await sqlite.conversations(limit=999)}
    assert found == kept, "reading goes on, and what was refused is not there"

    await in_writer(sqlite, "PRAGMA max_page_count = 1000000")
    assert sqlite.healthy == ""
    assert await sqlite.commit(step(f"c{len(kept)}", entries=(said(1),))), "what was refused can be tried again"


async def test_with_a_full_disk_no_step_is_written_in_part(sqlite: SqliteStore):
    (pages,) = await in_writer(sqlite, "PRAGMA page_count")
    await in_writer(sqlite, f"PRAGMA max_page_count = {pages + 5}")
    big = tuple(said(number, "x" * 5000) for number in range(1, 20))

    with pytest.raises(Unavailable):
        await sqlite.commit(step("c1", entries=big, dedup=dedup("k"), effects=(ask(1),)))

    await in_writer(sqlite, "PRAGMA max_page_count = 1000000")
    assert await sqlite.load("c1") is None
    assert await pending(sqlite) == []
    assert await sqlite.commit(step("c1", entries=big, dedup=dedup("k"), effects=(ask(1),)))


async def test_a_file_locked_by_another_program_is_told(sqlite: SqliteStore, path: Path):
    await in_writer(sqlite, "PRAGMA busy_timeout = 10")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked"):
            await sqlite.commit(step())
        other.execute("ROLLBACK")

    assert await sqlite.commit(step())
    assert sqlite.healthy == ""


async def test_a_file_that_cannot_be_read_is_told(sqlite: SqliteStore):
    await in_writer(sqlite, "ALTER TABLE entry RENAME TO elsewhere")

    with pytest.raises(Unavailable, match=r"cannot read the store: .*entry"):
        await sqlite.entries("c1")


async def test_a_closed_store_cannot_be_read(sqlite: SqliteStore):
    await sqlite.close()

    with pytest.raises(Unavailable, match="closed"):
        await sqlite.load("c1")


class Fragile(sqlite3.Connection):
    """Fails to commit as long as the disk is broken."""

    broken = ""

    def execute(self, statement: str, /, *parameters: Any) -> sqlite3.Cursor:
        if statement == "COMMIT" and Fragile.broken:
            raise sqlite3.OperationalError(Fragile.broken)
        return super().execute(statement, *parameters)


@pytest.fixture
async def fragile(sqlite: SqliteStore, path: Path, monkeypatch):
    """The store, its writer on a connection that can break; and the list of connections made."""
    made: list[sqlite3.Connection] = []

    def connect() -> sqlite3.Connection:
        made.append(sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=Fragile))
        return made[-1]

    monkeypatch.setattr(writer, "IDLE_SECONDS", 0.01)
    assert sqlite._opened_writer is not None
    await sqlite._opened_writer.stop()
    sqlite._opened_writer = Writer(connect, housekeeping=sqlite._housekeeping)
    yield sqlite, made
    Fragile.broken = ""


async def test_after_an_error_of_the_disk_the_file_is_opened_anew(fragile):
    store, made = fragile
    await store.commit(step("c1", effects=(ask(1),)))
    Fragile.broken = "disk I/O error"

    results = await asyncio.gather(store.commit(step("c2")), store.commit(step("c3")), return_exceptions=True)

    assert [type(result) for result in results] == [Unavailable, Unavailable]
    assert "disk I/O error" in store.healthy
    Fragile.broken = ""
    assert await store.commit(step("c2"))
    assert store.healthy == ""
    assert len(made) > 1


async def test_a_file_that_cannot_be_opened_anew_is_told(fragile, monkeypatch):
    store, _ = fragile

    def connect() -> sqlite3.Connection:
        raise sqlite3.OperationalError("unable to open database file")

    Fragile.broken = "disk I/O error"
    monkeypatch.setattr(store._opened_writer, "_connect", connect)
    for reason in ("disk I/O error", "unable to open"):
        with pytest.raises(Unavailable, match=reason):
            await store.commit(step())
        assert "cannot write the store" in store.healthy


async def test_attempts_noted_while_the_disk_was_broken_are_written_later(fragile):
    store, _ = fragile
    await store.commit(step("c1", effects=(ask(1),)))
    Fragile.broken = "disk I/O error"
    store.reschedule(Effect(**{**vars_of(ask(1)), "attempts": 1}), at=1.0)
    with pytest.raises(Unavailable):
        await store.commit(step("c2"))
    store.reschedule(Effect(**{**vars_of(ask(1)), "attempts": 2}), at=2.0)

    Fragile.broken = ""
    await settled(store)

    (record,) = await store.effects("c1")
    assert record.effect.attempts == 2
    assert [at for at, _ in record.failures] == [1.0, 2.0]


async def test_it_finds_out_by_itself_that_the_disk_works_again(fragile):
    store, _ = fragile
    Fragile.broken = "disk I/O error"
    with pytest.raises(Unavailable):
        await store.commit(step())

    Fragile.broken = ""

    async def is_healthy() -> bool:
        return not bool(store.healthy)

    await until(is_healthy)


async def test_a_broken_disk_does_not_hold_up_the_end(fragile):
    store, _ = fragile
    await store.commit(step("c1", effects=(ask(1),)))
    Fragile.broken = "disk I/O error"
    store.reschedule(ask(1), at=1.0)
    refused = asyncio.ensure_future(store.commit(step("c2")))
    await asyncio.sleep(0)

    await store.close()

    with pytest.raises(Unavailable):
        await refused


# --- forgetting -----------------------------------------------------------------------------------------------------


async def with_old_effects(store: SqliteStore) -> str:
    """A conversation of 40 days ago: done 1, stale-ly dead letter 2, pending 3, recently done 4."""
    key = first_id(60 * DAY)
    effects = tuple(ask(number, key=key) for number in range(1, 5))
    await store.commit(step(key, 1, effects=effects))
    ended = (done(effects[0], at=60 * DAY), failed(effects[1], at=60 * DAY), done(effects[3], at=99 * DAY))
    await store.commit(step(key, 2, finished=ended))
    return key


async def test_finished_effects_are_forgotten_after_their_time(path: Path):
    store = SqliteStore(path, clock=lambda: 100 * DAY)
    await store.open()
    key = await with_old_effects(store)

    assert await store.prune() == 1

    assert fates(await store.effects(key)) == {2: "failed", 3: "pending", 4: "done"}
    await store.close()


async def test_dedup_keys_are_forgotten_after_their_time_slice_by_slice(path: Path):
    now = 1000.0
    store = SqliteStore(path, clock=lambda: now, retention=Retention(dedup_hours=1))
    await store.open()
    old = SLICE * 2 + 10
    await asyncio.gather(*(store.commit(step(f"c{number}", dedup=dedup(str(number)))) for number in range(old)))
    now += 0.5 * HOUR
    assert await store.prune() == 0
    now += 0.6 * HOUR
    late = step("late", dedup=dedup("late"))
    await store.commit(step("late", 1))
    await store._write(
        Call(lambda connection: connection.execute("INSERT INTO dedup VALUES (NULL, 's', 'l', ?)", (now,)))
    )

    assert await store.prune() == old

    assert await store.commit(step("c0", 2, dedup=dedup("0"))), "taken for a new one"
    assert await in_writer(store, "SELECT count(*) FROM dedup WHERE key = 'l'") == (1,)
    assert late.dedup is not None
    await store.close()


async def test_a_busy_store_forgets_too(path: Path):
    housekeeping = Housekeeping(Retention(dedup_hours=1), clock=lambda: 10 * HOUR)
    store = SqliteStore(path)
    store._housekeeping = housekeeping
    await store.open()
    await store.commit(step("c1", dedup=dedup("old")))
    assert not housekeeping.is_due()

    housekeeping._due_at = 0.0
    await store.commit(step("c2", dedup=dedup("other")))

    assert await in_writer(store, "SELECT count(*) FROM dedup") == (0,)
    assert not housekeeping.is_due()
    await store.close()


# --- a sudden end ---------------------------------------------------------------------------------------------------

CHILD = """
import asyncio, sys
from gateway.store.sqlite import SqliteStore
from tests.store.builders import ask, dedup, done, said, step

async def talk(store, key):
    version = (await store.load(key) or step(key, 0).conversation).version
    while True:
        version += 1
        ended = (done(ask(version - 1, key=key)),)
        made = step(key, version, entries=(said(version),), effects=(ask(version, key=key),), finished=ended,
            dedup=dedup(f"{key}-{version}"))
        assert await store.commit(made)
        sys.stdout.write(f"{key} {version}\\n")
        sys.stdout.flush()

async def main():
    store = SqliteStore(sys.argv[1])
    await store.open()
    await asyncio.gather(*(talk(store, f"c{number}") for number in range(20)))

asyncio.run(main())
"""


def run_and_kill(path: Path, lines: int) -> dict[str, int]:
    """Run a gateway's worth of load, kill it after so many acknowledgements, return the last per conversation."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert child.stdout is not None
    acknowledged: dict[str, int] = {}
    with child:
        for _ in range(lines):
            key, version = child.stdout.readline().split()
            acknowledged[key] = int(version)
        child.send_signal(signal.SIGKILL)
        for line in child.stdout:  # What was acknowledged between our last look and its end.
            if line.endswith("\n"):
                key, version = line.split()
                acknowledged[key] = int(version)
    assert child.returncode == -signal.SIGKILL
    return acknowledged


async def test_a_killed_process_loses_nothing_it_acknowledged(path: Path):
    for lines in (1, 150, 700):
        acknowledged = await asyncio.to_thread(run_and_kill, path, lines)
        store = SqliteStore(path)
        await store.open()

        for key, version in acknowledged.items():
            found = await store.load(key)
            assert found is not None
            assert found.version >= version
            log = await store.entries(key, limit=10_000)
            assert [each.number for each in log] == list(range(1, found.version + 1))
            assert fates(await store.effects(key)) == {
                number: "done" if number < found.version else "pending" for number in range(1, found.version + 1)
            }
            assert not await store.commit(step(key, version, dedup=dedup(f"{key}-{version}")))
        await store.close()
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_who_asks_for_the_fate_of_effects_waits_for_what_is_just_being_written(sqlite: SqliteStore):
    """The writer's thread has taken the mark out of the queue, but not committed it yet."""
    await sqlite.commit(step(effects=(ask(1),)))
    writing, may_commit = threading.Event(), threading.Event()

    def dawdle(_connection: sqlite3.Connection) -> bool:
        writing.set()
        return may_commit.wait(10)

    sqlite.finish(done(ask(1), at=1700.0))
    batch = asyncio.ensure_future(sqlite._write(Call(dawdle)))
    await asyncio.to_thread(writing.wait, 10)
    asked = asyncio.ensure_future(sqlite.effects("c1"))
    await asyncio.wait({asked}, timeout=0.2)
    may_commit.set()

    assert await batch
    assert [record.state for record in await asked] == ["done"]
