"""Configurations of the gateways that are measured."""

from __future__ import annotations

from typing import Any

TELEGRAM_TOKEN = "123456789:" + "A" * 35


def hop(peer: str, client: str = "lean") -> dict[str, Any]:
    """Webhook in, the bot asked by a POST, its words sent by a POST; both plugins are as thin as can be."""
    return {
        "server": {"http_client": client},
        "channels": {"in": {"type": "bench", "url": peer}},
        "bots": {"bot": {"type": "bench", "url": peer}},
        "routes": {"main": {"channels": ["in"], "bot": "bot"}},
    }


def telegram(peer: str, script: str, port: int) -> dict[str, Any]:
    """Telegram by webhook, and a script that echoes: a hop with a single call outside."""
    own = f"http://127.0.0.1:{port}"
    channel = {"type": "telegram", "token": TELEGRAM_TOKEN, "mode": "webhook", "api_url": peer}
    return {
        "server": {"public_url": own},
        "channels": {"in": channel},
        "bots": {"bot": {"type": "script", "file": script}},
        "routes": {"main": {"channels": ["in"], "bot": "bot"}},
    }


def widget(peer: str, client: str = "lean") -> dict[str, Any]:
    """The web chat, and a bot asked by a POST."""
    return {
        "server": {"http_client": client},
        "channels": {"site": {"type": "widget"}},
        "bots": {"bot": {"type": "bench", "url": peer}},
        "routes": {"main": {"channels": ["site"], "bot": "bot"}},
    }
