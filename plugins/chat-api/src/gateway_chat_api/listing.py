"""What `/events` and `/history` answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from gateway import BadInput, Floor, Role, Said, Started
from gateway_chat_api.capabilities import STATUSES
from gateway_chat_api.ledger import Sweep
from gateway_chat_api.wire import Cursor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway import Context, Conversation, Entry
    from gateway_chat_api.ledger import Ledger
    from gateway_chat_api.questions import Questions
    from gateway_chat_api.record import Entries, Record, Thread
    from gateway_chat_api.wire import Listing


MARGIN_SECONDS = 60.0
"""How much further back is looked than the last time: a commit takes a moment, and clocks are set."""
MOST_CONVERSATIONS = 1_600

Read: TypeAlias = Callable[[], Awaitable[None]]


class Listings:
    """Reads for callers."""

    def __init__(self, context: Context, *, questions: Questions, record: Record, ledger: Ledger) -> None:
        """All parts are the instance's."""
        self._context = context
        self._conversations = context.conversations
        self._questions = questions
        self._record = record
        self._ledger = ledger

    async def events(self, asked: Listing) -> tuple[list[dict[str, Any]], Read | None]:
        """Return what is new, and what notes that it was read, if this reader shall go on there the next time."""
        if not asked.client_id:
            return await self._of_everybody(asked)
        place = await self._place(asked.client_id, asked.after) if asked.after else await self._read_up_to(asked)
        if place is None:
            return [], None
        stream = self._record.forward(asked.client_id, place)
        items, place = await self._collect(stream, place, asked, client=asked.client_id, limit=asked.limit)
        return items, None if asked.after else partial(self._ledger.move, asked.client_id, asked.reader, place)

    async def _of_everybody(self, asked: Listing) -> tuple[list[dict[str, Any]], Read | None]:
        """Look into each conversation that was active since the last time. What had ended before the first is past."""
        if asked.after:
            raise BadInput("after: needs a clientId")
        now = self._context.now()
        before = await self._ledger.sweep(asked.reader)
        at, read = (before.at, dict(before.read)) if before else (0.0, {})
        items: list[dict[str, Any]] = []
        for each in await self._active_since(at - MARGIN_SECONDS):
            number = read.pop(each.id, 0)
            is_past = before is None and each.floor is Floor.CLOSED
            read[each.id] = each.head if is_past else number
            if number < each.head and not is_past and len(items) < asked.limit:
                stream = self._record.through(Cursor(each.id, number))
                found, place = await self._collect(
                    stream, Cursor(each.id, number), asked, client=each.client.id, limit=asked.limit - len(items)
                )
                items += found
                read[each.id] = place.number
        if before and read == before.read and now - at < MARGIN_SECONDS:
            return items, None
        sweep = Sweep(at=now if len(items) < asked.limit else at, read=read)
        return items, partial(self._ledger.swept, asked.reader, sweep)

    async def _active_since(self, at: float) -> Sequence[Conversation]:
        limit = 100
        while True:
            found = await self._conversations.recent(limit=limit)
            if len(found) < limit or found[-1].active_at < at or limit >= MOST_CONVERSATIONS:
                return found
            limit *= 4

    async def history(self, asked: Listing) -> list[dict[str, Any]]:
        """Return what was said: the newest items (before a place), or the oldest after one."""
        if not asked.client_id:
            raise BadInput("clientId: is needed")
        if not asked.after:
            before = await self._place(asked.client_id, asked.before) if asked.before else None
            return await self._record.backward(asked.client_id, before, asked.limit)
        found: list[dict[str, Any]] = []
        if place := await self._place(asked.client_id, asked.after):
            async for cursor, entry, thread in self._record.forward(asked.client_id, place):
                item = self._record.as_item(cursor.conversation, asked.client_id, entry, thread.question_of(entry))
                found += [item] if item else []
                if len(found) == asked.limit:
                    break
        return found

    async def _place(self, client: str, text: str) -> Cursor | None:
        newest = await self._conversations.of_client(client)
        place = Cursor.read(text, newest=newest.id if newest else "")
        return place if newest else None

    async def _read_up_to(self, asked: Listing) -> Cursor | None:
        """Who never asked before begins with the newest conversation."""
        known = await self._ledger.position(asked.client_id, asked.reader)
        newest = None if known else await self._conversations.of_client(asked.client_id)
        return known or (Cursor(newest.id, 0) if newest else None)

    async def _collect(
        self, stream: Entries, place: Cursor, asked: Listing, *, client: str, limit: int
    ) -> tuple[list[dict[str, Any]], Cursor]:
        """Read on. What a caller waits for right now is nobody's news before it is known whether they got it."""
        items: list[dict[str, Any]] = []
        given = Given(self._ledger, client)
        async for cursor, entry, thread in stream:
            question = thread.question_of(entry)
            if self._questions.claimed(cursor.conversation, cursor.number):
                break
            if await _is_news(cursor, entry, asked, own=_is_own(thread, question, asked), given=given):
                item = self._record.as_item(cursor.conversation, client, entry, question)
                items += [item] if item else []
            place = cursor
            if len(items) == limit:
                break
        return items, place


class Given:
    """The replies a client has from answers; looked up again before one counts as not given."""

    def __init__(self, ledger: Ledger, client: str) -> None:
        """Begin with nothing."""
        self._ledger = ledger
        self._client = client
        self._known: set[Cursor] = set()

    async def has(self, place: Cursor) -> bool:
        """Tell whether a reply was given."""
        if place not in self._known:
            self._known = await self._ledger.given(self._client)
        return place in self._known


async def _is_news(cursor: Cursor, entry: Entry, asked: Listing, *, own: bool, given: Given) -> bool:
    """Tell whether an entry is an event for this reader.

    Documented: agents' words; with `all` also what other pages said and heard. Ours: `news`.
    """
    match entry.body:
        case Said(role=Role.AGENT):
            return True
        case Said(role=Role.CLIENT) | Started():
            return asked.all and not own
        case Said():
            return (asked.all and not own) or ((asked.all or asked.news) and not await given.has(cursor))
        case body:
            return (asked.all or asked.news) and body.type in STATUSES


def _is_own(thread: Thread, question: int, asked: Listing) -> bool:
    """ASSUMED: `cid` names the connection that asks, which knows what it said and heard itself."""
    return bool(asked.cid) and thread.cid(question) == asked.cid
