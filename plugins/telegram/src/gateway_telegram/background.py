"""What runs between `start` and `stop` without having been called: reading updates, looking after the webhook."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any


class Background:
    """One task, or none."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self._task: asyncio.Task[None] | None = None

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin."""
        self._task = asyncio.create_task(work)

    async def stop(self) -> None:
        """End it wherever it is."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
