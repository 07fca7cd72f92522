"""What the client said, and whether a rule listens to it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from gateway import Contact, Location, Media, Message, Pressed, Text
from gateway_script.patterns import LONGEST_TEXT, search

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gateway_script.script import When

FILE_KINDS = {"document": "file"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """One thing the client said."""

    text: str = ""
    pressed: str | None = None
    """Value of the button, if one was pressed or its words were typed."""
    touched: bool = False
    """The button was really pressed."""
    kinds: frozenset[str] = frozenset()
    """What was sent besides words: image, file, location …"""
    url: str = ""
    """Where the first file sent is."""


def hear(message: Message, offered: Mapping[str, str], *, numbered: bool) -> Heard:
    """Return what a message says.

    `offered` are the buttons the client was shown last, text -> value; `numbered`: their numbers count, too.
    """
    text = message.text[:LONGEST_TEXT].strip()
    pressed = next((content.value for content in message.contents if isinstance(content, Pressed)), None)
    files = [content for content in message.contents if isinstance(content, Media)]
    return Heard(
        text=text,
        pressed=pressed if pressed is not None else typed_button(text, offered, numbered=numbered),
        touched=pressed is not None,
        kinds=frozenset(kinds_of(message)),
        url=files[0].attachment.url if files else "",
    )


def kinds_of(message: Message) -> Iterable[str]:
    """Yield what a message has besides words."""
    for content in message.contents:
        match content:
            case Media(kind=kind):
                yield FILE_KINDS.get(kind.value, kind.value)
            case Location():
                yield "location"
            case Contact():
                yield "contact"
            case Text() | Pressed() | _:
                continue


def typed_button(text: str, offered: Mapping[str, str], *, numbered: bool) -> str | None:
    """Return the value of the button whose words, or number in the list, were typed."""
    said = normal(text)
    if not said:
        return None
    by_words = {normal(words): value for words, value in offered.items()}
    by_number = {str(number): value for number, value in enumerate(offered.values(), start=1) if numbered}
    return by_words.get(said, by_number.get(said))


def normal(text: str) -> str:
    """Return a text without case, outer punctuation and superfluous spaces: what `exact` compares."""
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return plain.strip(".,;:!?…¡¿\"'«»„“”()[] ") or plain


def matches(when: When, heard: Heard) -> dict[str, str] | None:
    """Return what the trigger's named groups caught, or None if it does not listen to this."""
    said = normal(heard.text)
    if when.button and heard.pressed is not None and normal(heard.pressed) in map(normal, when.button):
        return {}
    if when.exact and said and said in map(normal, when.exact):
        return {}
    if when.any and any(occurs(keyword, heard.text) for keyword in when.any):
        return {}
    if when.sends and heard.kinds & ({*when.sends} | (heard.kinds if "anything" in when.sends else set())):
        return {}
    found = (search(pattern, heard.text) for pattern in when.regex or () if heard.text)
    return next((captures for captures in found if captures is not None), None)


def occurs(keyword: str, text: str) -> bool:
    """Tell whether a word or phrase stands in a text, as whole words; a `*` stands for any ending or beginning."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return keyword_pattern(keyword).search(plain) is not None


@lru_cache(maxsize=10_000)
def keyword_pattern(keyword: str) -> re.Pattern[str]:
    """Return the pattern of a keyword; it has no repeats within repeats."""
    words = unicodedata.normalize("NFKC", keyword).casefold().split()
    phrase = r"\s+".join(re.escape(word).replace(r"\*", r"\w*") for word in words)
    return re.compile(rf"(?<!\w){phrase}(?!\w)")
