"""Tells a limit of one chat from a limit of the whole bot: Telegram says the same for both.

Documented are about one message a second per chat and thirty per bot (https://core.telegram.org/bots/faq#broadcasting);
nothing here counts ahead. A refusal is about its chat, until a second chat is refused while the first still waits.
"""

from __future__ import annotations

from collections.abc import Callable


class Limits:
    """What Telegram has asked one bot to wait for. Lost with the process: the next refusal tells it again."""

    def __init__(self, now: Callable[[], float]) -> None:
        """`now`: unix seconds."""
        self._now = now
        self._waiting: dict[str, float] = {}

    def refused(self, chat: str, seconds: float) -> bool:
        """Note that a message to a chat has to wait; return whether that is for the whole bot.

        `chat`: empty for a call that is about none, which is the bot's own limit.
        """
        now = self._now()
        self._waiting = {name: until for name, until in self._waiting.items() if until > now}
        others = any(name != chat for name in self._waiting)
        if chat:
            self._waiting[chat] = now + seconds
        return others or not chat
