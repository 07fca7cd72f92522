"""Who a client is: a chat with the bot, or a chat of a business account the bot answers for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway import Permanent


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatAddress:
    """Where to write to. As a client id: `42`, or `connection:42` in the name of a business account."""

    chat: int
    connection: str = ""

    @property
    def client_id(self) -> str:
        """The id the gateway knows the client by."""
        return f"{self.connection}:{self.chat}" if self.connection else str(self.chat)

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of a method that name the chat."""
        named = {"business_connection_id": self.connection} if self.connection else {}
        return {"chat_id": self.chat, **named}

    @classmethod
    def of_client(cls, client_id: str) -> ChatAddress:
        """Return where a client is. Raises `Permanent` for an id that is none of ours."""
        connection, _, chat = client_id.rpartition(":")
        try:
            return cls(chat=int(chat), connection=connection)
        except ValueError:
            raise Permanent(f"{client_id!r} is no Telegram chat") from None
