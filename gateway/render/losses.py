"""What a route loses, in words: for `gateway check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.capabilities import Capabilities


def losses(made: Capabilities, shown: Capabilities) -> tuple[str, ...]:
    """Return what one side can make and the other cannot show, a sentence each, most visible first."""
    return (*_of_buttons(made, shown), *_of_contents(made, shown), *_of_files(made, shown), *_of_text(made, shown))


def _of_buttons(made: Capabilities, shown: Capabilities) -> Iterator[str]:
    if made.buttons and not shown.buttons:
        yield "buttons become a numbered list in the text"
    elif made.buttons > shown.buttons:
        yield f"more than {shown.buttons} buttons become a numbered list in the text"
    if made.button_urls and not shown.button_urls:
        yield "buttons that open a page become links in the text"


def _of_contents(made: Capabilities, shown: Capabilities) -> Iterator[str]:
    if made.carousel and not shown.carousel:
        yield "a carousel becomes one picture, text and buttons per card"
    elif made.carousel and shown.card_buttons is not None and made.card_buttons != shown.card_buttons:
        yield f"a carousel with more than {shown.card_buttons} buttons on a card is sent card by card"
    if made.location and not shown.location:
        yield "a place becomes a link to a map"
    if made.contact and not shown.contact:
        yield "a contact becomes text"
    if shown.single_content and not made.single_content:
        yield "a message of several contents is sent as several messages"


def _of_files(made: Capabilities, shown: Capabilities) -> Iterator[str]:
    if missing := sorted(made.media - shown.media):
        yield f"files shown as {_listed(missing)} become a link"
    limit = shown.media_bytes
    if made.media & shown.media and limit is not None and (made.media_bytes is None or made.media_bytes > limit):
        yield f"files over {_size(limit)} become a link"
    longest = shown.caption_length
    if made.media & shown.media and made.captions and not shown.captions:
        yield "a file's caption is sent after it, as text"
    elif made.media & shown.media and longest is not None and (made.caption_length or longest + 1) > longest:
        yield f"a file's caption over {longest} characters is sent after it, as text"


def _of_text(made: Capabilities, shown: Capabilities) -> Iterator[str]:
    if made.markdown and not shown.markdown:
        yield "Markdown becomes HTML" if shown.html else "Markdown becomes plain text"
    if made.html and not shown.html:
        yield "HTML becomes Markdown" if shown.markdown else "HTML becomes plain text"
    limit = shown.text_length
    if limit is not None and (made.text_length is None or made.text_length > limit):
        yield f"text over {limit} characters is sent as several messages"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _size(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes"
