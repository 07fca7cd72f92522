"""The unguessable part of the addresses the other side calls."""

from __future__ import annotations

import hmac

from gateway import BadInput


class NotHere(BadInput):
    """There is nothing at this address, or nothing any more."""

    status = 404


class WrongMethod(BadInput):
    """Another verb is wanted here."""

    status = 405


def check(given: str, secret: str) -> None:
    """Raise `NotHere`, which tells nothing, unless the secret was given."""
    if not hmac.compare_digest(given.encode(), secret.encode()):
        raise NotHere("nobody listens here")
