"""Where the bot answers later: one unguessable address per conversation, and a shorter one to speak unasked.

`/hooks/{instance}/{token}/{conversation}/{epoch}` answers a turn; without the epoch the bot speaks by itself. The token
keeps strangers out, the signature proves the bot, and the epoch keeps late words from landing after an agent's.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway import Unauthorized

if TYPE_CHECKING:
    from gateway import Context

TOKEN_BYTES = 18


@dataclass(frozen=True, kw_only=True, slots=True)
class Callback:
    """What an address stands for."""

    conversation: str
    epoch: int | None


class Callbacks:
    """Makes and reads the addresses of one instance."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._key = context.secret("callback")

    def url(self, conversation: str, epoch: int | None = None) -> str:
        """Return the address for a turn of this epoch; without one, for speaking unasked."""
        tail = f"{self._token(conversation)}/{conversation}" + (f"/{epoch}" if epoch is not None else "")
        return self._context.url(f"/hooks/{self._context.name}/{tail}")

    def read(self, tail: str) -> Callback:
        """Return what the path after `/hooks/{instance}/` stands for. Raises `Unauthorized`."""
        token, _, rest = tail.partition("/")
        conversation, _, epoch = rest.partition("/")
        if not hmac.compare_digest(token.encode(), self._token(conversation).encode()):
            raise Unauthorized("this address was not made here; use `callback_url` or `push_url` of a turn")
        if epoch and not (epoch.isascii() and epoch.isdigit() and len(epoch) < TOKEN_BYTES):
            raise Unauthorized("this address was changed; use `callback_url` as it stands in the turn")
        return Callback(conversation=conversation, epoch=int(epoch) if epoch else None)

    def _token(self, conversation: str) -> str:
        digest = hmac.digest(self._key, conversation.encode(), "sha256")
        return urlsafe_b64encode(digest[:TOKEN_BYTES]).decode()
