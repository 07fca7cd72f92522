"""Makes the gateway's messages out of the script's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from gateway import (
    Attachment,
    Button,
    Buttons,
    Card,
    Carousel,
    Contact,
    Location,
    Markup,
    Media,
    MediaKind,
    Message,
    Text,
)
from gateway import Transfer as TransferRequest
from gateway_script.fields import is_address
from gateway_script.media import media_type_of
from gateway_script.parts import MEDIA
from gateway_script.program import value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from gateway_script.actions import TransferPart
    from gateway_script.facts import Facts
    from gateway_script.parts import ButtonPart, CardPart, ContactPart, LocationPart, MediaPart, MessagePart

    Content = Text | Media | Location | Contact | Carousel | Buttons

KINDS = {"file": MediaKind.DOCUMENT}
MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&])")
LONGEST_TEXT = 8000


def escaped(value: str) -> str:
    """Return a variable's value as Markdown that shows just that: clients must not be able to add links."""
    return MARKDOWN.sub(r"\\\1", value)


def in_address(value: str) -> str:
    """Return a variable's value as part of an address."""
    return quote(value, safe="")


@dataclass(frozen=True, slots=True)
class Renderer:
    """Renders for one turn. `stored`: local file -> what the gateway keeps of it."""

    facts: Facts
    stored: Mapping[str, Attachment]

    def message(self, part: MessagePart) -> Message | None:
        """Return a message, or None if its variables left nothing to say."""
        contents = tuple(self.contents(part))
        return Message(contents=contents) if contents else None

    def contents(self, part: MessagePart) -> Iterator[Content]:
        """Yield the contents in the order the format promises."""
        yield from self.words(part)
        for key in MEDIA:
            if media := getattr(part, key):
                yield self.media(KINDS.get(key) or MediaKind(key), media)
        if part.location:
            yield self.location(part.location)
        if part.contact:
            yield from self.contact(part.contact)
        if part.carousel:
            cards = tuple(card for card in map(self.card, part.carousel) if card.title.strip())
            yield from (Carousel(cards=cards),) if cards else ()
        if buttons := self.buttons(part.buttons or ()):
            yield Buttons(buttons=buttons)

    def words(self, part: MessagePart) -> Iterator[Text]:
        """Yield the text, if there is one."""
        if plain := self.facts.fill(part.say).strip():
            yield Text(text=plain[:LONGEST_TEXT])
        if marked := self.facts.fill(part.markdown, escaped).strip():
            yield Text(text=marked[:LONGEST_TEXT], markup=Markup.MARKDOWN)

    def media(self, kind: MediaKind, part: MediaPart) -> Media:
        """Return a file to be shown."""
        attachment = self.attachment(part.source, part.name)
        return Media(kind=kind, attachment=attachment, caption=self.facts.fill(part.caption))

    def attachment(self, source: str, name: str = "") -> Attachment:
        """Return what is kept of a local file, or where the address points."""
        if not is_address(source):
            kept = self.stored[source]
            return Attachment(url=kept.url, name=name or kept.name, media_type=kept.media_type, size=kept.size)
        url = self.facts.fill(source, in_address)
        own_name = url.partition("?")[0].rstrip("/").rpartition("/")[2]
        return Attachment(url=url, name=name or own_name or "file", media_type=media_type_of(own_name))

    def location(self, part: LocationPart) -> Location:
        """Return a place."""
        return Location(latitude=part.latitude, longitude=part.longitude, title=self.facts.fill(part.title))

    def contact(self, part: ContactPart) -> Iterator[Contact]:
        """Yield a business card unless its variables left it empty."""
        name, phone, email = map(self.facts.fill, (part.name, part.phone, part.email))
        if name or phone or email:
            yield Contact(name=name, phone=phone, email=email)

    def card(self, part: CardPart) -> Card:
        """Return a page of a carousel."""
        return Card(
            title=self.facts.fill(part.title),
            description=self.facts.fill(part.description),
            image=self.attachment(part.image) if part.image else None,
            buttons=self.buttons(part.buttons),
        )

    def buttons(self, parts: Iterable[ButtonPart]) -> tuple[Button, ...]:
        """Return a row of buttons; those whose variables left nothing to read are left out."""
        return tuple(button for button in map(self.button, parts) if button.text.strip())

    def button(self, part: ButtonPart) -> Button:
        """Return a button."""
        text = self.facts.fill(part.text)
        if part.url:
            return Button(text=text, url=self.facts.fill(part.url, in_address))
        return Button(text=text, value=value_of(part) if part.goto or part.value else text)

    def transfer(self, part: TransferPart) -> TransferRequest:
        """Return the request for a human."""
        fill = self.facts.fill
        return TransferRequest(
            destination=fill(part.destination),
            history=part.history,
            first_message=fill(part.first_message),
            message_before=fill(part.message_before),
            waiting_message=fill(part.waiting_message),
            last_message=fill(part.last_message),
            close_phrases=tuple(part.close_phrases),
            close_button=part.close_button,
            attributes=self.filled(part.attributes),
            hidden_attributes=self.filled(part.hidden_attributes),
            custom_data=self.deep(part.custom_data),
            theme=fill(part.theme),
            ignore_offline=part.ignore_offline,
            one_time_message=part.one_time_message,
            reason=fill(part.reason),
            summary=fill(part.summary),
        )

    def filled(self, templates: Mapping[str, str]) -> dict[str, str]:
        """Return attributes; those whose variables are unknown are left out."""
        return {name: value for name, template in templates.items() if (value := self.facts.fill(template))}

    def deep(self, value: object) -> object:
        """Fill in the variables in any JSON."""
        if isinstance(value, str):
            return self.facts.fill(value)
        if isinstance(value, dict):
            return {key: self.deep(item) for key, item in value.items()}
        return [self.deep(item) for item in value] if isinstance(value, list) else value
