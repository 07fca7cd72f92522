"""What was said, as the model reads it: one line for each message, with the right role. No I/O.

The client's words are never in any role but `user`, so that they cannot pass for instructions. People of the agents'
side speak with the bot's role, and are marked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway import (
    Attachment,
    Buttons,
    Card,
    Carousel,
    Contact,
    Delivery,
    DeliveryState,
    Entry,
    Location,
    Media,
    MediaKind,
    Pressed,
    Role,
    Said,
    Text,
)
from gateway_openai.words import AGENT_MARK

if TYPE_CHECKING:
    from gateway import Message, Turn

ROLES = {Role.CLIENT: "user", Role.BOT: "assistant", Role.AGENT: "assistant"}
"""What the gateway itself tells the client is left out."""
PICTURES = frozenset({MediaKind.IMAGE, MediaKind.STICKER})
UNSEEN = frozenset({DeliveryState.SUPERSEDED, DeliveryState.FAILED})
NAME_LENGTH = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One message of the conversation."""

    number: int
    role: str
    """`user` or `assistant`."""
    text: str
    pictures: tuple[Attachment, ...] = ()
    by_agent: bool = False


def lines_of(entries: Iterable[Entry], turn: Turn) -> list[Line]:
    """Return what the model is to know, oldest first; what the turn is about comes last.

    Left out are what the client never saw of the bot's words, and what the client wrote since: those are turns of their
    own, and are answered then.
    """
    entries = [entry for entry in entries if entry.number <= turn.conversation.head]
    bodies = [entry.body for entry in entries]
    unseen = {body.number for body in bodies if isinstance(body, Delivery) and body.state in UNSEEN}
    later = set(turn.conversation.turns) - {turn.cause.number}
    known = [entry for entry in entries if entry.number not in unseen | later]
    before = [line for entry in known if entry.number != turn.cause.number and (line := line_of(entry))]
    cause = line_of(turn.cause)
    return [*before, cause] if cause else before


def line_of(entry: Entry) -> Line | None:
    """Return an entry as a line; None if nobody said anything there."""
    said = entry.body
    if not isinstance(said, Said) or said.role not in ROLES:
        return None
    pictures = _pictures(said.message) if said.role is Role.CLIENT else ()
    by_agent = said.role is Role.AGENT
    text = described(said.message)
    if by_agent:
        text = f"{AGENT_MARK} {_name(said.author.name)}] {text}"
    return Line(number=entry.number, role=ROLES[said.role], text=text, pictures=pictures, by_agent=by_agent)


def _name(name: str) -> str:
    """Return a name on one line and without brackets: it stands inside a mark."""
    return "".join(" " if c in "[]" or not c.isprintable() else c for c in name)[:NAME_LENGTH].strip() or "unnamed"


def _pictures(message: Message) -> tuple[Attachment, ...]:
    media = [content for content in message.contents if isinstance(content, Media)]
    return tuple(each.attachment for each in media if each.kind in PICTURES)


def described(message: Message) -> str:
    """Return a message in words. Files are named, without their addresses: who has one can read the file."""
    return "\n".join(filter(None, (_described(content) for content in message.contents)))


def _described(content: object) -> str:  # noqa: PLR0911 - one for each kind
    match content:
        case Text(text=text):
            return text
        case Pressed(value=value, text=text):
            return text or value
        case Media(kind=kind, attachment=attachment, caption=caption):
            return f"[{kind.value}: {attachment.name}] {caption}".strip()
        case Location(latitude=latitude, longitude=longitude, title=title):
            return f"[place: {latitude}, {longitude}] {title}".strip()
        case Contact(name=name, phone=phone, email=email):
            return f"[contact: {', '.join(filter(None, (name, phone, email)))}]"
        case Buttons(buttons=buttons):
            return f"[choices: {' | '.join(button.text for button in buttons)}]"
        case Carousel(cards=cards):
            return f"[cards: {' | '.join(_card(card) for card in cards)}]"
        case _:
            return ""


def _card(card: Card) -> str:
    return ", ".join(filter(None, (card.title, card.description)))


# --- how much of it --------------------------------------------------------------------------------------------------


def newest(lines: Sequence[Line], *, messages: int, characters: int) -> list[Line]:
    """Return the last lines that fit; the very last one always, cut if need be (its end is where the question is)."""
    left = characters
    kept: list[Line] = []
    for line in reversed(lines[-messages:]):
        left -= len(line.text)
        if left < 0:
            break
        kept.append(line)
    return kept[::-1] or [_cut(line, line.text[-characters:]) for line in lines[-1:]]


def half(lines: Sequence[Line]) -> list[Line]:
    """Return the newer half of the lines; of a single one, the end of its text."""
    if len(lines) > 1:
        return list(lines[len(lines) // 2 :])
    return [_cut(line, line.text[len(line.text) // 2 :]) for line in lines]


def _cut(line: Line, text: str) -> Line:
    return Line(number=line.number, role=line.role, text=f"… {text}", pictures=line.pictures, by_agent=line.by_agent)
