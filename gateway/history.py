"""What went before a dialog, in words an agent can read: who said what, line by line.

For agent platforms that are told a history by messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from gateway.entries import Entry, Said
from gateway.kinds import Options
from gateway.model import Role
from gateway.render.message import plain_text

if TYPE_CHECKING:
    from gateway.contracts import Opening
    from gateway.given import Context


class HistoryLabels(Options):
    """The words before the lines of the history, in the language of your agents."""

    client: str = Field(default="Client", description="Before what the client said, if the client has no name.")
    bot: str = Field(default="Bot", description="Before what the bot said.")
    agent: str = Field(default="Agent", description="Before what an agent said, if the agent has no name.")
    system: str = Field(default="Notice", description="Before what the gateway told the client.")
    reason: str = Field(default="Reason", description="Before the bot's reason for the transfer.")
    summary: str = Field(default="Summary", description="Before the bot's summary of the conversation.")


class History:
    """Writes down what went before a dialog."""

    def __init__(self, context: Context, labels: HistoryLabels) -> None:
        """`labels`: the words before the lines."""
        self._context = context
        self._labels = labels

    def lines(self, opening: Opening) -> list[str]:
        """Return why the bot gives up, then what was said, oldest first."""
        return [*self._preface(opening), *filter(None, map(self.line, opening.history))]

    def line(self, entry: Entry) -> str:
        """Return one entry as a line; empty if nothing was said."""
        if not isinstance(entry.body, Said):
            return ""
        words = plain_text(entry.body.message, public_url=self._context.url("/").rstrip("/"))
        return f"{self._who(entry.body)}: {words}" if words else ""

    def _preface(self, opening: Opening) -> list[str]:
        told = ((self._labels.reason, opening.transfer.reason), (self._labels.summary, opening.transfer.summary))
        return [f"{label}: {text}" for label, text in told if text]

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
