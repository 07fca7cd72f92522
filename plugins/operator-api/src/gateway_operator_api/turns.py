"""One after another: what concerns one dialog is taken in the order it came, also while a file is being fetched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class Turns:
    """A lock per dialog, kept as long as somebody holds or awaits it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, dialog: str) -> AsyncIterator[None]:
        """Hold the dialog's turn."""
        lock = self._locks.get(dialog)
        if lock is None:
            lock = self._locks[dialog] = asyncio.Lock()
        async with lock:
            yield
