"""What a bot's refusals mean to the gateway."""

from __future__ import annotations

from collections.abc import Mapping

from gateway import AuthenticationFailed, Failure, Permanent, Temporary, retry_after_seconds

FAULTY_FROM = 500
REDIRECTS = range(300, 400)
LATER = frozenset({408, 425, 429})
UNKNOWN_TO_IT = frozenset({401, 403})


def failure_of(status: int, headers: Mapping[str, str]) -> Failure:
    """Return what an answer with another status than 2xx means."""
    if status >= FAULTY_FROM or status in LATER:
        delay = retry_after_seconds(headers.get("Retry-After", ""))
        return Temporary(f"the bot answered with status {status}", retry_after_seconds=delay)
    if status in UNKNOWN_TO_IT:
        return AuthenticationFailed(
            f"the bot refuses our signature (status {status}); give the bot and the option `secret` the same value"
        )
    if status in REDIRECTS:
        return Permanent(f"the bot redirects (status {status}); put the address it means into the option `url`")
    return Permanent(f"the bot answered with status {status}")
