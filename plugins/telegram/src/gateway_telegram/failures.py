"""What Telegram's refusals mean to the gateway.

The Bot API answers `{"ok": false, "error_code": …, "description": …, "parameters": …}`; descriptions are for people and
may change, so the code decides and the description only tells more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway import AuthenticationFailed, Failure, Permanent, Temporary

FAULTY_FROM, TOO_MANY = 500, 429
UNKNOWN_TOKEN = "Telegram does not know the bot's token; copy it again from @BotFather into the option `token`"  # noqa: S105 - no secret
CONFLICT = (
    "another program reads this bot's messages; stop it, or give this gateway a bot of its own (Telegram says: {})"
)

_FORBIDDEN = (
    ("blocked by the user", "the client has blocked the bot"),
    ("user is deactivated", "the client's Telegram account is gone"),
    ("can't initiate conversation", "the client has not written to the bot yet"),
    ("bots can't send messages to bots", "the client is a bot"),
)

_ABOUT_THE_FILE = (
    "url", "web page", "webpage", "photo", "image", "file", "media", "voice", "video", "sticker", "wrong type",
)  # fmt: skip


class NotAccepted(Permanent):
    """Telegram understood the request and will not do it (code 400)."""

    def __init__(self, description: str) -> None:
        """`description`: Telegram's own."""
        super().__init__(f"Telegram refuses it: {description}")
        self.about_the_file = any(word in description.lower() for word in _ABOUT_THE_FILE)
        """Whether the file is at fault, so that sending it another way may help."""
        self.as_it_was = "message is not modified" in description.lower()
        """Whether there was nothing to change."""
        self.too_big = "too big" in description.lower() or "too large" in description.lower()


def failure_of(method: str, status: int, answer: Mapping[str, Any], *, everyone: bool = False) -> Failure:
    """Return what a refused call means. `status`: Telegram's code, or HTTP's where there is none.

    `everyone`: a delay it asks for is for the whole bot.
    """
    description = str(answer.get("description") or f"status {status}").removeprefix("Bad Request: ")
    if status >= FAULTY_FROM:
        return Temporary(f"Telegram has a fault of its own (status {status})")
    meanings: dict[int, Failure] = {
        400: NotAccepted(description),
        401: AuthenticationFailed(UNKNOWN_TOKEN),
        403: Permanent(_forbidden(description)),
        404: AuthenticationFailed(UNKNOWN_TOKEN),  # So it answers to a token without the form of one.
        409: Temporary(CONFLICT.format(description.removeprefix("Conflict: "))),
        413: NotAccepted("the file is too big"),
        TOO_MANY: Temporary("Telegram asks us to wait", retry_after_seconds=seconds_in(answer), everyone=everyone),
    }
    return meanings.get(status) or Permanent(f"Telegram refuses {method}: {description}")


def _forbidden(description: str) -> str:
    for words, meaning in _FORBIDDEN:
        if words in description.lower():
            return meaning
    return f"Telegram forbids it: {description.removeprefix('Forbidden: ')}"


def seconds_in(answer: Mapping[str, Any]) -> float | None:
    """Return the delay Telegram asks for."""
    parameters = answer.get("parameters")
    seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
    return float(seconds) if isinstance(seconds, int | float) and seconds >= 0 else None
