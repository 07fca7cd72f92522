"""Who a client is: one chat of one client of Jivo's.

The chat is part of the id, so that a new chat is a new conversation, two chats of a client at the same time never get
mixed up, and what was meant for a chat that is over can never reach the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote

from gateway import Permanent


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatAddress:
    """Where to write to. As a client id: `1233:2037`, client and chat."""

    client: str
    chat: str

    @property
    def client_id(self) -> str:
        """The id the gateway knows the client by."""
        return f"{quote(self.client, safe='')}:{quote(self.chat, safe='')}"

    @classmethod
    def of_client(cls, client_id: str) -> ChatAddress:
        """Return where a client is. Raises `Permanent` for an id that is none of ours."""
        client, colon, chat = client_id.partition(":")
        if not (client and colon and chat):
            raise Permanent(f"{client_id!r} is no chat of Jivo's")
        return cls(client=unquote(client), chat=unquote(chat))
