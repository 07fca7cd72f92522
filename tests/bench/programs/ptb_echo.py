"""Runs in an environment with python-telegram-bot: an echo bot behind a webhook.

`python ptb_echo.py PEER_URL TOKEN` prints its port.
"""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import asyncio
import socket
import sys

import uvloop
from telegram.ext import Application, MessageHandler, filters

POOL = 8
"""More connections make it slower: httpx looks at all of them for each call."""
PATIENCE_SECONDS = 60


async def echo(update, _context):
    await update.message.reply_text(update.message.text)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def main():
    url, token = sys.argv[1:]
    builder = Application.builder().token(token).base_url(f"{url}/bot").concurrent_updates(True)
    builder = builder.connection_pool_size(POOL).pool_timeout(PATIENCE_SECONDS).read_timeout(PATIENCE_SECONDS)
    application = builder.build()
    application.add_handler(MessageHandler(filters.TEXT, echo))
    port = free_port()
    async with application:
        await application.start()
        await application.updater.start_webhook(
            listen="127.0.0.1", port=port, url_path="hooks/in", webhook_url=f"http://127.0.0.1:{port}/hooks/in"
        )
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


uvloop.run(main())
