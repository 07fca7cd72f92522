"""Runs in an environment with botbuilder: a bot without credentials that echoes. It prints its port."""

# mypy: allow-subclassing-any
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import asyncio
import sys

import uvloop
from aiohttp import web
from botbuilder.core import ActivityHandler
from botbuilder.core.integration import aiohttp_error_middleware
from botbuilder.integration.aiohttp import CloudAdapter, ConfigurationBotFrameworkAuthentication


class Settings:
    """As an emulator's: nobody proves anything."""

    APP_ID = ""
    APP_PASSWORD = ""
    APP_TYPE = "MultiTenant"
    APP_TENANTID = ""


class Echo(ActivityHandler):
    """Says what it hears."""

    async def on_message_activity(self, turn_context):
        await turn_context.send_activity(turn_context.activity.text)


async def main():
    adapter, bot = CloudAdapter(ConfigurationBotFrameworkAuthentication(Settings())), Echo()

    async def messages(request):
        return await adapter.process(request, bot)

    app = web.Application(middlewares=[aiohttp_error_middleware])
    app.router.add_post("/api/messages", messages)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


uvloop.run(main())
