"""The unguessable part of an address that another system calls."""

from __future__ import annotations

import hmac

from gateway.errors import NotHere


def check_secret(given: str, secret: str) -> None:
    """Raise `NotHere`, which tells nothing, unless the secret was given. Compares in constant time."""
    if not hmac.compare_digest(given.encode(), secret.encode()):
        raise NotHere("nobody listens here")
