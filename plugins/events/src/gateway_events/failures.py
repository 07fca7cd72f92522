"""What a receiver's refusals mean: nearly all of them may pass, and then the entry must not have been lost."""

from __future__ import annotations

from collections.abc import Mapping

from gateway import AuthenticationFailed, Failure, Permanent, Temporary, retry_after_seconds

NEVER = frozenset({400, 413, 422})
"""The receiver has read this very entry and will not have it."""
UNKNOWN_TO_IT = frozenset({401, 403})
REDIRECTS = range(300, 400)


def failure_of(status: int, headers: Mapping[str, str]) -> Failure:
    """Return what an answer with another status than 2xx means."""
    if status in NEVER:
        return Permanent(f"the receiver will not take this (status {status})")
    if status in UNKNOWN_TO_IT:
        return AuthenticationFailed(
            f"the receiver refuses our signature (status {status}); give it and the option `secret` the same value"
        )
    if status in REDIRECTS:
        return Temporary(f"the receiver redirects (status {status}); put the address it means into the option `url`")
    delay = retry_after_seconds(headers.get("Retry-After", ""))
    return Temporary(f"the receiver answered with status {status}", retry_after_seconds=delay)
