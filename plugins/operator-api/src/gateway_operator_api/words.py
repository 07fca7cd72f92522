"""The history in words an agent can read: who said what, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import Role, Said, plain_text

if TYPE_CHECKING:
    from gateway import Context, Entry, Opening
    from gateway_operator_api.options import Labels


class History:
    """Writes down what went before a dialog."""

    def __init__(self, context: Context, labels: Labels) -> None:
        """`labels`: the words before the lines."""
        self._context = context
        self._labels = labels

    def lines(self, opening: Opening) -> list[str]:
        """Return why the bot gives up, then what was said, oldest first."""
        return [*self._preface(opening), *filter(None, map(self._line, opening.history))]

    def _preface(self, opening: Opening) -> list[str]:
        told = ((self._labels.reason, opening.transfer.reason), (self._labels.summary, opening.transfer.summary))
        return [f"{label}: {text}" for label, text in told if text]

    def _line(self, entry: Entry) -> str:
        if not isinstance(entry.body, Said):
            return ""
        words = plain_text(entry.body.message, public_url=self._context.url("/").rstrip("/"))
        return f"{self._who(entry.body)}: {words}" if words else ""

    def _who(self, said: Said) -> str:
        match said.role:
            case Role.CLIENT:
                return said.author.name or self._labels.client
            case Role.AGENT:
                return said.author.name or self._labels.agent
            case Role.BOT:
                return self._labels.bot
            case Role.SYSTEM:
                return self._labels.system
