"""A message as one side can show it: each content degraded as far as needed, then grouped into messages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gateway.capabilities import PLAIN_TEXT
from gateway.model import (
    Attachment,
    Button,
    Buttons,
    Card,
    Carousel,
    Contact,
    Content,
    Location,
    Media,
    MediaKind,
    Message,
    Pressed,
    Text,
)
from gateway.render.markup import convert, joined, shown_as, split
from gateway.render.splitting import units

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gateway.capabilities import Capabilities


def render_message(message: Message, shows: Capabilities, *, public_url: str = "") -> tuple[Message, ...]:
    """Return the messages to be sent in order, so that everything said is seen; none if nothing was said.

    Buttons always go with what stands before them, also where a message has a single content. The first message keeps
    the id. `public_url` is put before the relative addresses (`/files/…`) of links that replace files.
    """
    fitting = _Fitting(shows, public_url.rstrip("/"))
    grouped = _Grouping(shows)
    for content in fitting.contents(message.contents):
        grouped.add(content)
    return tuple(
        Message(contents=tuple(contents), id="" if number else message.id)
        for number, contents in enumerate(grouped.messages)
    )


def plain_text(message: Message, *, public_url: str = "") -> str:
    """Return all a message says as lines of words, files and places as links: for a history that is read as text.

    `public_url` is put before the relative addresses (`/files/…`) of the gateway's own files.
    """
    parts = render_message(message, PLAIN_TEXT, public_url=public_url)
    return "\n".join(content.text for part in parts for content in part.contents if isinstance(content, Text))


@dataclass(frozen=True, slots=True)
class _Below:
    """Words that belong below the words before."""

    text: Text


class _Fitting:
    """Degrades contents for one side."""

    def __init__(self, shows: Capabilities, public_url: str) -> None:
        self._shows = shows
        self._public_url = public_url

    def contents(self, contents: Iterable[Content]) -> list[Content]:
        """Return contents that are shown natively."""
        found: list[Content] = []
        for content in contents:
            for each in self._fit(content):
                self._add(found, each)
        return found

    def _add(self, found: list[Content], each: Content | _Below) -> None:
        content = each.text if isinstance(each, _Below) else each
        if isinstance(content, Text) and not content.text.strip():
            return
        if isinstance(each, _Below) and found and isinstance(found[-1], Text):
            found[-1] = joined(found[-1], each.text)
        else:
            found.append(content)

    def _fit(self, content: Content) -> Iterator[Content | _Below]:
        match content:
            case Text():
                yield convert(content, shown_as(content.markup, self._shows))
            case Media():
                yield from self._media(content)
            case Buttons(buttons=buttons):
                yield from self._buttons(buttons)
            case Carousel():
                yield from self._carousel(content)
            case Location():
                yield content if self._shows.location else Text(text=_map_link(content))
            case Contact():
                yield content if self._shows.contact else Text(text=_lines(content.name, content.phone, content.email))
            case Pressed():
                yield content if self._shows.pressed else Text(text=content.text or content.value)

    def _media(self, media: Media) -> Iterator[Content]:
        if not self._takes(media):
            yield Text(text=_lines(media.caption, self._link(media.attachment)))
        elif self._has_room(media.caption):
            yield media
        else:
            yield replace(media, caption="")
            yield Text(text=media.caption)

    def _takes(self, media: Media) -> bool:
        limit, size = self._shows.media_bytes, media.attachment.size
        return media.kind in self._shows.media and (limit is None or size is None or size <= limit)

    def _has_room(self, caption: str) -> bool:
        limits = (self._shows.text_length, self._shows.caption_length)
        return not caption or (self._shows.captions and all(each is None or units(caption) <= each for each in limits))

    def _buttons(self, buttons: tuple[Button, ...]) -> Iterator[Content | _Below]:
        """The choices natively and their links in words; all numbered in words if there are too many choices."""
        native = tuple(each for each in buttons if self._shows.button_urls or not each.url)
        if len(native) > self._shows.buttons:
            yield _Below(Text(text=_lines(*(f"{n}. {_in_words(each)}" for n, each in enumerate(buttons, 1)))))
            return
        yield _Below(Text(text=_lines(*(_in_words(each) for each in buttons if each not in native))))
        if native:
            yield Buttons(buttons=native)

    def _carousel(self, carousel: Carousel) -> Iterator[Content | _Below]:
        if self._shows.carousel and all(self._takes_card(card) for card in carousel.cards):
            yield carousel
            return
        for card in carousel.cards:
            yield from self._card(card)

    def _takes_card(self, card: Card) -> bool:
        urls = self._shows.button_urls or not any(button.url for button in card.buttons)
        room = self._shows.buttons if self._shows.card_buttons is None else self._shows.card_buttons
        return urls and len(card.buttons) <= room

    def _card(self, card: Card) -> Iterator[Content | _Below]:
        if card.image is not None:
            yield from self._media(Media(kind=MediaKind.IMAGE, attachment=card.image))
        yield Text(text=_lines(card.title, card.description))
        yield from self._buttons(card.buttons)

    def _link(self, attachment: Attachment) -> str:
        url = self._public_url + attachment.url if attachment.url.startswith("/") else attachment.url
        return f"{attachment.name}: {url}" if attachment.name else url


class _Grouping:
    """Puts contents into as few messages as the side allows."""

    def __init__(self, shows: Capabilities) -> None:
        self._shows = shows
        self.messages: list[list[Content]] = []

    def add(self, content: Content) -> None:
        """Add to the last message if it has room, else begin a new one."""
        if not isinstance(content, Text):
            self._put(content, alone=self._is_full(content))
            return
        for number, piece in enumerate(split(content, self._shows.text_length)):
            self._put(piece, alone=number > 0 or self._shows.single_content or not self._has_room(piece))

    def _put(self, content: Content, *, alone: bool) -> None:
        if alone or not self.messages:
            self.messages.append([])
        self.messages[-1].append(content)

    def _is_full(self, content: Content) -> bool:
        if isinstance(content, Buttons):
            return bool(self.messages) and any(isinstance(each, Buttons) for each in self.messages[-1])
        return self._shows.single_content

    def _has_room(self, text: Text) -> bool:
        limit = self._shows.text_length
        if limit is None or not self.messages:
            return True
        taken = [units(each.text) for each in self.messages[-1] if isinstance(each, Text)]
        return sum(taken) + len(taken) + units(text.text) <= limit


def _in_words(button: Button) -> str:
    return f"{button.text}: {button.url}" if button.url else button.text


def _map_link(place: Location) -> str:
    at = f"{place.latitude:.6f}/{place.longitude:.6f}"
    pin = f"mlat={place.latitude:.6f}&mlon={place.longitude:.6f}"
    return _lines(place.title, f"https://www.openstreetmap.org/?{pin}#map=16/{at}")


def _lines(*lines: str) -> str:
    return "\n".join(line for line in lines if line)
