"""A fake of JivoChat's side of the Bot API (https://www.jivochat.com/docs/bot/): clients, chats and agents."""

from __future__ import annotations

from gateway.testing.jivo.chats import BO, Chat
from gateway.testing.jivo.server import FakeJivo, Try
from gateway.testing.side import Answer, Call, Hold

__all__ = ["BO", "Answer", "Call", "Chat", "FakeJivo", "Hold", "Try"]
