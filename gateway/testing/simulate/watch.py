"""Whether the gateway is there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import aiohttp

LOOK_SECONDS = 2.0
ANSWER_SECONDS = 5.0


class Watch:
    """Looks every two seconds, because a gateway that starts tells nobody."""

    def __init__(self, gateway: str, changed: Callable[[], None], on_up: Callable[[], Awaitable[None]]) -> None:
        """`gateway`: its address. `on_up` is called each time it is there again."""
        self._gateway = gateway
        self._changed = changed
        self._on_up = on_up
        self._task: asyncio.Task[None] | None = None
        self.up: bool | None = None
        """None: not known yet."""
        self.problem = ""

    async def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                await self._look(session)
                await asyncio.sleep(LOOK_SECONDS)

    async def _look(self, session: aiohttp.ClientSession) -> None:
        problem = await self._problem(session)
        up = not problem
        if (up, problem) == (self.up, self.problem):
            return
        came = up and not self.up
        self.up, self.problem = up, problem
        if came:
            await self._on_up()
        self._changed()

    async def _problem(self, session: aiohttp.ClientSession) -> str:
        try:
            async with session.get(f"{self._gateway}/health/live") as response:
                return "" if response.ok else f"it answers {response.status}: this is no gateway, or it is stopping"
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return "nothing listens there" if isinstance(error, aiohttp.ClientConnectorError) else "it does not answer"
