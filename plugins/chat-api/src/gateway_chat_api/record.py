"""The log as callers read it: items, each with the question it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from gateway import Entry, Joined, Left, Media, Moved, Queued, Role, Said, Started, for_client
from gateway_chat_api.capabilities import STATUSES
from gateway_chat_api.questions import is_clients
from gateway_chat_api.replies import answer_of, reply_objects
from gateway_chat_api.wire import Cursor, cid_of, data_body, employee, given_id, timestamp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from gateway import Context, Conversation, Peer

Entries: TypeAlias = "AsyncIterator[tuple[Cursor, Entry, Thread]]"
PAGE = 200
LOOK_BACK_ENTRIES = 60
"""How far back the question of a reply is looked for."""


class Thread:
    """Which question each entry belongs to, told while they are read in order."""

    def __init__(self, before: Iterable[Entry] = ()) -> None:
        """`before`: what is read over."""
        self._last = 0
        self._returns: dict[int, int] = {}
        self._cids: dict[int, str] = {}
        for entry in before:
            self.question_of(entry)

    def question_of(self, entry: Entry) -> int:
        """Return the log number of what the client did: by the bot's own word, else what they did last; 0: nothing."""
        body = entry.body
        if is_clients(entry):
            self._last = entry.number
            self._cids[entry.number] = cid_of(body.message.id) if isinstance(body, Said) else ""
        if isinstance(body, Left):
            self._returns[entry.number] = self._last
        if isinstance(body, Said) and body.answers:
            return self._returns.get(body.answers, body.answers)
        return self._last

    def cid(self, question: int) -> str:
        """Return by which connection a question came."""
        return self._cids.get(question, "")


class Record:
    """Reads the conversations of one instance."""

    def __init__(self, context: Context) -> None:
        """`context`: the instance's."""
        self._context = context
        self._conversations = context.conversations

    # --- an answer ---

    def data(self, entries: Sequence[Entry], *, is_new: bool, ended: bool) -> dict[str, Any]:
        """Return the member `data` of an answer made of these replies."""
        said = [entry.body for entry in entries if isinstance(entry.body, Said)]
        replies = [reply for each in said for reply in reply_objects(each.message, self._context.url)]
        bot = next((each.source for each in said if each.role is Role.BOT), "")
        return data_body(replies, answer_of(replies), bot=bot, is_new=is_new, ended=ended)

    async def since(self, conversation: str, number: int) -> tuple[Sequence[Entry], list[Entry]]:
        """Return what was logged after a question, and what of it answers the question."""
        entries = await self._conversations.entries(conversation, after=number - 1, limit=PAGE)
        thread = Thread()
        mine = [each for each in entries if thread.question_of(each) == number and _is_answer(each)]
        return entries[1:], mine

    async def find(self, conversation: Conversation, given: str, *, start: bool) -> int:
        """Return the log number of what a caller asked under its own id; 0: it is not there (any more)."""
        before = conversation.head + 1
        while page := await self._conversations.entries(conversation.id, before=before, limit=PAGE):
            for entry in reversed(page):
                match entry.body:
                    case Started() if start:
                        return entry.number
                    case Said(role=Role.CLIENT, message=message) if given_id(message.id) == given:
                        return entry.number
            before = page[0].number
        return 0

    # --- items ---

    async def item(self, conversation: str, client: str, number: int) -> dict[str, Any] | None:
        """Return one entry as an item; None: there is no such thing."""
        entries = await self._conversations.entries(conversation, before=number + 1, limit=LOOK_BACK_ENTRIES)
        if not entries or entries[-1].number != number:
            return None
        question = Thread(entries[:-1]).question_of(entries[-1])
        return self.as_item(conversation, client, entries[-1], question)

    async def forward(self, client: str, after: Cursor) -> Entries:
        """Go through all a client's conversations from a place on, oldest first."""
        known = await self._conversations.recent(client_id=client)
        for conversation in sorted(each.id for each in known if each.id >= after.conversation):
            number = after.number if conversation == after.conversation else 0
            async for found in self.through(Cursor(conversation, number)):
                yield found

    async def through(self, after: Cursor) -> Entries:
        """Go through a conversation from a place on, up to what watchers have heard of."""
        thread = Thread(await self._before(after.conversation, after.number))
        head = await self._head(after.conversation)
        number = after.number
        while number < head:
            page = await self._conversations.entries(after.conversation, after=number, limit=min(PAGE, head - number))
            for entry in page:
                yield Cursor(after.conversation, entry.number), entry, thread
            number = page[-1].number if page else head

    async def _head(self, conversation: str) -> int:
        found = await self._conversations.get(conversation)
        return found.head if found else 0

    async def _before(self, conversation: str, number: int) -> Sequence[Entry]:
        if not number:
            return ()
        return await self._conversations.entries(conversation, before=number + 1, limit=LOOK_BACK_ENTRIES)

    async def backward(self, client: str, before: Cursor | None, limit: int) -> list[dict[str, Any]]:
        """Return the newest items before a place, oldest first."""
        found: list[dict[str, Any]] = []
        known = await self._conversations.recent(client_id=client)
        for each in sorted(known, key=lambda conversation: conversation.id, reverse=True):
            if before and each.id > before.conversation:
                continue
            end = before.number if before and each.id == before.conversation else each.head + 1
            while len(found) < limit and end > 1:
                page = await self._conversations.entries(each.id, before=end, limit=PAGE)
                thread = Thread(await self._before(each.id, page[0].number - 1) if page else ())
                items = [self.as_item(each.id, client, entry, thread.question_of(entry)) for entry in page]
                found = [*filter(None, items), *found]
                end = page[0].number if page else 0
        return found[-limit:]

    def as_item(self, conversation: str, client: str, entry: Entry, question: int) -> dict[str, Any] | None:
        """Return an entry as an item; None: it is not for callers."""
        entry = for_client(entry)
        match entry.body:
            case Said(role=Role.CLIENT):
                kind, more = "request", self._request(entry.body)
            case Started(payload=payload):
                kind, more = "request", {"event": "/start", "payload": payload}
            case Said(role=role, author=author):
                kind, more = "reply", self._speaker(role, author)
            case body if body.type in STATUSES:
                kind, more = "status", {"event": body.type, **self._details(entry)}
            case _:
                return None
        replies = [entry] if kind == "reply" else []
        is_first = kind == "reply" and question == 1
        return {
            "id": str(Cursor(conversation, entry.number)),
            "number": entry.number,
            "conversationId": conversation,
            "clientId": client,
            "questionId": str(Cursor(conversation, question)),
            "kind": kind,
            **more,
            "data": self.data(replies, is_new=is_first, ended=more.get("event") == "closed"),
            "timestamp": timestamp(entry.at),
        }

    def _request(self, said: Said) -> dict[str, Any]:
        files = [each.attachment for each in said.message.contents if isinstance(each, Media)]
        links = [{"fileName": file.name, "fileUrl": self._context.url(file.url)} for file in files]
        own = {"messageId": given_id(said.message.id), "cid": cid_of(said.message.id)}
        return {"query": said.message.text, **own, **({"files": links} if links else {})}

    def _speaker(self, role: Role, peer: Peer) -> dict[str, Any]:
        author = self._author(role, peer)
        return {"author": author, **({"employee": employee(author)} if role is Role.AGENT else {})}

    def _author(self, role: Role, peer: Peer) -> dict[str, str]:
        known = {"id": peer.id, "name": peer.name, "avatarUrl": self._context.url(peer.avatar_url)}
        shown = known if role is Role.AGENT else {}
        return {"role": role.value, **{name: value for name, value in shown.items() if value}}

    def _details(self, entry: Entry) -> dict[str, Any]:
        match entry.body:
            case Joined(agent=agent):
                return self._speaker(Role.AGENT, agent)
            case Queued(position=position) if position is not None:
                return {"position": position}
            case Moved(destination_name=name) if name:
                return {"destinationName": name}
            case Left(outcome=outcome):
                return {"outcome": outcome.value}
            case _:
                return {}


def _is_answer(entry: Entry) -> bool:
    return isinstance(entry.body, Said) and entry.body.role in {Role.BOT, Role.SYSTEM}
