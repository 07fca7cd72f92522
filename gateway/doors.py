"""Secrets that callers give: in an address, a header or a body."""

from __future__ import annotations

import hmac
import re
from typing import Annotated

from pydantic import AfterValidator, SecretStr

from gateway.errors import NotHere

IN_ADDRESS = re.compile(r"[A-Za-z0-9_-]{16,200}")


def _fits_into_an_address(key: SecretStr) -> SecretStr:
    if not IN_ADDRESS.fullmatch(key.get_secret_value()):
        raise ValueError("must be 16 to 200 letters, digits, - or _; it stands in an address")
    return key


AddressKey = Annotated[SecretStr, AfterValidator(_fits_into_an_address)]
"""An option: the secret part of an address another system calls, for `check_secret`."""

NOBODY = "nobody listens here"
"""Answered alike to a wrong secret and to a name no instance has."""


def same_secret(given: str, secret: str) -> bool:
    """Tell whether the secret was given. Compares in constant time, and half a character in `given` is just wrong."""
    return hmac.compare_digest(given.encode(errors="replace"), secret.encode())


def check_secret(given: str, secret: str) -> None:
    """Raise `NotHere`, which tells nothing, unless the unguessable part of an address is the secret."""
    if not same_secret(given, secret):
        raise NotHere(NOBODY)
