"""Our messages as reply objects, documented at https://help.cloud.tovie.ai/platform/bot-replies/overview."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from gateway import Button, Buttons, Carousel, Location, Markup, Media, MediaKind, Text, render_message
from gateway_chat_api.capabilities import CAPABILITIES

if TYPE_CHECKING:
    from gateway import Card, Message

Reply = dict[str, Any]
Url = Callable[[str], str]
"""Makes the address of a file absolute."""


def reply_objects(message: Message, url: Url) -> list[Reply]:
    """Return a message, in the nearest form where no reply object shows it."""
    fitted = render_message(message, CAPABILITIES, public_url=url("/"))
    return [reply for part in fitted for content in part.contents for reply in _replies(content, url)]


def answer_of(replies: list[Reply]) -> str:
    """Return the words of an answer, as the API's own member `answer` has them: joined by a blank line."""
    return "\n\n".join(reply["text"] for reply in replies if reply["type"] == "text")


def _replies(content: object, url: Url) -> Iterator[Reply]:
    match content:
        case Text(text=words, markup=markup):
            yield _text(words, markup)
        case Buttons(buttons=buttons):
            yield from _buttons(buttons)
        case Media():
            yield from _media(content, url)
        case Location(latitude=latitude, longitude=longitude, title=title):
            yield from [_text(title)] if title else []
            yield {"type": "location", "lat": latitude, "lon": longitude}
        case Carousel(cards=cards):
            yield {"type": "carousel", "text": "", "content": [_card(card, url) for card in cards]}


def _text(words: str, markup: Markup = Markup.PLAIN) -> Reply:
    return {"type": "text", "text": words, "markup": markup.value}


def _buttons(buttons: tuple[Button, ...]) -> Iterator[Reply]:
    """Choices, then links. `value`, an extra member, is what a button says to the bot if it is not its text."""
    choices = [_choice(each) for each in buttons if not each.url]
    links = [{"text": each.text, "url": each.url} for each in buttons if each.url]
    if choices:
        yield {"type": "buttons", "buttons": choices}
    if links:
        yield {"type": "inlineButtons", "buttons": links}


def _choice(button: Button) -> Reply:
    return {"text": button.text, **({"value": button.value} if button.value not in {"", button.text} else {})}


def _media(media: Media, url: Url) -> Iterator[Reply]:
    """Files. ASSUMED: the members of `video` are those of `audio`, by another name."""
    file, caption = media.attachment, media.caption
    match media.kind:
        case MediaKind.IMAGE | MediaKind.STICKER:
            yield {"type": "image", "imageUrl": url(file.url), **({"text": caption} if caption else {})}
        case MediaKind.VIDEO:
            yield {"type": "video", "videoUrl": url(file.url), "videoName": file.name}
            yield from [_text(caption)] if caption else []
        case _:
            yield {"type": "audio", "audioUrl": url(file.url), "audioName": file.name}
            yield from [_text(caption)] if caption else []


def _card(card: Card, url: Url) -> Reply:
    """A card has one button at most, by the capabilities; its text is a mandatory member, so it may be empty."""
    button = card.buttons[0] if card.buttons else Button(text="")
    optional = {
        "description": card.description,
        "image": url(card.image.url) if card.image else "",
        "url": button.url,
        "value": button.value if button.value != button.text else "",
    }
    return {"title": card.title, "btnText": button.text, **{name: value for name, value in optional.items() if value}}
