"""Who waits for which answer: so that each word reaches its caller once, in the answer or later, and none is lost.

All of it lives as long as the requests do. A reply that was committed while somebody waits for it is **claimed**; it
goes to the webhook only if that request's answer could not be written. What outlives a request is in the `Ledger`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from gateway import Entry, Floor, Left, Role, Said, Stage, Started, Transferred

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway import Change, Conversation

HANDOFF_SECONDS = 3.0
"""How long an answer that hands over waits to know what comes of it: "we are finding somebody", or the bot again."""


class Question:
    """A client's word or event, while somebody waits for its answer."""

    def __init__(self, client: str, *, waits: bool) -> None:
        """`waits`: an answer is claimed; else only its number is of interest."""
        self.client = client
        self.waits = waits
        self.conversation = ""
        self.number = 0
        """Its log number; 0: it is not known yet, or there is nothing in the log."""
        self.entries: dict[int, Entry] = {}
        """What answers it so far."""
        self.floor = Floor.BOT
        self.is_answered = False
        """The bot's turn is over, or the bot does not have the floor."""
        self.over = asyncio.Event()
        """Nothing more is expected."""
        self.settled = asyncio.Event()
        """It is known whether the caller has the answer."""
        self._readers = 1
        self._cues: set[int] = set()
        self._hands_over = False
        self._deadline: asyncio.TimerHandle | None = None

    def begin(self, conversation: str, number: int) -> None:
        """It is in the log."""
        self.conversation, self.number = conversation, number

    def wants(self, entry: Entry, *, mine: bool) -> bool:
        """Tell whether an entry belongs to the answer. `mine`: what answers nothing in particular does, too."""
        said = entry.body
        if self.over.is_set() or not isinstance(said, Said) or said.role not in {Role.BOT, Role.SYSTEM}:
            return False
        return said.answers in {self.number, *self._cues} or (mine and not said.answers)

    def follow(self, conversation: Conversation, entries: Sequence[Entry]) -> None:
        """See how the conversation went on."""
        for entry in entries:
            if isinstance(entry.body, Left) and entry.number > self.number:
                self._cues.add(entry.number)
            self._hands_over |= isinstance(entry.body, Transferred) and entry.number > self.number
        self.floor = conversation.floor
        self.is_answered = self._is_answered(conversation)
        if self.is_answered and not self._is_opening(conversation):
            self.end()
        elif self.is_answered and self._deadline is None:
            self._deadline = asyncio.get_running_loop().call_later(HANDOFF_SECONDS, self._end_of_handoff)

    def _is_answered(self, conversation: Conversation) -> bool:
        open_turns = {*conversation.turns, *conversation.cues}
        return conversation.floor is not Floor.BOT or not open_turns & {self.number, *self._cues}

    def _is_opening(self, conversation: Conversation) -> bool:
        """Tell whether its own handoff was not accepted yet. Who writes while waiting is answered at once."""
        handoff = conversation.handoff
        is_waiting = conversation.floor is Floor.WAITING and handoff is not None
        return is_waiting and self._hands_over and handoff.stage is Stage.OPENING  # type: ignore[union-attr]

    def _end_of_handoff(self) -> None:
        """The platform takes its time. If it has refused meanwhile, it is the bot's word that is waited for."""
        if self.floor is Floor.WAITING:
            self.end()

    def end(self) -> None:
        """Wait no more, whatever is missing."""
        self.over.set()
        if self._deadline:
            self._deadline.cancel()

    # --- who reads it ---

    def joined(self) -> Question:
        """Another request waits for the same answer: a repetition."""
        self._readers += 1
        return self

    def left(self, *, given: bool) -> None:
        """A request is over. `given`: its answer was written."""
        self._readers -= 1
        if given or not self._readers:
            self.settled.set()


class Questions:
    """The questions that wait, kept up to date by commits."""

    def __init__(self) -> None:
        """Nobody waits."""
        self._asked: dict[str, Question] = {}
        """Client -> the question that is about to be committed."""
        self._waiting: dict[str, list[Question]] = {}
        """Conversation -> its questions, oldest first."""
        self._claims: dict[tuple[str, int], Question] = {}

    def ask(self, question: Question) -> None:
        """A question is about to be committed. One per client at a time."""
        self._asked[question.client] = question

    def asked(self, question: Question) -> None:
        """It is committed, or not."""
        del self._asked[question.client]
        if not question.number:
            question.is_answered = True
            question.end()

    def live(self, conversation: str, number: int) -> Question | None:
        """Return who waits for the answer to an entry already."""
        return next((each for each in self._waiting.get(conversation, ()) if each.number == number), None)

    def wait(self, question: Question) -> None:
        """Let a question claim what comes."""
        self._waiting.setdefault(question.conversation, []).append(question)

    def done(self, question: Question) -> None:
        """A question is settled."""
        question.end()
        waiting = self._waiting.get(question.conversation, [])
        if question in waiting:
            waiting.remove(question)
        if not waiting:
            self._waiting.pop(question.conversation, None)
        for number in question.entries:
            key = (question.conversation, number)
            if self._claims.get(key) is question:
                del self._claims[key]

    def end_all(self) -> None:
        """Answer everybody with what there is: the gateway stops."""
        for questions in self._waiting.values():
            for question in questions:
                question.end()

    def claimed(self, conversation: str, number: int) -> bool:
        """Tell whether somebody waits for an entry, and it is not known yet whether they get it."""
        return (conversation, number) in self._claims

    async def settled(self, conversation: str, number: int) -> None:
        """Wait until it is known whether the caller who waits for an entry, if there is one, has got it."""
        if question := self._claims.get((conversation, number)):
            await question.settled.wait()

    def notice(self, change: Change) -> None:
        """A step was committed."""
        conversation = change.conversation
        for entry in change.entries:
            if not self._begin(conversation, entry):
                self._claim(conversation.id, entry)
        for question in self._waiting.get(conversation.id, ()):
            question.follow(conversation, change.entries)

    def _begin(self, conversation: Conversation, entry: Entry) -> bool:
        """Give the question that is being committed its number."""
        asked = self._asked.get(conversation.client.id)
        if not is_clients(entry) or asked is None or asked.number:
            return False
        asked.begin(conversation.id, entry.number)
        if asked.waits:
            self.wait(asked)
        return True

    def _claim(self, conversation: str, entry: Entry) -> None:
        waiting = [each for each in self._waiting.get(conversation, ()) if not each.over.is_set()]
        for question in waiting:
            if question.wants(entry, mine=question is waiting[0]):
                question.entries[entry.number] = entry
                self._claims[conversation, entry.number] = question
                return


def is_clients(entry: Entry) -> bool:
    """Tell whether an entry is something the client did that may be answered."""
    body = entry.body
    return isinstance(body, Started) or (isinstance(body, Said) and body.role is Role.CLIENT)
