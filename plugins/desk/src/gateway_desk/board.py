"""The dialogs at this desk, as a view derived from the core's log. It can be thrown away and built again at any time.

A `Dialog` is one session: its conversation as last committed, and the window of the log that agents may see. The window
begins where the history forwarded by the route begins and ends with the session.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gateway import (
    Closed,
    Conversation,
    Declined,
    Delivery,
    DeliveryState,
    Entry,
    Floor,
    Handoff,
    Left,
    Moved,
    Outcome,
    Peer,
    Role,
    Said,
    Stage,
    Transferred,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gateway import Change, Context, Opening

FINISHED_KEPT = 300
"""Sessions that are over and can still be read, until the gateway restarts."""
LINES_READ = 100
PREVIEW_CHARACTERS = 160


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """What the list shows of something said."""

    number: int
    at: float
    role: Role
    text: str
    kind: str
    """Type of the first content: what to show where there are no words."""


@dataclass(kw_only=True, slots=True)
class Dialog:
    """One session at this desk."""

    session: str
    first: int
    """Agents see the log from this number on ..."""
    conversation: Conversation
    handoff: Handoff
    """The handoff as it is, or as it was when the session ended."""
    ended: Entry | None = None
    """... up to this entry, if the session is over."""
    failures: set[int] = field(default_factory=set)
    """Log numbers of reports that the client did not get something."""
    passed_by: str = ""
    """Id of the agent who forwarded it last: it does not come back by itself."""
    lines: dict[int, Line] = field(default_factory=dict)
    loaded: bool = False

    @property
    def end(self) -> int:
        """Number of the last entry agents may see."""
        return self.ended.number if self.ended else self.conversation.head

    @property
    def waiting(self) -> bool:
        """Nobody has it yet."""
        return self.ended is None and self.handoff.stage is Stage.QUEUED

    @property
    def holder(self) -> str:
        """Id of the agent who has, or had, the floor; else empty."""
        return self.handoff.agent.id if self.handoff.stage is Stage.JOINED and self.handoff.agent else ""

    def note(self, entries: Iterable[Entry]) -> None:
        """Remember what was said and what did not arrive, for the list, and who passed it on."""
        for entry in entries:
            match entry.body:
                case Said(role=role) as said if role is not Role.SYSTEM and self.first <= entry.number <= self.end:
                    self.lines[entry.number] = line_of(entry, said)
                case Delivery(to=to, state=DeliveryState.FAILED | DeliveryState.SUPERSEDED) if self._tells(entry, to):
                    self.failures.add(entry.number)
                case Moved(by=Peer(id=agent)):
                    self.passed_by = agent
                case _:
                    pass

    def _tells(self, entry: Entry, to: str) -> bool:
        return to == self.conversation.channel and self.handoff.number <= entry.number <= self.end

    def sorted_lines(self) -> list[Line]:
        """Return what was said, oldest first."""
        return [self.lines[number] for number in sorted(self.lines)]


def line_of(entry: Entry, said: Said) -> Line:
    """Return what the list shows of an entry."""
    text = " ".join(said.message.text.split())[:PREVIEW_CHARACTERS]
    kind = said.message.contents[0].type if said.message.contents else "text"
    return Line(number=entry.number, at=entry.at, role=said.role, text=text, kind=kind)


def remote_id(opening: Opening, handoff: Handoff) -> str:
    """Return the desk's own id of a session: the gateway's, and where the forwarded history begins.

    The core keeps it with the handoff, so the beginning is committed in the step in which the desk accepts.
    """
    first = opening.history[0].number if opening.history else handoff.upto + 1
    return f"{opening.session}.{min(first, *handoff.live, first)}"


def first_visible(handoff: Handoff) -> int:
    """Return the log number `remote_id` speaks of."""
    first = handoff.remote.rpartition(".")[2]
    return int(first) if first.isdecimal() else handoff.upto + 1


class Board:
    """All dialogs by session, kept current by watching the core's commits."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._open: dict[str, Dialog] = {}
        self._of_conversation: dict[str, Dialog] = {}  # the open ones again, by conversation
        self._finished: OrderedDict[str, Dialog] = OrderedDict()
        self._listeners: list[Callable[[str], None]] = []
        self._unwatch: Callable[[], None] = lambda: None

    async def start(self) -> None:
        """Begin to watch, then read what is there."""
        self._unwatch = self._context.conversations.watch(self._on_change)
        for listed in await self._context.conversations.sessions():
            conversation = await self._context.conversations.get(listed.id)  # as it is by now
            if conversation:
                self._show(conversation, ())

    def stop(self) -> None:
        """Stop watching."""
        self._unwatch()

    def listen(self, callback: Callable[[str], None]) -> None:
        """Call back with the session of each dialog that changed."""
        self._listeners.append(callback)

    def find(self, session: str) -> Dialog | None:
        """Return an open or recently finished dialog."""
        return self._open.get(session) or self._finished.get(session)

    def everything(self) -> Sequence[Dialog]:
        """Return all open and recently finished dialogs."""
        return [*self._open.values(), *self._finished.values()]

    def opened(self) -> Sequence[Dialog]:
        """Return the open dialogs, longest waiting first."""
        return sorted(self._open.values(), key=lambda dialog: dialog.handoff.since)

    def of_conversation(self, conversation_id: str) -> Dialog | None:
        """Return the open dialog of a conversation."""
        return self._of_conversation.get(conversation_id)

    async def load(self, dialog: Dialog) -> None:
        """Read the lines the list shows, once."""
        if dialog.loaded:
            return
        entries = await self._context.conversations.entries(
            dialog.conversation.id, after=dialog.first - 1, before=dialog.end + 1, limit=LINES_READ
        )
        dialog.note(entries)
        dialog.loaded = True

    def _on_change(self, change: Change) -> None:
        shown = self.of_conversation(change.conversation.id)
        current = _session_here(change.conversation, self._context.name)
        if shown and (current is None or current.session != shown.session):
            self._finish(shown, change)
        self._show(change.conversation, change.entries)
        if change.conversation.floor is Floor.CLOSED:
            self._note_block(change.conversation)

    def _show(self, conversation: Conversation, entries: Iterable[Entry]) -> None:
        handoff = _session_here(conversation, self._context.name)
        if handoff is None:
            return
        dialog = self._open.get(handoff.session)
        if dialog is None:
            first = first_visible(handoff)
            dialog = Dialog(session=handoff.session, first=first, conversation=conversation, handoff=handoff)
            self._open[handoff.session] = self._of_conversation[conversation.id] = dialog
        elif dialog.conversation.version > conversation.version:
            return
        dialog.conversation, dialog.handoff = conversation, handoff
        dialog.note(entries)
        self._tell(dialog)

    def _finish(self, dialog: Dialog, change: Change) -> None:
        dialog.ended = _ending(change)
        dialog.conversation = change.conversation
        dialog.note(change.entries)
        self._finished[dialog.session] = self._open.pop(dialog.session)
        del self._of_conversation[dialog.conversation.id]
        while len(self._finished) > FINISHED_KEPT:
            self._finished.popitem(last=False)
        self._tell(dialog)

    def _note_block(self, conversation: Conversation) -> None:
        """A block may be lifted after the end; nothing else of what comes later is the agents' business."""
        for dialog in self._finished.values():
            if dialog.conversation.id == conversation.id and dialog.conversation.blocked != conversation.blocked:
                dialog.conversation = replace(dialog.conversation, blocked=conversation.blocked)
                self._tell(dialog)

    def _tell(self, dialog: Dialog) -> None:
        for callback in self._listeners:
            callback(dialog.session)


def _session_here(conversation: Conversation, platform: str) -> Handoff | None:
    """Return the handoff if this desk accepted it and it is not over."""
    handoff = conversation.handoff
    if handoff is None or handoff.platform != platform or handoff.stage is Stage.OPENING:
        return None
    return handoff if conversation.floor is not Floor.CLOSED else None


def _ending(change: Change) -> Entry:
    """Return the entry that ended the session: the first that says so; what follows it is not the agents' business."""
    for kind in (Left | Closed, Declined | Transferred):
        if found := next((entry for entry in change.entries if isinstance(entry.body, kind)), None):
            return found
    conversation = change.conversation  # A message left for the agents was ticked off: that is no entry of the log.
    body = Left(platform="", outcome=Outcome.RETURNED)
    return Entry(
        number=conversation.head,
        at=conversation.active_at,
        floor=conversation.floor,
        epoch=conversation.epoch,
        body=body,
    )
