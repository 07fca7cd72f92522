"""What a side can show, as data: channels and platforms declare it, `render` fits messages to it."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model import MediaKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Capabilities:
    """What a channel or platform can show; the core degrades the rest. Defaults: plain text of any length."""

    text_length: int | None = None
    """Longest text in characters; longer ones are split."""
    markdown: bool = False
    html: bool = False
    buttons: int = 0
    """Most buttons on one message; 0: they become a numbered list in the text."""
    button_urls: bool = False
    carousel: bool = False
    card_buttons: int | None = None
    """Most buttons on one card of a carousel, where it is fewer than on a message."""
    media: frozenset[MediaKind] = frozenset()
    """Kinds of file shown natively; others become a link."""
    media_bytes: int | None = None
    """Largest file taken; larger ones become a link."""
    captions: bool = True
    caption_length: int | None = None
    """Longest caption in characters where it is shorter than a text; a longer one is sent after its file, as text."""
    location: bool = False
    contact: bool = False
    pressed: bool = False
    """A pressed button arrives as `Pressed`, with its value; otherwise as the words it showed."""
    single_content: bool = False
    """One content per message: text, file and so on are sent one after another."""
    hears: frozenset[str] = frozenset()
    """Types of log entries (`closed`, `moved` …) a channel must be told of, at least once and in order with what is
    sent to it; it then implements `SupportsNews`."""
    hands_back: bool = False
    """A business channel that tells by itself when its agents are done: their silence, which may only mean that their
    words are not reported, never gives the dialog back to the bot. The route's agent time-out does not count there."""
    tails_log: bool = False
    """The channel shows the log itself, by number: the core sends nothing and translates no status into words."""


PLAIN_TEXT = Capabilities()
"""The least: words, of any length."""

EVERYTHING = Capabilities(
    markdown=True,
    buttons=100,
    button_urls=True,
    carousel=True,
    media=frozenset(MediaKind),
    location=True,
    contact=True,
)
"""For sides that show all contents natively; widen it by `dataclasses.replace`. A pressed button is words to them."""
