"""Headers in options: which an operator may add to a plugin's calls."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Annotated

from pydantic import AfterValidator, SecretStr

NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""https://www.rfc-editor.org/rfc/rfc9110#name-tokens"""
OURS = frozenset({"content-length", "content-type", "host", "idempotency-key"})


def check_headers(headers: Mapping[str, SecretStr], *, ours: Collection[str] = ()) -> Mapping[str, SecretStr]:
    """Return them. Raises `ValueError` for what is no header. `ours`: more that the plugin sets, in lower case."""
    for name, value in headers.items():
        if not NAME.fullmatch(name) or name.lower() in {*OURS, *ours}:
            raise ValueError(f"{name!r} cannot be set here; choose another header")
        if not value.get_secret_value().isprintable():
            raise ValueError(f"the value of {name!r} is not one line of text")
    return headers


Headers = Annotated[Mapping[str, SecretStr], AfterValidator(check_headers)]
"""An option: more headers for each call, such as `Authorization`."""
