"""Taking a question, waiting for its answer, and knowing whether the caller has got it."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from gateway import Floor, Mailboxes, Unavailable
from gateway_chat_api.intake import Intake
from gateway_chat_api.questions import Question
from gateway_chat_api.wire import Cursor, message_id, timestamp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from gateway import Context
    from gateway_chat_api.ledger import Ledger
    from gateway_chat_api.options import ChatApiOptions
    from gateway_chat_api.questions import Questions
    from gateway_chat_api.record import Record
    from gateway_chat_api.wire import Ask


class Asking:
    """Asks for callers."""

    def __init__(
        self, context: Context, options: ChatApiOptions, *, questions: Questions, record: Record, ledger: Ledger
    ) -> None:
        """All parts are the instance's."""
        self._context = context
        self._wait_seconds = options.wait_seconds
        self._intake = Intake(context, options)
        self._questions = questions
        self._record = record
        self._ledger = ledger
        self._turns = Mailboxes()

    async def later(self, ask: Ask) -> dict[str, Any]:
        """Take a question whose answer goes the asynchronous way; return its id."""
        question = await self._asked(ask, waits=False)
        return {"questionId": _id(question)}

    async def now(self, ask: Ask, write: Callable[[dict[str, Any]], Awaitable[bool]]) -> None:
        """Take a question, wait for its answer, `write` it; whether that worked decides where the replies go."""
        question = await self._asked(ask, waits=True)
        async with self._settling(question) as settle:
            try:
                async with asyncio.timeout(self._wait_seconds):
                    await question.over.wait()
            except TimeoutError:
                question.end()
            numbers = sorted(question.entries)
            if await write(self._answer(question, ask.client_id)):
                await self._remember(question, ask.client_id, numbers)
                settle()

    @asynccontextmanager
    async def _settling(self, question: Question) -> AsyncIterator[Callable[[], None]]:
        """Whatever happens, nobody waits for this caller in vain."""
        given = asyncio.Event()
        try:
            yield given.set
        finally:
            question.left(given=given.is_set())
            if question.settled.is_set():
                self._questions.done(question)

    async def _remember(self, question: Question, client: str, numbers: list[int]) -> None:
        try:
            await self._ledger.give(client, question.conversation, numbers)
        except Unavailable as error:
            self._context.log.warning("chat_api.answer_not_noted", reason=str(error))

    def _answer(self, question: Question, client: str) -> dict[str, Any]:
        entries = [question.entries[number] for number in sorted(question.entries)]
        newest = entries[-1].number if entries else question.number
        ended = question.floor is Floor.CLOSED
        return {
            "questionId": _id(question),
            "clientId": client,
            "data": self._record.data(entries, is_new=question.number == 1, ended=ended),
            "timestamp": timestamp(self._context.now()),
            "conversationId": question.conversation,
            "floor": question.floor.value,
            "complete": question.is_answered,
            "lastEventId": str(Cursor(question.conversation, newest)),
        }

    # --- taking it ---

    async def _asked(self, ask: Ask, *, waits: bool) -> Question:
        """Commit it. One after another per client, so that files do not let a later word pass."""
        key = json.dumps([ask.client_id, ask.message_id]) if ask.message_id else ""
        async with self._turns.turn(ask.client_id):
            event = await self._intake.event(ask, message_id(ask.message_id or uuid4().hex, ask.cid))
            question = Question(ask.client_id, waits=waits)
            self._questions.ask(question)
            try:
                received = await self._context.receive(event, key=key)
            except BaseException:
                question.left(given=False)
                self._questions.done(question)
                raise
            finally:
                self._questions.asked(question)
        if received.duplicate:
            return await self._again(ask, waits=waits)
        if not question.number:
            await self._nothing_happened(question, received.conversation)
        return question

    async def _nothing_happened(self, question: Question, conversation: str) -> None:
        """There is nothing to answer."""
        known = await self._context.conversations.get(conversation)
        question.begin(conversation, 0)
        question.floor = known.floor if known else Floor.CLOSED

    async def _again(self, ask: Ask, *, waits: bool) -> Question:
        """A repetition waits for the first answer, or gets it again."""
        question = Question(ask.client_id, waits=waits)
        known = await self._context.conversations.of_client(ask.client_id)
        number = await self._record.find(known, ask.message_id, start=ask.start is not None) if known else 0
        if known is None or not number:
            question.is_answered = True
            question.end()
            await self._nothing_happened(question, known.id if known else "")
            return question
        if live := self._questions.live(known.id, number):
            return live.joined()
        question.begin(known.id, number)
        if waits:
            await self._wait_again(question)
        return question

    async def _wait_again(self, question: Question) -> None:
        """The first caller is gone: take what is there, and wait for the rest."""
        self._questions.wait(question)
        since, mine = await self._record.since(question.conversation, question.number)
        for entry in mine:
            question.entries.setdefault(entry.number, entry)
        conversation = await self._context.conversations.get(question.conversation)
        if conversation:
            question.follow(conversation, since)


def _id(question: Question) -> str:
    return str(Cursor(question.conversation, question.number))
