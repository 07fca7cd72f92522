"""Asks `/events` for what Tovie has to tell, between `start` and `stop`.

The core has no work of its own that would read from outside, so this is the one place here that waits and tries again.
What was read is stored before it is taken, as nobody knows whether it would come a second time.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from gateway import BadInput, Failure, Floor, Permanent, Temporary, Unavailable
from gateway_tovie import wire
from gateway_tovie.questions import client_of

if TYPE_CHECKING:
    from gateway import Context
    from gateway_tovie.api import Api
    from gateway_tovie.intake import Intake
    from gateway_tovie.options import TovieOptions

PAUSES_SECONDS = (1.0, 2.0, 5.0, 15.0, 60.0)
"""After the first, second … failure in a row; the last one repeats."""
MOST_ITEMS = 250
"""Documented: more than that come in no answer."""
MOST_AT_ONCE = 8
"""How many clients are asked for side by side."""
PREFIX = "events/"
BEGINNING: dict[str, Any] = {"cursor": {}, "seen": [], "left": []}


class Polling:
    """Reads the events of one channel, for each client of an open conversation or for all at once."""

    def __init__(self, context: Context, options: TovieOptions, *, api: Api, intake: Intake) -> None:
        self._context = context
        self._options = options
        self._api = api
        self._intake = intake
        self._everything = options.asynchronous
        self._slots = asyncio.Semaphore(MOST_AT_ONCE)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; what was read and not taken is taken at the next start."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def follow(self, client_id: str) -> None:
        """Ask for this client's events from now on, until the conversation is over."""
        if (
            self._task
            and self._options.poll_by == "client"
            and await self._context.storage.get(PREFIX + client_id) is None
        ):
            await self._context.storage.put(PREFIX + client_id, BEGINNING)

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                await self._round()
                failures, seconds = 0, self._options.poll_seconds
            except Unavailable as error:
                seconds = error.retry_after_seconds
            except Failure as failure:
                seconds = max(self._options.poll_seconds, _pause(failure, failures))
                failures += 1
                self._context.log.warning("tovie.polling_failed", reason=failure.reason, seconds=seconds)
            except Exception:
                seconds = PAUSES_SECONDS[-1]
                self._context.log.exception("tovie.polling_bug")
            await asyncio.sleep(seconds)

    async def _round(self) -> None:
        """Ask for everybody once. The trouble of one client is not another's."""
        clients = await self._clients()
        done = await asyncio.gather(*(self._ask(each) for each in clients), return_exceptions=True)
        for failure in done:
            if isinstance(failure, BaseException):
                raise failure

    async def _clients(self) -> list[str]:
        """Return who is asked for; empty: all at once."""
        if self._options.poll_by == "channel":
            return [""]
        return [key.removeprefix(PREFIX) for key in await self._context.storage.items(PREFIX) if key != PREFIX]

    async def _ask(self, client_id: str) -> None:
        """Take what is left, ask once, take what is new, and remember how far we are."""
        key = PREFIX + client_id
        async with self._slots:
            if client_id and await self._is_over(client_id):
                await self._context.storage.put(key, None)
                return
            found = await self._context.storage.get(key)
            place = Place(**(found if isinstance(found, dict) else BEGINNING))
            await self._take(key, place)
            answer = await self._api.events(client_id, everything=self._everything, cursor=place.cursor)
            if place.read(answer):
                await self._context.storage.put(key, asdict(place))
                await self._take(key, place)

    async def _is_over(self, client_id: str) -> bool:
        channel, client = client_of(client_id)
        conversation = await self._context.conversations.of_client(client, channel=channel)
        return conversation is None or conversation.floor is Floor.CLOSED

    async def _take(self, key: str, place: Place) -> None:
        """Take what was read, in order. Those taken before a crash are known by their keys.

        One that cannot be taken at all must not keep back the others for ever.
        """
        if not place.left:
            return
        for raw in place.left:
            try:
                await self._intake.take(raw, only_agents=not self._everything)
            except BadInput:
                self._context.ignored("event that cannot be taken")
        place.left = []
        await self._context.storage.put(key, asdict(place))


@dataclass(kw_only=True, slots=True)
class Place:
    """How far we have read."""

    cursor: dict[str, str]
    """What the last answer named to go on from, if it did."""
    seen: list[str]
    """Identities of what the last answer had: whoever tells the newest again and again tells these again."""
    left: list[dict[str, Any]]
    """Read and not taken yet."""

    def read(self, answer: Any) -> bool:
        """Read on by an answer; tell whether anything is new. Raises `Permanent`."""
        found = wire.items_in(answer) if answer is not None else []
        if found is None:
            raise Permanent("the answer of /events is neither a list nor an object with a list in it")
        told = [wire.identity(raw) for raw in found]
        self.left = [wire.bare(raw) for raw, each in zip(found, told, strict=True) if each not in self.seen]
        before = (self.cursor, self.seen)
        self.cursor = wire.cursor_in(answer) or self.cursor
        self.seen = told[-MOST_ITEMS:] or self.seen
        return before != (self.cursor, self.seen)


def _pause(failure: Failure, failures: int) -> float:
    if isinstance(failure, Temporary) and failure.retry_after_seconds is not None:
        return failure.retry_after_seconds
    return PAUSES_SECONDS[min(failures, len(PAUSES_SECONDS) - 1)]
