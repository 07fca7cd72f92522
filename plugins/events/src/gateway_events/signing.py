"""Signatures by Standard Webhooks (https://www.standardwebhooks.com).

`webhook-signature` is over `{webhook-id}.{webhook-timestamp}.{body}`. While a secret is being changed, requests are
signed with both.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook

PREFIX = "whsec_"
SHORTEST_KEY, LONGEST_KEY = 24, 64  # bytes, as the specification has it


def new_secret() -> str:
    """Return a secret nobody can guess."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """Return the key in a secret. Raises `ValueError`."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith(PREFIX) or not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise ValueError(
            f"this is no signing secret: it is {PREFIX!r} and {SHORTEST_KEY} to {LONGEST_KEY} bytes in base64; "
            "`gateway events secret` makes one"
        )
    return key


class Signer:
    """Signs what goes out."""

    def __init__(self, secrets_in_use: Sequence[str]) -> None:
        """`secrets_in_use`: the newest first."""
        self._keys = [Webhook(key_of(secret)) for secret in secrets_in_use]

    def headers(self, message_id: str, body: str) -> dict[str, str]:
        """Return the three headers of a body."""
        now = datetime.now(UTC)  # Not the gateway's clock: the other side compares with its own.
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(key.sign(message_id, now, body) for key in self._keys),
        }
