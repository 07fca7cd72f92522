"""What the tests share: a bot of somebody's own as a real HTTP server, and a gateway that asks it."""

from __future__ import annotations

import asyncio
import inspect
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
from aiohttp import web
from standardwebhooks import Webhook

from gateway.testing import Harness

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr"
OLD_SECRET = "whsec_b2xkIG9sZCBvbGQgb2xkIG9sZCBvbGQgb2xkIG9sZCE="
WAIT_SECONDS = 10


class RemoteBot:
    """Checks every signature, remembers the turns, and answers by a function; None: it hangs up."""

    def __init__(self):
        self.turns = []
        self.requests = []
        self.key = Webhook(SECRET)
        self.answer = lambda turn: {"text": f"echo {turn['text']}"}
        self.url = ""
        self._changed = asyncio.Event()

    async def handle(self, request):
        body = await request.read()
        self.turns.append(self.key.verify(body, dict(request.headers)))
        self.requests.append(request)
        self._changed.set()
        answer = self.answer(self.turns[-1])
        if inspect.isawaitable(answer):
            answer = await answer
        if answer is None:
            request.transport.close()
        if isinstance(answer, web.Response):
            return answer
        return web.json_response(answer)

    async def asked(self, times=1):
        """Wait until it was asked so often; return the turn."""
        async with asyncio.timeout(WAIT_SECONDS):
            while len(self.turns) < times:
                self._changed.clear()
                await self._changed.wait()
        return self.turns[times - 1]

    async def says(self, url, reply, *, message_id="b1", secret=SECRET):
        """POST a later answer; return status and body."""
        body = json.dumps(reply)
        headers = signed(body, message_id, secret)
        async with aiohttp.ClientSession() as http, http.post(url, data=body, headers=headers) as response:
            return response.status, await response.json()


def signed(body, message_id, secret=SECRET):
    now = datetime.now(UTC)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, now, body),
    }


def config(url, **options):
    return {
        "channels": {"web": {"type": "fake"}},
        "bots": {"mine": {"type": "webhook", "url": url, "secret": SECRET, **options}},
        "platforms": {"desk": {"type": "fake"}},
        "routes": {"main": {"channels": ["web"], "bot": "mine", "handoff": ["desk"]}},
    }


@asynccontextmanager
async def remote():
    """Run a bot."""
    bot = RemoteBot()
    app = web.Application()
    app.router.add_post("/turn", bot.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    bot.url = f"http://127.0.0.1:{runner.addresses[0][1]}/turn"
    try:
        yield bot
    finally:
        await runner.cleanup()


@asynccontextmanager
async def standing(folder, **options):
    """Run both."""
    async with remote() as bot, Harness(config(bot.url, **options), folder=folder, memory=True) as gateway:
        yield gateway, bot
