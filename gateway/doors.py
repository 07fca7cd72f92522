"""Secrets that callers give: in an address, a header or a body."""

from __future__ import annotations

import hmac

from gateway.errors import NotHere


def same_secret(given: str, secret: str) -> bool:
    """Tell whether the secret was given. Compares in constant time, and half a character in `given` is just wrong."""
    return hmac.compare_digest(given.encode(errors="replace"), secret.encode())


def check_secret(given: str, secret: str) -> None:
    """Raise `NotHere`, which tells nothing, unless the unguessable part of an address is the secret."""
    if not same_secret(given, secret):
        raise NotHere("nobody listens here")
