"""A dialog with a script on a terminal or in a test, without a gateway: lines in, lines out.

What the client does is one line: words are said; `[Words]` presses a button; `(start)` and `(start promo)` open the
chat; `(image)`, `(file)`, `(location)` … send one; `(returned Anna: sort it out)` and the other outcomes bring the
dialog back from the agents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway import (
    Attachment,
    BotReply,
    Buttons,
    Carousel,
    Contact,
    Conversation,
    Entry,
    Floor,
    Left,
    Location,
    Media,
    MediaKind,
    Message,
    Outcome,
    Peer,
    Pressed,
    Role,
    Said,
    Started,
    Text,
    Transfer,
    Turn,
    text_message,
)
from gateway_script import dialog
from gateway_script.media import local_files, media_type_of
from gateway_script.program import Program

RETURN = re.compile(r"\((?P<outcome>\w+)(?:\s+(?P<agent>[^:()]+))?(?::\s*(?P<note>.*))?\)")
OUTCOMES = {outcome.value for outcome in Outcome}
KINDS = {"file": MediaKind.DOCUMENT} | {kind.value: kind for kind in MediaKind if kind is not MediaKind.DOCUMENT}


@dataclass
class Talk:
    """One dialog. `state` and `attributes` are what a gateway would keep."""

    program: Program
    agents_online: bool | None = None
    client: Peer = field(default_factory=lambda: Peer(id="client"))
    attributes: dict[str, str] = field(default_factory=dict)
    language: str = ""
    conversation: str = "talk"
    state: Mapping[str, Any] | None = None
    closed: bool = False
    shown: dict[str, Pressed] = field(default_factory=dict)
    """Every button seen so far, by its words."""

    def hear(self, line: str) -> list[str]:
        """Return what the bot answers to one line of the client."""
        return list(lines_of(self.turn(self.cause(line))))

    def turn(self, body: Said | Started | Left) -> BotReply:
        """Give the bot its turn, and keep what it remembers."""
        conversation = Conversation(
            id=self.conversation,
            channel="talk",
            route="talk",
            client=self.client,
            bot_state=self.state,
            attributes=self.attributes,
            language=self.language,
        )
        entry = Entry(number=1, at=0.0, floor=Floor.BOT, epoch=1, body=body)
        turn = Turn(id="talk", conversation=conversation, cause=entry, epoch=1, agents_online=self.agents_online)
        reply = dialog.reply(self.program, turn, self.stored())
        self.keep(reply)
        return reply

    def keep(self, reply: BotReply) -> None:
        """Do with a reply what a gateway does."""
        if reply.state is not None:
            self.state = reply.state
        self.attributes = {**self.attributes, **reply.attributes}
        self.closed = reply.close
        for message in reply.messages:
            self.shown.update({pressed.text: pressed for pressed in buttons_of(message)})

    def stored(self) -> dict[str, Attachment]:
        """Return stand-ins for the files beside the script."""
        return {
            source: Attachment(url=f"/files/{source}", name=source, media_type=media_type_of(source))
            for source in local_files(self.program.script)
        }

    def cause(self, line: str) -> Said | Started | Left:
        """Return what a line stands for."""
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            words = line[1:-1]
            return said(Message(contents=(self.shown.get(words, Pressed(value=words, text=words)),)))
        special = RETURN.fullmatch(line)
        if special and special["outcome"] == "start":
            return Started(payload=(special["agent"] or "").strip())
        if special and special["outcome"] in OUTCOMES:
            return came_back(special)
        if special and special["outcome"] in {*KINDS, "location", "contact"}:
            return said(sent(special["outcome"]))
        return said(text_message(line))


def replay(talk: Talk, transcript: str) -> str:
    """Return a transcript with the bot's lines as they are now.

    Lines that begin with `> ` are the client's; `! online`, `! offline`, `! name Bob` and `! plan: gold` (an attribute)
    set the scene; all others are the bot's.
    """
    lines = []
    for line in transcript.strip().splitlines():
        if line.startswith("> "):
            lines += [line, *talk.hear(line[2:])]
        elif line.startswith("! "):
            lines.append(line)
            set_scene(talk, line[2:])
    return "\n".join(lines)


def set_scene(talk: Talk, fact: str) -> None:
    """Change what the bot is told besides words."""
    key, _, value = fact.partition(": ")
    if value:
        talk.attributes = {**talk.attributes, key: value}
    elif fact in {"online", "offline"}:
        talk.agents_online = fact == "online"
    else:
        talk.client = Peer(id="client", name=fact.removeprefix("name "))


def came_back(special: re.Match[str]) -> Left:
    """Return the end of a handoff."""
    agent = Peer(id="agent", name=special["agent"].strip()) if special["agent"] else None
    return Left(platform="desk", outcome=Outcome(special["outcome"]), agent=agent, note=special["note"] or "")


def said(message: Message) -> Said:
    """Return a word of the client's."""
    return Said(role=Role.CLIENT, author=Peer(id="client"), message=message)


def sent(kind: str) -> Message:
    """Return a message with a file, a place or a business card."""
    if kind == "location":
        return Message(contents=(Location(latitude=0, longitude=0),))
    if kind == "contact":
        return Message(contents=(Contact(name="Somebody"),))
    return Message(contents=(Media(kind=KINDS[kind], attachment=Attachment(url=f"/files/sent/{kind}", name=kind)),))


def buttons_of(message: Message) -> Iterator[Pressed]:
    """Yield what pressing each button of a message would say."""
    for content in message.contents:
        if isinstance(content, Buttons):
            rows = [content.buttons]
        else:
            rows = [card.buttons for card in content.cards] if isinstance(content, Carousel) else []
        yield from (Pressed(value=button.value, text=button.text) for row in rows for button in row if not button.url)


def lines_of(reply: BotReply) -> Iterator[str]:
    """Yield what a bot says and does, line by line."""
    for message in reply.messages:
        for content in message.contents:
            yield from content_lines(content)
    if reply.transfer:
        yield transfer_line(reply.transfer)
    if reply.close:
        yield "(closed)"


def content_lines(content: Any) -> Iterator[str]:
    """Yield one content in words."""
    match content:
        case Text(text=text):
            yield from (line for line in text.splitlines() if line.strip())
        case Media(kind=kind, attachment=attachment, caption=caption):
            yield f"({kind.value} {attachment.name}{f': {caption}' if caption else ''})"
        case Location(latitude=latitude, longitude=longitude, title=title):
            yield f"(location {latitude:g}, {longitude:g}{f': {title}' if title else ''})"
        case Contact(name=name, phone=phone, email=email):
            yield f"(contact {', '.join(filter(None, (name, phone, email)))})"
        case Buttons(buttons=buttons):
            yield row(buttons)
        case Carousel(cards=cards):
            for card in cards:
                words = ": ".join(filter(None, (card.title, card.description)))
                yield f"(card {words}) {row(card.buttons)}".rstrip()


def row(buttons: Any) -> str:
    """Return buttons in words."""
    return " ".join(f"[{button.text}]{f'({button.url})' if button.url else ''}" for button in buttons)


def transfer_line(transfer: Transfer) -> str:
    """Return a transfer in words."""
    to = f" to {transfer.destination}" if transfer.destination else ""
    before = f": {transfer.message_before}" if transfer.message_before else ""
    return f"({'message' if transfer.one_time_message else 'transfer'}{to}{before})"
