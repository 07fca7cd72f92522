"""From the activities a bot sends to what the gateway does: words, buttons, cards, files, a transfer, the end."""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway import (
    Attachment,
    BotReply,
    Button,
    Buttons,
    Card,
    Carousel,
    Context,
    Markup,
    Media,
    MediaKind,
    Message,
    Text,
    TooLarge,
    Transfer,
)
from gateway_bot_framework.wire import AGENT_MESSAGE, CARD, HANDOFF, as_text

if TYPE_CHECKING:
    from gateway_bot_framework.wire import Action, Activity
    from gateway_bot_framework.wire import Attachment as Sent
    from gateway_bot_framework.wire import Card as SentCard

    Content = Text | Media | Carousel | Buttons

FORMATS = {"plain": Markup.PLAIN, "xml": Markup.HTML}
"""Everything else is Markdown, as the schema has it."""
SAYS = frozenset({"", "imBack", "postBack", "messageBack"})
FILMS = {f"{CARD}video": MediaKind.VIDEO, f"{CARD}animation": MediaKind.VIDEO, f"{CARD}audio": MediaKind.AUDIO}
NOTHING = frozenset({"trace", "typing"})
"""Meant for developers, or done by the time it is read."""
ADDRESSES = ("https://", "http://")
LINKS = (*ADDRESSES, "mailto:", "tel:")


@dataclass(slots=True)
class Answer:
    """What some activities come to."""

    messages: list[Message] = field(default_factory=list)
    transfer: Transfer | None = None
    close: bool = False

    def __bool__(self) -> bool:
        """Whether anything is to happen."""
        return bool(self.messages or self.transfer or self.close)

    def reply(self, state: Mapping[str, Any]) -> BotReply:
        """Return it as the answer of a turn."""
        return BotReply(messages=tuple(self.messages), transfer=self.transfer, close=self.close, state=state)


class Answers:
    """Reads what the bot of one instance sends."""

    def __init__(self, context: Context, *, group_from: str) -> None:
        """`group_from`: member of a handoff's context that names the group of agents."""
        self._context = context
        self._group_from = group_from

    async def read(self, activities: Iterable[Activity]) -> Answer:
        """Return what they come to. What nobody here can show is counted as ignored."""
        answer = Answer()
        for activity in activities:
            await self._take(activity, answer)
        return answer

    async def _take(self, activity: Activity, answer: Answer) -> None:
        match activity.type:
            case "message":
                self._say(await self._contents(activity), answer)
            case "endOfConversation":
                self._say(tuple(_words(activity)), answer)
                answer.close = True
            case "event" if activity.name == HANDOFF:
                answer.transfer = self._transfer(activity.value)
            case "event":
                self._context.ignored(f"event {activity.name}")
            case other if other not in NOTHING:
                self._context.ignored(f"activity {other}")

    def _say(self, contents: tuple[Content, ...], answer: Answer) -> None:
        if contents:
            answer.messages.append(Message(contents=contents))

    def _transfer(self, context: Any) -> Transfer:
        """Ask for a human. The transcript is left: the gateway has the conversation's own log."""
        known = context if isinstance(context, Mapping) else {}
        facts = {str(key): as_text(value) for key, value in known.items() if isinstance(value, str | int | float)}
        return Transfer(
            destination=facts.get(self._group_from, ""),
            attributes={key: value for key, value in facts.items() if key != AGENT_MESSAGE},
            summary=facts.get(AGENT_MESSAGE, ""),
            custom_data=context,
        )

    # --- a message ---

    async def _contents(self, activity: Activity) -> tuple[Content, ...]:
        contents: list[Content] = list(_words(activity))
        cards: list[Card] = []
        for attachment in activity.attachments:
            if attachment.card is not None:
                contents += _film(attachment, attachment.card)
                cards += [card] if (card := _card(attachment.card)) else []
            elif (media := await self._media(attachment)) is not None:
                contents.append(media)
            else:
                self._context.ignored(f"attachment {attachment.content_type}")
        contents += _leafed(cards, together=activity.attachment_layout == "carousel")
        if activity.suggested_actions:
            contents += _buttons(activity.suggested_actions.actions)
        return tuple(contents)

    async def _media(self, sent: Sent) -> Media | None:
        """A file by its address; one that is inside the activity is kept by the gateway."""
        kind = MediaKind.of(sent.content_type)
        if sent.content_url.startswith(ADDRESSES):
            own = self._context.url("/files/")
            url = sent.content_url
            url = "/files/" + url.removeprefix(own) if url.startswith(own) else url
            file = Attachment(url=url, name=sent.name or "file", media_type=sent.content_type)
            return Media(kind=kind, attachment=file)
        content = _inside(sent.content_url)
        if content is None:
            return None
        try:
            name = sent.name or "file"
            kept = await self._context.files.save(_once(content), name=name, media_type=sent.content_type)
        except TooLarge:
            return None
        return Media(kind=kind, attachment=kept)


def _words(activity: Activity) -> Iterator[Text]:
    if activity.text.strip():
        yield Text(text=activity.text, markup=FORMATS.get(activity.text_format, Markup.MARKDOWN))


def _film(attachment: Sent, card: SentCard) -> Iterator[Media]:
    for media in card.media[:1]:
        if attachment.content_type in FILMS and media.url.startswith(ADDRESSES):
            yield Media(kind=FILMS[attachment.content_type], attachment=Attachment(url=media.url))


def _card(card: SentCard) -> Card | None:
    """Return a page of a carousel; None if there is nothing on it. Its first line stands for a title it has not."""
    lines = [line for line in (card.title, card.subtitle, card.text) if line.strip()]
    pictures = [image.url for image in card.images if image.url.startswith(ADDRESSES)]
    buttons = tuple(button for action in card.buttons if (button := _button(action)))
    if not (lines or pictures or buttons):
        return None
    image = Attachment(url=pictures[0], name="picture") if pictures else None
    return Card(title="".join(lines[:1]), description="\n".join(lines[1:]), image=image, buttons=buttons)


def _leafed(cards: list[Card], *, together: bool) -> Iterator[Carousel]:
    if together and cards:
        yield Carousel(cards=tuple(cards))
    elif cards:
        yield from (Carousel(cards=(card,)) for card in cards)


def _buttons(actions: Iterable[Action]) -> Iterator[Buttons]:
    buttons = tuple(button for action in actions if (button := _button(action)))
    if buttons:
        yield Buttons(buttons=buttons)


def _button(action: Action) -> Button | None:
    """Return a button; None for what can neither be said nor opened."""
    value = action.value if action.value is not None else (action.text or action.title)
    text = action.title or as_text(value)
    if action.type in SAYS:
        return Button(text=text, value=as_text(value)) if text else None
    url = f"tel:{value}" if action.type == "call" and ":" not in as_text(value) else as_text(value)
    return Button(text=text, url=url) if url.startswith(LINKS) else None


def _inside(url: str) -> bytes | None:
    """Return the bytes of a `data:` address; None if it is none."""
    head, comma, content = url.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        return None
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        return None


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
