"""What Telegram keeps: chats, what is shown in them, and files."""

from __future__ import annotations

import mimetypes
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from gateway.testing.telegram.faults import BotApiError, bad_request

GIVEN_TO_BOTS_BYTES = 20 * 1024 * 1024


@dataclass(kw_only=True, slots=True)
class Chat:
    """A private chat with the bot, or one of a business account the bot answers for."""

    user: dict[str, Any]
    connection: str = ""
    known: bool = False
    """Whether the person has ever written: a bot cannot begin."""
    blocked: bool = False
    shown: list[dict[str, Any]] = field(default_factory=list)
    """What the person sees of the bot, oldest first."""
    actions: list[str] = field(default_factory=list)
    """`typing` and the like."""
    keyboard: list[list[str]] = field(default_factory=list)
    """The bot's keys in place of the person's keyboard."""

    @property
    def json(self) -> dict[str, Any]:
        """The chat as messages name it."""
        named: dict[str, Any] = {
            key: self.user[key] for key in ("first_name", "last_name", "username") if key in self.user
        }
        return {"id": self.user["id"], "type": "private", **named}


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredFile:
    """A file Telegram keeps."""

    id: str
    name: str
    media_type: str
    content: bytes
    path: str
    size: int
    """As told to others; may be made larger than the content."""

    @property
    def json(self) -> dict[str, Any]:
        """The members all kinds of file share."""
        return {"file_id": self.id, "file_unique_id": f"u{self.id}", "file_size": self.size}


class State:
    """Everything behind one bot."""

    def __init__(self, bot: dict[str, Any]) -> None:
        """`bot`: its `User`."""
        self.bot = bot
        self.chats: dict[tuple[str, int], Chat] = {}
        self.files: dict[str, StoredFile] = {}
        self.presses: dict[str, bool] = {}
        """Callback queries -> whether they were answered."""
        self.answers: list[dict[str, Any]] = []
        """What the bot said in answer to presses."""
        self.connections: dict[str, dict[str, Any]] = {}
        self.numbers = count(1)

    def chat(self, chat_id: int, connection: str = "") -> Chat:
        """Return a chat the bot may write to. Raises what Telegram says otherwise."""
        if connection and not self.connections.get(connection, {}).get("is_enabled"):
            raise bad_request("business connection not found")
        chat = self.chats.get((connection, chat_id))
        if chat is None:
            raise bad_request("chat not found")
        if chat.blocked:
            raise BotApiError(403, "Forbidden: bot was blocked by the user")
        if not chat.known:
            raise BotApiError(403, "Forbidden: bot can't initiate conversation with a user")
        return chat

    def message(self, chat: Chat, sender: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
        """Return a new message."""
        found = {
            "message_id": next(self.numbers),
            "from": sender,
            "chat": chat.json,
            "date": int(time.time()),
            **content,
        }
        if chat.connection:
            found["business_connection_id"] = chat.connection
        return found

    def keep(
        self, content: bytes, *, name: str, media_type: str = "", folder: str = "documents", size: int = 0
    ) -> StoredFile:
        """Keep a file. `size`: told instead of the real one."""
        number = len(self.files)
        media_type = media_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
        ending = name.rpartition(".")[2] if "." in name else "bin"
        file = StoredFile(
            id=f"AgAC{number:08d}",
            name=name,
            media_type=media_type,
            content=content,
            path=f"{folder}/file_{number}.{ending}",
            size=size or len(content),
        )
        self.files[file.id] = file
        return file

    def by_path(self, path: str) -> StoredFile | None:
        """Return the file `getFile` gave this path for."""
        return next((file for file in self.files.values() if file.path == path), None)
