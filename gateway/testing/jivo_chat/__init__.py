"""A fake of JivoChat as a Chat API channel and its webhooks show it (https://www.jivochat.com/docs/chat/)."""

from __future__ import annotations

from gateway.testing.jivo_chat.server import Chat, FakeJivoChat, Post
from gateway.testing.side import Answer, Call, Hold

__all__ = ["Answer", "Call", "Chat", "FakeJivoChat", "Hold", "Post"]
