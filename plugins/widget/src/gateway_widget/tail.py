"""Follows one visitor's log for one browser, by number: nothing is skipped, nothing comes twice.

The log is the queue. What a slow browser has not taken stays there; when too much is waiting in memory the tail forgets
it and reads on from the last number the browser got.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from gateway import Floor, Role, Said, for_client, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway import Change, Conversation, Conversations, Entry, Typing
    from gateway_widget.tokens import Visitor

PAGE = 40
"""Entries a browser without any gets first, and per step backwards."""
BATCH = 200
MOST_WAITING = 32
"""Changes kept in memory for a browser that is slow to take them."""
MOST_SIGNALS = 8
SPEAKER = {Floor.BOT: Role.BOT, Floor.AGENT: Role.AGENT}
"""Whose writing the client may see."""


class Shown(NamedTuple):
    """What a browser was told last of the state of its conversation, as far as it matters for what comes next."""

    epoch: int
    floor: Floor


def status(conversation: Conversation, *, leave_queue: bool) -> dict[str, Any]:
    """Return who holds the floor, as the browser shows it."""
    handoff = conversation.handoff
    agent = handoff.agent if handoff and conversation.floor is Floor.AGENT else None
    return {
        "id": conversation.id,
        "version": conversation.version,
        "floor": conversation.floor.value,
        "agent": {"name": agent.name, "avatar": agent.avatar_url} if agent else None,
        "stage": handoff.stage.value if handoff else None,
        "position": handoff.queue_position if handoff else None,
        "group": handoff.destination_name if handoff else "",
        "leave": _way_back(conversation, leave_queue=leave_queue),
        "blocked": conversation.blocked,
    }


def _way_back(conversation: Conversation, *, leave_queue: bool) -> str | None:
    """Return the text of the button back to the bot: None if there is none, empty for the widget's own words."""
    if conversation.handoff is None:
        return None
    transfer = conversation.handoff.transfer
    if transfer.close_button:
        return transfer.close_phrases[0] if transfer.close_phrases else ""
    return "" if leave_queue and conversation.floor is Floor.WAITING else None


def entry_frames(entries: Sequence[Entry]) -> list[Any]:
    """Return entries as a browser may see them."""
    return [to_json(for_client(entry)) for entry in entries]


def typing_frame(typing: Typing) -> dict[str, Any]:
    """Return a sign as a browser is told it; `text` and `markup` only with a draft."""
    draft = {"text": typing.text, "markup": typing.markup.value} if typing.text else {}
    return {"type": "typing", "role": typing.role.value, "active": typing.active, **draft}


class Line(Protocol):
    """The way to one browser."""

    async def send(self, frame: dict[str, Any]) -> None:
        """Give a frame to the browser; returns when there is room for more. Raises `ConnectionError`."""

    async def beat(self) -> None:
        """Let the browser hear something, so that it notices a dead line. Raises `ConnectionError`."""

    def expect_answer(self) -> None:
        """Let the browser go if it answers beats, and has not answered the last."""

    def end(self) -> None:
        """Begin to hang up; the browser comes again if somebody is there. Harmless when repeated."""


class Tail:
    """One browser's place in the log.

    Thousands of them wait at a time, so one that waits has no task: what happens starts one. `moved` is told before the
    tail goes on with another conversation. If sending fails, the line is ended and `stop` raises why.
    """

    __slots__ = (
        "_conversations",
        "_dirty",
        "_error",
        "_greeted",
        "_leave_queue",
        "_moved",
        "_number",
        "_shown",
        "_signals",
        "_waiting",
        "_work",
        "conversation",
        "line",
        "visitor",
    )

    def __init__(
        self,
        *,
        visitor: Visitor,
        conversations: Conversations,
        line: Line,
        after: tuple[str, int],
        moved: Callable[[Tail, str], None],
        leave_queue: bool,
    ) -> None:
        self.visitor = visitor
        self.line = line
        self.conversation, self._number = after
        self._conversations = conversations
        self._moved = moved
        self._leave_queue = leave_queue
        self._waiting: tuple[Change, ...] = ()
        self._signals: tuple[Typing, ...] = ()
        self._shown: Shown | None = None
        self._dirty = True
        self._greeted = False
        self._work: asyncio.Task[None] | None = None
        self._error: Exception | None = None

    def start(self) -> None:
        """Send what the browser lacks, and from then on what is new."""
        self._go_on()

    async def stop(self) -> None:
        """Send no more. Raises what sending failed with, if it did."""
        if self._work:
            self._work.cancel()
            with suppress(asyncio.CancelledError):
                await self._work
        if self._error:
            raise self._error

    def notice(self, change: Change) -> None:
        """Something was committed to this visitor's conversation."""
        self._said(change.entries)
        if len(self._waiting) < MOST_WAITING:
            self._waiting = (*self._waiting, change)
        else:
            self._waiting = ()
            self._dirty = True
        self._go_on()

    def signal(self, typing: Typing) -> None:
        """Pass on what may be lost. A draft that grows takes the place of a shorter one the browser has not got yet."""
        before = self._signals
        if before and typing.text and before[-1].active and _of_one(before[-1], typing):
            before = before[:-1]
        self._signals = (*before, typing)[-MOST_SIGNALS:]
        self._go_on()

    def _go_on(self) -> None:
        if self._work is None and self._error is None:
            self._work = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            await self._send_all()
        except Exception as error:  # noqa: BLE001 - `stop` raises it where it can be answered for
            self._error = error
            self.line.end()
        finally:
            self._work = None

    async def _send_all(self) -> None:
        while self._dirty or self._waiting or self._signals:
            if self._dirty:
                await self._catch_up()
            elif self._waiting:
                change, *waiting = self._waiting
                self._waiting = tuple(waiting)
                await self._follow(change)
            else:
                typing, *signals = self._signals
                self._signals = tuple(signals)
                await self._pass_on(typing)

    def _said(self, entries: Sequence[Entry]) -> None:
        """Forget the signs of those who have said now what they were writing."""
        speakers = {entry.body.role for entry in entries if isinstance(entry.body, Said)}
        if speakers and self._signals:
            self._signals = tuple(
                typing for typing in self._signals if not typing.active or typing.role not in speakers
            )

    async def _pass_on(self, typing: Typing) -> None:
        """Show a sign, unless its time was over before the browser was ready for it."""
        shown = self._shown
        if shown is None or self.conversation != typing.conversation or typing.epoch not in {None, shown.epoch}:
            return
        if typing.role is SPEAKER.get(shown.floor):
            await self.line.send(typing_frame(typing))

    async def _follow(self, change: Change) -> None:
        conversation, entries = change.conversation, change.entries
        if conversation.id != self.conversation or (entries and entries[0].number > self._number + 1):
            self._dirty = True
        elif not entries or entries[-1].number > self._number:
            await self._show(conversation, [entry for entry in entries if entry.number > self._number])

    async def _catch_up(self) -> None:
        self._dirty = False
        newest = await self._conversations.of_client(self.visitor.id)
        if newest is None or newest.id != self.conversation:
            await self._finish_former()
            self._move(newest.id if newest else "")
        if newest is not None:
            await self._replay(newest)
        if not self._greeted:
            self._greeted = True
            await self.line.send({"type": "hello", "conversation": self._status(newest) if newest else None})

    def _move(self, conversation: str) -> None:
        self._moved(self, conversation)
        self.conversation, self._number, self._shown = conversation, 0, None

    async def _finish_former(self) -> None:
        """Send the rest of the conversation the browser was in, if it really was this visitor's."""
        former = await self._conversations.get(self.conversation) if self.conversation else None
        if former is not None and former.client.id == self.visitor.id:
            await self._replay(former)

    async def _replay(self, conversation: Conversation) -> None:
        """Send what the browser lacks of a conversation, and in any case its state."""
        entries = await self._next(conversation)
        await self._show(conversation, entries)
        while entries and self._number < conversation.head:
            entries = await self._next(conversation)
            await self._show(conversation, entries)

    async def _next(self, conversation: Conversation) -> Sequence[Entry]:
        if self._number == 0:
            # The browser has nothing of it: the newest page will do, the rest comes when somebody scrolls up.
            return await self._conversations.entries(conversation.id, before=conversation.head + 1, limit=PAGE)
        entries = await self._conversations.entries(conversation.id, after=self._number, limit=BATCH)
        return [entry for entry in entries if entry.number <= conversation.head]

    async def _show(self, conversation: Conversation, entries: Sequence[Entry]) -> None:
        """Send entries together with the state they lead to, never one without the other."""
        frame = {"type": "log", "conversation": self._status(conversation), "entries": entry_frames(entries)}
        await self.line.send(frame)
        self._shown = Shown(conversation.epoch, conversation.floor)
        self._said(entries)
        if entries:
            self._number = entries[-1].number

    def _status(self, conversation: Conversation) -> dict[str, Any]:
        return status(conversation, leave_queue=self._leave_queue)


def _of_one(typing: Typing, other: Typing) -> bool:
    return (typing.conversation, typing.role) == (other.conversation, other.role)
