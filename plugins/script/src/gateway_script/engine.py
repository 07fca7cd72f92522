"""The bot engine of one instance: loads its script at start, then answers turns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gateway import BotReply, TooLarge, Turn, UserMistake
from gateway_script import dialog, media
from gateway_script.loading import load
from gateway_script.program import Program, compiled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway import Attachment, Context
    from gateway_script.options import ScriptOptions


class ScriptBot:
    """Answers from a YAML file. Its memory of a dialog travels in the turns; nothing is kept here."""

    def __init__(self, context: Context, options: ScriptOptions) -> None:
        """Does no I/O."""
        self._context = context
        self._path = Path(context.config_dir, options.file)
        self._program: Program | None = None
        self._stored: dict[str, Attachment] = {}

    async def start(self) -> None:
        """Read the script and keep its files. Raises `UserMistake` with one line for each mistake."""
        loaded = load(self._path)
        if loaded.script is None:
            raise UserMistake("\n".join(loaded.mistakes))
        for warning in loaded.warnings:
            self._context.log.warning("script.warning", text=warning)
        try:
            self._stored = await media.store(loaded.script, self._path.parent, self._context)
        except (OSError, TooLarge) as error:
            raise UserMistake(f"{self._path}: a file the script names cannot be kept: {error}") from None
        self._program = compiled(loaded.script)

    async def stop(self) -> None:
        """Nothing to let go of."""

    async def reply(self, turn: Turn) -> BotReply:
        """Answer a turn: from the script and the turn alone, so that asking again gives the same answer."""
        assert self._program is not None  # noqa: S101 - the core asks only what has started
        return dialog.reply(self._program, turn, self._stored)


def check(config_dir: str, options: ScriptOptions) -> Iterable[str]:
    """Yield one line for each mistake in the script."""
    return load(Path(config_dir, options.file)).mistakes
