"""What `/events` and `/history` answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway import Role, Said, Started
from gateway_chat_api.wire import STATUSES, Cursor

if TYPE_CHECKING:
    from gateway import Context, Entry
    from gateway_chat_api.ledger import Ledger
    from gateway_chat_api.questions import Questions
    from gateway_chat_api.record import Record, Thread
    from gateway_chat_api.wire import Listing


class Listings:
    """Reads for callers."""

    def __init__(self, context: Context, *, questions: Questions, record: Record, ledger: Ledger) -> None:
        """All parts are the instance's."""
        self._conversations = context.conversations
        self._questions = questions
        self._record = record
        self._ledger = ledger

    async def events(self, asked: Listing) -> tuple[list[dict[str, Any]], Cursor | None]:
        """Return what is new, and up to where that is, if the connection shall go on there the next time."""
        place = await self._place(asked.client_id, asked.after) if asked.after else await self._read_up_to(asked)
        if place is None:
            return [], None
        items, place = await self._after(place, asked)
        return items, None if asked.after else place

    async def read(self, asked: Listing, place: Cursor) -> None:
        """The connection has what was answered."""
        await self._ledger.move(asked.client_id, asked.cid, place)

    async def history(self, asked: Listing) -> list[dict[str, Any]]:
        """Return what was said: the newest items (before a place), or the oldest after one."""
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
        known = await self._ledger.position(asked.client_id, asked.cid)
        newest = None if known else await self._conversations.of_client(asked.client_id)
        return known or (Cursor(newest.id, 0) if newest else None)

    async def _after(self, place: Cursor, asked: Listing) -> tuple[list[dict[str, Any]], Cursor]:
        """Read on. What a caller waits for right now is nobody's news before it is known whether they got it."""
        items: list[dict[str, Any]] = []
        given = Given(self._ledger, asked.client_id)
        async for cursor, entry, thread in self._record.forward(asked.client_id, place):
            question = thread.question_of(entry)
            if self._questions.claimed(cursor.conversation, cursor.number):
                break
            if await _is_news(cursor, entry, asked, own=_is_own(thread, question, asked), given=given):
                item = self._record.as_item(cursor.conversation, asked.client_id, entry, question)
                items += [item] if item else []
            place = cursor
            if len(items) == asked.limit:
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
    """Tell whether an entry is an event.

    Documented: agents' words, and with `all` also what other pages said and heard. What was meant for an answer and did
    not get into it is news in any case.
    """
    match entry.body:
        case Said(role=Role.AGENT):
            return True
        case Said(role=Role.CLIENT) | Started():
            return asked.all and not own
        case Said():
            return (asked.all and not own) or not await given.has(cursor)
        case body:
            return body.type in STATUSES


def _is_own(thread: Thread, question: int, asked: Listing) -> bool:
    """ASSUMED: `cid` names the connection that asks, which knows what it said and heard itself."""
    return bool(asked.cid) and thread.cid(question) == asked.cid
