"""Runs in an environment with the Microsoft 365 Agents SDK: an anonymous agent that echoes. It prints its port."""

# mypy: allow-subclassing-any
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import asyncio
import sys

import uvloop
from aiohttp import web
from microsoft_agents.hosting.aiohttp import CloudAdapter, jwt_authorization_middleware, start_agent_process
from microsoft_agents.hosting.core import ActivityHandler
from microsoft_agents.hosting.core.authorization import AgentAuthConfiguration


class Nobody:
    """Connections for an agent that calls nobody by name."""

    def get_token_provider(self, *_):
        raise LookupError("anonymous")


class Echo(ActivityHandler):
    """Says what it hears."""

    async def on_message_activity(self, turn_context):
        await turn_context.send_activity(turn_context.activity.text)


async def messages(request):
    return await start_agent_process(request, request.app["agent"], request.app["adapter"])


async def main():
    app = web.Application(middlewares=[jwt_authorization_middleware])
    app["agent_configuration"] = AgentAuthConfiguration(anonymous_allowed=True)
    app["agent"] = Echo()
    app["adapter"] = CloudAdapter(connection_manager=Nobody())
    app.router.add_post("/api/messages", messages)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


uvloop.run(main())
