"""Reading beside the writer, off the event loop. Each query sees everything that was committed before it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from gateway.errors import Unavailable
from gateway.store.database import connect_reader

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gateway.store.statements import Row

ValueT = TypeVar("ValueT")

THREADS = 2
"""One may be busy with a long search while the other loads a conversation."""


class Reader:
    """A few threads with a read-only connection each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._own = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="gateway-store-reader", initializer=self._connect)

    async def all(self, statement: str, parameters: Row, read: Callable[[Row], ValueT]) -> list[ValueT]:
        """Return what the query finds. Raises `Unavailable` if the file cannot be read."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._all, statement, parameters, read)
        except RuntimeError as problem:  # The pool is shut down, or could not connect.
            raise Unavailable(f"the store is closed, or cannot be opened: {problem}") from problem
        except sqlite3.Error as problem:
            raise Unavailable(f"cannot read the store: {problem}") from problem

    async def first(self, statement: str, parameters: Row, read: Callable[[Row], ValueT]) -> ValueT | None:
        """Return the first of what the query finds."""
        return next(iter(await self.all(statement, parameters, read)), None)

    async def close(self) -> None:
        """Finish the queries going on."""
        await asyncio.get_running_loop().run_in_executor(None, self._pool.shutdown)
        for connection in self._connections:
            connection.close()

    def _connect(self) -> None:
        self._own.connection = connect_reader(self._path)
        self._connections.append(self._own.connection)

    def _all(self, statement: str, parameters: Row, read: Callable[[Row], ValueT]) -> list[ValueT]:
        connection: Any = self._own.connection
        return [read(row) for row in connection.execute(statement, parameters).fetchall()]
