"""Durable listeners follow the store's journal: told of every entry at least once, in order per conversation.

What was committed while the listener's other side was down, or while the gateway was, is still in the journal. While
nothing gets through, one call at a time is tried, further and further apart. If only some conversations fail, those
fall behind and are tried by themselves, and the rest goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from gateway import log as logs
from gateway.bookmark import Bookmark
from gateway.dispatch import pause
from gateway.entries import Entry
from gateway.errors import Failure, Permanent, Refused, Temporary, Unavailable
from gateway.given import Change

if TYPE_CHECKING:
    from gateway.metrics import Metrics
    from gateway.store.contract import Store, Stretch
    from gateway.supervisor import Running

log = logs.get()

WINDOW = 200
"""How many steps are taken from the journal at once."""

PAGE = 100
"""How many entries of a conversation are told in one round at most, so that a long one holds up no other."""

LONGEST_PAUSE = 4
"""Index of the longest of the dispatcher's pauses that is used here: a minute. Somebody may wait for the news."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """What is to be told of one conversation: from entry `first` to `last`."""

    conversation: str
    first: int
    last: int | None = None
    """None: up to the newest."""
    failure: Failure | None = None
    """Why it could not be told; then `first` is the entry it stopped at."""

    @property
    def is_left(self) -> bool:
        """Of what is left of a part: whether something is."""
        return self.last is not None and self.first <= self.last


class Following:
    """One durable listener."""

    def __init__(self, running: Running, *, store: Store, metrics: Metrics) -> None:
        """`running`: the listener."""
        self._running = running
        self._store = store
        self._metrics = metrics
        self._bookmark = Bookmark(store, running.name)
        self._told: dict[str, int] = {}
        """Conversation -> the newest entry told, where the position in the journal does not say so."""
        self._due: dict[str, tuple[int, float]] = {}
        """Conversation that is behind -> attempts, and the loop's time of the next."""
        self._failures = 0
        """Rounds in a row in which nothing got through."""
        self._rewound = False
        self._news = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    # --- life ----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin where it stopped; the first time, with what is committed from now on."""
        if not await self._bookmark.load():
            await self._bookmark.move(await self._store.journal_end())
        self._task = asyncio.create_task(self._follow())

    async def stop(self, *, within_seconds: float) -> None:
        """Let what is in hand end. The rest is told after the next start."""
        self._stopping.set()
        self._news.set()
        if self._task:
            await asyncio.wait([self._task], timeout=within_seconds)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def __call__(self, change: Change) -> None:
        """Look into the journal: something was committed."""
        if change.entries:
            self._news.set()

    async def tell_again(self, conversation: str, number: int) -> bool:
        """Tell entry `number` and all after it again (see `bookmark.tell_again`)."""
        if conversation and await self._store.load(conversation) is None:
            return False
        if conversation:
            known = self._bookmark.behind.get(conversation, number)
            await self._bookmark.fall_behind(conversation, min(number, known))
            self._due.pop(conversation, None)
        else:
            self._rewound = True
            await self._bookmark.rewind()
        self._news.set()
        return True

    async def _follow(self) -> None:
        while not self._stopping.is_set():
            self._news.clear()
            try:
                seconds = await self._round()
            except Unavailable as error:
                seconds = error.retry_after_seconds
            except Exception:
                log.exception("listener.bug", instance=self._running.name)
                seconds = pause(LONGEST_PAUSE, Temporary("a fault in the gateway"))
            if seconds is None or seconds > 0:
                await self._rest(seconds)

    async def _rest(self, seconds: float | None) -> None:
        """Wait for news; while nothing gets through, news are no reason to hurry."""
        event = self._stopping if self._failures else self._news
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            pass

    # --- a round -------------------------------------------------------------------------------------------------

    async def _round(self) -> float | None:
        """Tell what there is to tell. Return how long to rest: 0 not at all, None until there is news."""
        position = self._bookmark.position
        if self._rewound:
            self._told.clear()
            self._rewound = False
        await self._measure()
        window = await self._store.journal(after=position, limit=WINDOW)
        parts = [*self._catching_up(), *self._in(window)]
        tried = [parts[self._failures % len(parts)]] if self._failures and parts else parts
        results = await asyncio.gather(*(self._tell(part) for part in tried))
        failed = [result for result in results if result.failure]
        if failed and len(failed) == len(results) and all(map(_got_nowhere, tried, results)):
            return self._nobody_there(failed[0])
        self._failures = 0
        await self._settle(tried, results)
        if len(tried) == len(parts) and window and self._bookmark.position == position:
            await self._bookmark.move(window[-1].position)
            self._forget(window)
        if not window and not parts:
            self._told.clear()
        return 0 if window or len(tried) < len(parts) else self._next_due()

    def _catching_up(self) -> Iterable[Part]:
        """Return what is behind and due. While nothing gets through, anything may be tried."""
        now = asyncio.get_running_loop().time()
        for conversation, number in self._bookmark.behind.items():
            if self._failures or self._due.get(conversation, (0, 0.0))[1] <= now:
                yield Part(conversation=conversation, first=number)

    def _in(self, window: Iterable[Stretch]) -> Iterable[Part]:
        """Return the window's entries by conversation, without those that are behind anyway, or told already."""
        parts: dict[str, Part] = {}
        for stretch in window:
            if stretch.conversation in self._bookmark.behind:
                continue
            part = parts.get(stretch.conversation)
            first = part.first if part else max(stretch.first, self._told.get(stretch.conversation, 0) + 1)
            parts[stretch.conversation] = Part(conversation=stretch.conversation, first=first, last=stretch.last)
        return parts.values()

    async def _tell(self, part: Part) -> Part:
        """Tell a page of it, entry after entry; return what is left."""
        conversation = await self._store.load(part.conversation)
        if conversation is None:
            return replace(part, last=0)
        last = conversation.head if part.last is None else part.last
        number = part.first
        for entry in await self._page(part.conversation, number, last):
            try:
                await self._notice(Change(conversation=conversation, entries=(entry,)))
            except Failure as failure:
                return replace(part, first=number, last=last, failure=failure)
            self._told[part.conversation] = entry.number
            number = entry.number + 1
        return replace(part, first=number, last=last)

    async def _page(self, conversation: str, first: int, last: int) -> Sequence[Entry]:
        if first > last:
            return ()
        return await self._store.entries(conversation, after=first - 1, limit=min(PAGE, last + 1 - first))

    async def _notice(self, change: Change) -> None:
        """Make the call. What will never be taken is passed over."""
        try:
            await self._running.call("notice", partial(self._running.component.notice, change))
        except (Permanent, Refused) as failure:
            self._metrics.watcher_errors(self._running.name).inc()
            log.error(  # noqa: TRY400 - the reason says it
                "listener.passed_over",
                instance=self._running.name,
                conversation=change.conversation.id,
                number=change.entries[0].number,
                reason=failure.reason,
            )

    # --- what came of it -----------------------------------------------------------------------------------------

    def _nobody_there(self, part: Part) -> float:
        """Nothing got through: leave all as it is, and return when to try again."""
        assert part.failure is not None  # noqa: S101 - it is one of those that failed
        seconds = pause(min(self._failures, LONGEST_PAUSE), part.failure)
        self._failures += 1
        self._failed(part, seconds)
        return seconds

    async def _settle(self, tried: Iterable[Part], results: Iterable[Part]) -> None:
        """Remember who fell behind and who caught up; who was asked to be told again meanwhile, is."""
        for part, result in zip(tried, results, strict=True):
            known = self._bookmark.behind.get(part.conversation)
            asked_again = known is not None and (part.last is not None or known != part.first)
            if result.failure:
                self._put_off(result)
            else:
                self._due.pop(part.conversation, None)
            if result.failure or result.is_left:
                number = min(known, result.first) if known and asked_again else result.first
                await self._bookmark.fall_behind(part.conversation, number)
            elif known is not None and not asked_again:
                await self._bookmark.catch_up(part.conversation)

    def _put_off(self, part: Part) -> None:
        assert part.failure is not None  # noqa: S101 - who is put off has failed
        attempts = self._due.get(part.conversation, (0, 0.0))[0]
        seconds = pause(min(attempts, LONGEST_PAUSE), part.failure)
        self._due[part.conversation] = (attempts + 1, asyncio.get_running_loop().time() + seconds)
        self._failed(part, seconds)

    def _failed(self, part: Part, seconds: float) -> None:
        self._metrics.watcher_errors(self._running.name).inc()
        log.warning(
            "listener.retry_scheduled",
            instance=self._running.name,
            conversation=part.conversation,
            number=part.first,
            seconds=round(seconds, 1),
            reason=part.failure.reason if part.failure else "",
        )

    def _forget(self, window: Iterable[Stretch]) -> None:
        """Forget what the position says now."""
        for stretch in window:
            if self._told.get(stretch.conversation, 0) <= stretch.last:
                self._told.pop(stretch.conversation, None)

    def _next_due(self) -> float | None:
        times = [self._due.get(conversation, (0, 0.0))[1] for conversation in self._bookmark.behind]
        return max(0.0, min(times) - asyncio.get_running_loop().time()) if times else None

    async def _measure(self) -> None:
        waiting = await self._store.journal_end() - self._bookmark.position
        self._metrics.listener_lag(self._running.name).set(waiting + len(self._bookmark.behind))


def _got_nowhere(part: Part, result: Part) -> bool:
    return result.first == part.first
