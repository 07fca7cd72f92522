"""Long polling: asks Telegram for updates, one question after another, between `start` and `stop`.

The core has no work of its own that would read from outside, so this is the place that waits and tries again.
An update counts as read once it is committed: the offset is stored after that, and asked for only then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gateway import AuthenticationFailed, Context, Failure, Temporary, Unavailable
from gateway_telegram.background import Background
from gateway_telegram.updates import ALLOWED_UPDATES

if TYPE_CHECKING:
    from gateway_telegram.api import Api
    from gateway_telegram.intake import Intake

Json = Mapping[str, Any]

PAUSES_SECONDS = (1.0, 2.0, 5.0, 15.0, 30.0)
"""After the first, second … failure in a row; the last one repeats."""
GRACE_SECONDS = 10.0
"""How much longer than Telegram holds a question we wait for the answer."""
MOST_UPDATES = 100
FAILURES_BORNE = 3
"""So many failures in a row are what happens on a network; from then on nobody should believe that we hear."""


class Polling:
    """Reads the updates of one bot."""

    def __init__(self, context: Context, *, api: Api, intake: Intake, bot_id: str, hold_seconds: int) -> None:
        """`hold_seconds`: how long Telegram holds a question that has no answer yet."""
        self._context = context
        self._api = api
        self._intake = intake
        self._hold_seconds = hold_seconds
        self._key = f"offset/{bot_id}"  # Another bot counts from elsewhere.
        self._background = Background()

    def start(self) -> None:
        """Begin."""
        self._background.start(self._run())

    async def stop(self) -> None:
        """End; what is committed but not confirmed comes again and is known by its key."""
        await self._background.stop()

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                await self._round()
                failures = 0
                self._context.healthy()
            except Unavailable as error:
                await asyncio.sleep(error.retry_after_seconds)
            except Failure as failure:
                seconds = _pause(failure, failures)
                failures += 1
                self._context.log.warning("telegram.polling_failed", reason=failure.reason, seconds=seconds)
                if isinstance(failure, AuthenticationFailed) or failures >= FAILURES_BORNE:
                    self._context.unhealthy(f"nothing comes in: {failure.reason}")
                await asyncio.sleep(seconds)
            except Exception:
                failures += 1
                self._context.log.exception("telegram.polling_bug")
                self._context.unhealthy("nothing comes in: a fault in the plugin; the log has the details")
                await asyncio.sleep(PAUSES_SECONDS[-1])

    async def _round(self) -> None:
        """Ask once, take what comes, and remember how far we are."""
        offset = await self._context.storage.get(self._key)
        params = {
            "offset": offset,
            "timeout": self._hold_seconds,
            "limit": MOST_UPDATES,
            "allowed_updates": ALLOWED_UPDATES,
        }
        found = await self._api.call("getUpdates", params, timeout_seconds=self._hold_seconds + GRACE_SECONDS)
        await self._take(each for each in found if isinstance(each, dict) and isinstance(each.get("update_id"), int))

    async def _take(self, updates: Iterable[Json]) -> None:
        """Take a batch: chats side by side, each in order. Remember the first update that is still to be read."""
        by_chat: dict[str, list[Json]] = {}
        for update in sorted(updates, key=_number):
            by_chat.setdefault(self._intake.chat_of(update), []).append(update)
        if not by_chat:
            return
        left = await asyncio.gather(*(self._take_in_order(each) for each in by_chat.values()))
        behind = 1 + max(_number(each[-1]) for each in by_chat.values())
        first = min([behind, *(number for number, _ in filter(None, left))])
        await self._context.storage.put(self._key, first)
        for _, error in filter(None, left):
            raise error

    async def _take_in_order(self, updates: Sequence[Json]) -> tuple[int, Exception] | None:
        """Take a chat's updates until one fails; return which and why. Those taken before are known by their keys."""
        for update in updates:
            try:
                await self._intake.take(update)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is raised again after the batch
                return _number(update), error
        return None


def _number(update: Json) -> int:
    return int(update["update_id"])


def _pause(failure: Failure, failures: int) -> float:
    if isinstance(failure, Temporary) and failure.retry_after_seconds is not None:
        return failure.retry_after_seconds
    return PAUSES_SECONDS[min(failures, len(PAUSES_SECONDS) - 1)]
