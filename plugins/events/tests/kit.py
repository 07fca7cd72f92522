"""What the tests share: a receiver as a real HTTP server, and a gateway that tells it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from aiohttp import web
from standardwebhooks import Webhook

from gateway.testing import Harness

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr"
OLD_SECRET = "whsec_b2xkIG9sZCBvbGQgb2xkIG9sZCBvbGQgb2xkIG9sZCE="
WAIT_SECONDS = 20


class Receiver:
    """Checks every signature, remembers what it took, and answers with the status `answer` gives."""

    def __init__(self):
        self.events = []
        self.requests = []
        self.tried = 0
        self.key = Webhook(SECRET)
        self.answer = lambda _event: 204
        self.port = 0
        self._runner = None
        self._changed = asyncio.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/events"

    async def start(self):
        app = web.Application()
        app.router.add_post("/events", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self):
        """Go away; the port stays the same for the next start."""
        await self._runner.cleanup()

    async def _take(self, request):
        body = await request.read()
        event = self.key.verify(body, dict(request.headers))
        status = self.answer(event)
        self.tried += 1
        if status < 300:
            self.events.append(event)
            self.requests.append(request)
        self._changed.set()
        return web.Response(status=status)

    def numbers(self, conversation):
        """Return the log numbers taken of a conversation, in the order they came."""
        found = [event["data"] for event in self.events]
        return [data["entry"]["number"] for data in found if data["conversation"]["id"] == conversation]

    def types(self):
        return [event["type"] for event in self.events]

    async def until(self, condition):
        async with asyncio.timeout(WAIT_SECONDS):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def has_all(self, gateway, *clients):
        """Wait until it has every entry of these clients' conversations."""
        for client in clients:
            log = [entry.number for entry in await gateway.log(client)]
            conversation = (await gateway.conversation(client)).id
            await self.until(lambda log=log, conversation=conversation: set(log) <= set(self.numbers(conversation)))


def config(url, **options):
    return {
        "channels": {"web": {"type": "fake"}, "shop": {"type": "fake"}},
        "bots": {"bot": {"type": "fake"}},
        "platforms": {"desk": {"type": "fake"}},
        "listeners": {"crm": {"type": "events", "url": url, "secret": SECRET, **options}},
        "routes": {
            "main": {"channels": ["web"], "bot": "bot", "handoff": ["desk"]},
            "sales": {"channels": ["shop"], "bot": "bot", "handoff": ["desk"]},
        },
    }


@asynccontextmanager
async def receiving():
    """Run a receiver."""
    receiver = Receiver()
    await receiver.start()
    try:
        yield receiver
    finally:
        await receiver.stop()


@asynccontextmanager
async def standing(folder, **options):
    """Run both."""
    async with receiving() as receiver, Harness(config(receiver.url, **options), folder=folder) as gateway:
        yield gateway, receiver
