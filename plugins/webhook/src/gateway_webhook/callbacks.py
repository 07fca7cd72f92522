"""Where the bot answers later: one unguessable address per conversation, and a shorter one to speak unasked.

`/hooks/{instance}/{token}/{conversation}/{epoch}-{number}` answers a turn; without the last part the bot speaks
unasked. The token keeps strangers out, the signature proves the bot, and the epoch keeps late words from landing after
an agent's.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway import Unauthorized, same_secret

if TYPE_CHECKING:
    from gateway import Context, Turn

TOKEN_BYTES = 18
TURN = re.compile(r"([0-9]{1,18})-([0-9]{1,18})", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Callback:
    """What an address stands for."""

    conversation: str
    epoch: int | None = None
    """The turn's epoch; None: the bot speaks unasked."""
    answers: int | None = None
    """The log number the turn is about."""


class Callbacks:
    """Makes and reads the addresses of one instance."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._key = context.secret("callback")

    def of_turn(self, turn: Turn) -> str:
        """Return the address that answers a turn."""
        return f"{self.of_conversation(turn.conversation.id)}/{turn.epoch}-{turn.cause.number}"

    def of_conversation(self, conversation: str) -> str:
        """Return the address for speaking unasked."""
        return self._context.url(f"/hooks/{self._context.name}/{self._token(conversation)}/{conversation}")

    def read(self, tail: str) -> Callback:
        """Return what the path after `/hooks/{instance}/` stands for. Raises `Unauthorized`."""
        token, _, rest = tail.partition("/")
        conversation, _, turn = rest.partition("/")
        if not same_secret(token, self._token(conversation)):
            raise Unauthorized("this address was not made here; use `callback_url` or `push_url` of a turn")
        if not turn:
            return Callback(conversation=conversation)
        found = TURN.fullmatch(turn)
        if found is None:
            raise Unauthorized("this address was changed; use `callback_url` as it stands in the turn")
        return Callback(conversation=conversation, epoch=int(found[1]), answers=int(found[2]))

    def _token(self, conversation: str) -> str:
        digest = hmac.digest(self._key, conversation.encode(), "sha256")
        return urlsafe_b64encode(digest[:TOKEN_BYTES]).decode()
