"""What a receiver's refusals mean: nearly all of them may pass, and then the entry must not have been lost."""

from __future__ import annotations

from gateway import Permanent, Rejected, Temporary

NEVER = frozenset({400, 413, 422})
"""The receiver has read this very entry and will not have it."""


def as_failure(rejection: Rejected) -> Permanent | Temporary:
    """Return what a refusal means: a receiver that answers wrongly today may be mended tomorrow."""
    return rejection if rejection.status in NEVER else Temporary(rejection.reason)
