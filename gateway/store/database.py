"""The SQLite file itself: who holds it, how it is opened, and which schema it has."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import closing, contextmanager
from importlib.resources import files
from typing import TYPE_CHECKING

from gateway.errors import UserMistake

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPLICATION_ID = 0x67746779
"""Marks a file as ours ("gtgy"), so that another program's database is never taken for one."""

STEPS = ("schema.sql", "schema_2.sql")
"""Step n brings a file from version n-1 to n. Add to the end; never change one that was released."""

_PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA journal_size_limit = 67108864;
PRAGMA wal_autocheckpoint = 4000;
PRAGMA cache_size = -16384;
PRAGMA temp_store = MEMORY;
"""


class FolderLock:
    """Keeps a second gateway off the file. The system drops it when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> None:
        """Take the lock. Raises `UserMistake` if another process has it."""
        file = self._path.with_name(self._path.name + ".lock")
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(descriptor, 20).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise UserMistake(_taken(self._path, holder)) from None
        os.truncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._descriptor = descriptor

    def release(self) -> None:
        """Let the next gateway in. The file stays: removing it would let two in."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def prepare(path: Path) -> None:
    """Create the folder and the file, readable by their owner only: they hold what people said."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as problem:
        raise UserMistake(f"cannot use {path} as the store: {problem.strerror}. Correct `store.path`.") from problem


def connect_writer(path: Path) -> sqlite3.Connection:
    """Open for writing, one transaction at a time, each on disk when COMMIT returns."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=5, check_same_thread=False)
    try:
        connection.executescript(_PRAGMAS)
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open for reading only; sees all that was committed before each query."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=5, check_same_thread=False)


def migrate(path: Path) -> None:
    """Bring the file to the newest schema, or create it. Raises `UserMistake` if it is not a file for us."""
    with _explained(path), closing(connect_writer(path)) as connection:
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        if mode != "wal":
            raise UserMistake(f"{path} lies where SQLite cannot keep a write-ahead log. Put it on a local disk.")
        _migrate(connection, path)


def check(path: Path) -> None:
    """Make sure that a file to be read is there and has our schema. Raises `UserMistake`."""
    if not path.exists():
        raise UserMistake(f"there is no store at {path}. Start the gateway once, or correct `store.path`.")
    with _explained(path), closing(connect_reader(path)) as connection:
        version = _known_version(connection, path)
    if version < len(STEPS):
        raise UserMistake(
            f"{path} has an older schema (version {version}, now {len(STEPS)}). Start the gateway to upgrade it."
        )


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Take all steps in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _known_version(connection, path)
        for number, step in enumerate(STEPS[version:], version + 1):
            _run(connection, files("gateway.store").joinpath(step).read_text(encoding="utf-8"))
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _known_version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the file's schema version. Raises `UserMistake` if it is newer than ours, or not ours."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != APPLICATION_ID:
        raise UserMistake(f"{path} is another program's database. Name a file of the gateway's own in `store.path`.")
    if version > len(STEPS):
        raise UserMistake(
            f"{path} was written by a newer gateway (schema {version}, this one knows up to {len(STEPS)}). "
            "Run that version, or restore a backup made before the upgrade."
        )
    return int(version)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what SQLite says while opening into what to do about it."""
    try:
        yield
    except sqlite3.Error as problem:
        if getattr(problem, "sqlite_errorname", "") == "SQLITE_NOTADB":
            raise UserMistake(f"{path} is not a SQLite database. Name another file in `store.path`.") from problem
        raise UserMistake(f"cannot open {path} as the store: {problem}. Correct `store.path`.") from problem


def _run(connection: sqlite3.Connection, script: str) -> None:
    """Execute statement by statement: `executescript` would commit what is open."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""


def _taken(path: Path, holder: str) -> str:
    process = f" (process {holder})" if holder else ""
    return f"{path} is in use by another gateway{process}. Stop that one, or name another file in `store.path`."
