"""Ids of our events: the same for every repetition, and recognised when they come back."""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID

HALF = 8


class EventIds:
    """Makes UUIDs out of the gateway's idempotency keys.

    The first half is a digest of the key, the second half a seal of the first: so an echo of our own message is known
    by its id alone, without a list of what was sent. They are marked as version 5 (made from a name), which every
    validator knows.
    """

    def __init__(self, secret: bytes) -> None:
        """`secret`: nobody else can make an id that looks like ours."""
        self._secret = secret

    def of(self, key: str) -> str:
        """Return the id for an idempotency key."""
        return self._sealed(hmac.digest(self._secret, key.encode(), hashlib.sha256)[:HALF])

    def is_ours(self, event_id: str) -> bool:
        """Tell whether this is an id we made."""
        try:
            found = UUID(event_id)
        except ValueError:
            return False
        return hmac.compare_digest(str(found), self._sealed(found.bytes[:HALF]))

    def _sealed(self, head: bytes) -> str:
        head = _versioned(head)
        seal = hmac.digest(self._secret, b"seal" + head, hashlib.sha256)[:HALF]
        return str(UUID(bytes=head + bytes([seal[0] & 0x3F | 0x80]) + seal[1:]))


def _versioned(head: bytes) -> bytes:
    return head[:6] + bytes([head[6] & 0x0F | 0x50]) + head[7:]
