"""Lets the answer be seen while it is written, a few times a second."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gateway import Markup, Role, Typing
from gateway_openai.words import shown_so_far

if TYPE_CHECKING:
    from gateway import Context, Turn

EVERY_SECONDS = 0.25


class Draft:
    """The draft of one turn. What is signalled is seen or lost: only what the turn returns is said."""

    def __init__(self, context: Context, turn: Turn, markup: Markup) -> None:
        """`markup`: of the words."""
        self._context = context
        self._turn = turn
        self._markup = markup
        self._said = ""
        self._last = -EVERY_SECONDS

    def keep(self, text: str) -> None:
        """Go on below this text, which an earlier request of the turn brought."""
        self._said = text

    def grows(self, text: str) -> None:
        """The model has written so much of its answer."""
        now = time.monotonic()
        if now - self._last < EVERY_SECONDS:
            return
        written = "\n\n".join(part for part in (self._said, shown_so_far(text)) if part)
        if written:
            self._last = now
            self._context.signal(self._sign(written))

    def _sign(self, text: str) -> Typing:
        turn = self._turn
        return Typing(
            conversation=turn.conversation.id, role=Role.BOT, text=text, markup=self._markup, epoch=turn.epoch
        )
