"""What a message of Jivo's says, as contents of the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import Location, Markup, Media, MediaKind, Pressed, Text
from gateway_jivo.wire import MEDIA_TYPES

if TYPE_CHECKING:
    from gateway import Context
    from gateway_jivo.wire import Said

Shown = Text | Media | Location | Pressed

START = "/start"
LONGEST_NAME = 60


def start_payload(said: Said) -> str | None:
    """Return what a deep link brought along; None: this is not the pressing of Start.

    Seen in code: a text `/start payload`. ASSUMED: a message of type START, with the payload as such or as text.
    """
    command, _, rest = said.text.strip().partition(" ")
    if said.type == "START":
        return said.payload or (rest.strip() if command == START else said.text.strip())
    return rest.strip() if command == START and not said.button_id and said.type in {"TEXT", ""} else None


class Contents:
    """Reads messages, and takes their files."""

    def __init__(self, context: Context, *, file_seconds: float) -> None:
        """`file_seconds`: how long a file may take; see the option."""
        self._context = context
        self._file_seconds = file_seconds

    async def of(self, said: Said) -> tuple[Shown, ...]:
        """Return all it says; nothing if there is nothing we could show."""
        if said.button_id:
            return (Pressed(value=said.button_id, text=said.text),)
        if said.file:
            return (await self._media(said),)
        if said.latitude is not None and said.longitude is not None:
            return (Location(latitude=said.latitude, longitude=said.longitude, title=said.text),)
        return self._words(said)

    def _words(self, said: Said) -> tuple[Shown, ...]:
        """The words of any type, also one we do not know: it may have some."""
        if said.type == "MARKDOWN" and said.content.strip():
            return (Text(text=said.content, markup=Markup.MARKDOWN),)
        words = said.text or said.title or said.content
        if words.strip():
            return (Text(text=words),)
        self._context.ignored(f"message of type {said.type[:LONGEST_NAME] or 'none'} without anything to show")
        return ()

    async def _media(self, said: Said) -> Media:
        file = await self._context.files.take(
            said.file,
            name=said.file_name,
            media_type=said.mime_type,
            size=said.file_size,
            within_seconds=self._file_seconds,
        )
        kind = MEDIA_TYPES.get(said.type) or MediaKind.of(file.media_type)
        return Media(kind=kind, attachment=file, caption=said.text)
