"""Reads the conversation for the model: from its log, as far back as the options want."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from gateway import Said
from gateway_openai.images import Images
from gateway_openai.lines import Line, lines_of, newest
from gateway_openai.wire import with_images

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway import Context, Entry, Turn
    from gateway_openai.options import OpenAIOptions

PAGE = 200
MOST_PAGES = 10


class Reader:
    """Reads for one instance."""

    def __init__(self, context: Context, options: OpenAIOptions) -> None:
        """Does no I/O."""
        self._conversations = context.conversations
        self._history = options.history
        self._most_images = options.most_images if options.vision else 0
        self._images = Images(context.files, options.image_bytes)

    async def lines(self, turn: Turn) -> list[Line]:
        """Return the newest lines before the turn and what it is about, in order."""
        lines = lines_of(await self._entries(turn), turn)
        return newest(lines, messages=self._history.messages, characters=self._history.characters)

    async def _entries(self, turn: Turn) -> list[Entry]:
        """Page back until there is enough of what was said: the log has other entries, too."""
        found: list[Entry] = []
        before = turn.conversation.head + 1
        for _ in range(MOST_PAGES):
            page = await self._conversations.entries(turn.conversation.id, before=before, limit=PAGE)
            found = [*page, *found]
            said = sum(isinstance(entry.body, Said) for entry in found)
            if len(page) < PAGE or said > self._history.messages + len(turn.conversation.turns):
                break
            before = page[0].number
        return found

    async def messages(self, lines: Sequence[Line]) -> list[dict[str, Any]]:
        """Return lines as a request has them; several of one speaker in a row are one, as some models want it."""
        shown = await self._shown(lines)
        messages = []
        for (role, _), group in groupby(lines, key=lambda line: (line.role, line.by_agent)):
            together = list(group)
            text = "\n\n".join(line.text for line in together)
            images = [image for line in together for image in shown.get(line.number, ())]
            messages.append({"role": role, "content": with_images(text, images) if images else text})
        return messages

    async def _shown(self, lines: Sequence[Line]) -> dict[int, list[str]]:
        """Return the newest pictures by the number of their line."""
        shown: dict[int, list[str]] = {}
        left = self._most_images
        for line in reversed(lines):
            for attachment in line.pictures:
                image = await self._images.shown(attachment) if left else None
                if image:
                    shown.setdefault(line.number, []).append(image)
                    left -= 1
        return shown
