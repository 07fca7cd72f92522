"""Stores of earlier schemas: `python -m tests.upgrade.stored N` makes `stored/schema_N.sql` of what is checked out.

Run it once, before the release that adds step N+1: from then on the file is kept as it is, values included, for they
are what that release wrote. The file has the rows only; the tables are made by the schema's own steps.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any

from gateway.store.database import APPLICATION_ID, STEPS
from gateway.testing import Harness

FOLDER = Path(__file__).parent / "stored"


def schemas() -> list[int]:
    """Return the schemas there is a file of."""
    return sorted(int(file.stem.removeprefix("schema_")) for file in FOLDER.glob("schema_*.sql"))


def restore(schema: int, path: Path) -> float:
    """Make a database as that schema's gateway left it; return its newest time, in unix seconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        for step in STEPS[:schema]:
            connection.executescript(files("gateway.store").joinpath(step).read_text(encoding="utf-8"))
        connection.executescript((FOLDER / f"schema_{schema}.sql").read_text(encoding="utf-8"))
        connection.execute(f"PRAGMA user_version = {schema}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.commit()
        (newest,) = connection.execute("SELECT max(active_at) FROM conversation").fetchone()
    return float(newest)


async def converse(folder: Path) -> None:
    """Leave a conversation in each state: with the bot, on its way to an agent, queued, with an agent, over."""
    gateway = Harness(folder=folder)
    await gateway.gateway.start()
    ann, bot, desk = gateway.channel(), gateway.bot(), gateway.platform()
    await ann.begins("over")
    for client in ("over", "queued", "joined"):
        await ann.writes("hello", client)
    await ann.writes("bye", "over")
    for client in ("queued", "joined"):
        await ann.writes("agent", client)
        await gateway.settled()
    await desk.joins()
    await desk.writes("how can I help?")
    await gateway.settled()
    desk.gate.clear()
    await ann.writes("my order is late", "joined")
    await ann.writes("are you there?", "joined")
    await ann.writes("agent", "opening")
    await gateway.until(lambda: len(bot.turns) > 4)
    bot.gate.clear()
    await ann.writes("what now?", "bot")
    await gateway.gateway.stop()


def rows(path: Path) -> str:
    """Return the rows as SQL, values readable."""
    lines = []
    with closing(sqlite3.connect(path)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            lines.append(f"DELETE FROM {table};")
            found = connection.execute(f"SELECT * FROM {table}").fetchall()
            lines += [f"INSERT INTO {table} VALUES ({', '.join(map(_literal, row))});" for row in found]
    return "\n".join(lines) + "\n"


def _literal(value: Any) -> str:
    match value:
        case None:
            return "NULL"
        case bytes():
            return f"CAST({_literal(value.decode())} AS BLOB)"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case _:
            return repr(value)


def main() -> None:
    """Make the file."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(converse(Path(folder)))
        (FOLDER / f"schema_{int(sys.argv[1])}.sql").write_text(
            rows(Path(folder) / "data" / "gateway.db"), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
