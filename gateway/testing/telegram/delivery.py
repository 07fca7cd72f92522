"""The webhook: updates are posted to the bot's address, one at a time per chat, until it answers 2xx."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from gateway.testing.telegram.updates import Updates

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - its name
ANSWER_SECONDS = 60
OK = range(200, 300)


class Delivery:
    """Delivers while it runs."""

    def __init__(
        self,
        updates: Updates,
        *,
        url: str,
        secret: str,
        retry_seconds: float,
        on_answer: Callable[[int, Any], Awaitable[None]],
        traces: Iterable[aiohttp.TraceConfig] = (),
    ) -> None:
        """`on_answer` is told each status, and the body where there is JSON in it. `traces` see each call."""
        self._updates = updates
        self.url = url
        self._secret = secret
        self._retry_seconds = retry_seconds
        self._on_answer = on_answer
        self._traces = list(traces)
        self._news = asyncio.Event()
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; what is not delivered yet keeps waiting."""
        tasks = [task for task in (self._task, *self._busy.values()) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def wake(self) -> None:
        """Something new waits."""
        self._news.set()

    async def _run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout, trace_configs=self._traces) as session:
            while True:
                self._news.clear()
                for update in self._updates.waiting():
                    chat = chat_of(update)
                    if chat not in self._busy:
                        self._busy[chat] = asyncio.create_task(self._deliver(session, chat, update))
                await self._news.wait()

    async def _deliver(self, session: aiohttp.ClientSession, chat: str, update: dict[str, Any]) -> None:
        """Deliver one; if that fails it still waits, and its turn comes again after a pause."""
        try:
            if await self._posted(session, update):
                self._updates.done(update)
            else:
                await asyncio.sleep(self._retry_seconds)
        finally:
            del self._busy[chat]
            self.wake()

    async def _posted(self, session: aiohttp.ClientSession, update: Mapping[str, Any]) -> bool:
        headers = {SECRET_HEADER: self._secret} if self._secret else {}
        try:
            async with session.post(self.url, json=update, headers=headers) as response:
                answer = await response.json() if response.content_type == "application/json" else None
                status = response.status
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            status, answer = 0, None
        await self._on_answer(status, answer)
        return status in OK


def chat_of(update: Mapping[str, Any]) -> str:
    """Return what keeps updates in order: their chat."""
    content: dict[str, Any] = next((value for key, value in update.items() if key != "update_id"), {})
    message = content.get("message", content)
    chat = message.get("chat") or content.get("from") or {}
    return f"{message.get('business_connection_id', '')}:{chat.get('id', '')}"
