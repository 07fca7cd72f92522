"""A durable listener that fails as a test wants it to."""

from __future__ import annotations

import asyncio

from gateway import Failure, ListenerKind, Options, hookimpl

WAIT_SECONDS = 10


class Nothing(Options):
    """No options."""


class FakeListener:
    """Remembers (conversation, number) of what it took; `refuse` says why it does not take a change."""

    def __init__(self, context, _options):
        self.context = context
        self.heard = []
        self.tried = []
        self.refuse = lambda _change: None
        self._changed = asyncio.Event()

    async def start(self):
        """Nothing."""

    async def stop(self):
        """Nothing."""

    async def notice(self, change):
        [entry] = change.entries
        self.tried.append((change.conversation.client.id, entry.number))
        self._changed.set()
        failure = self.refuse(change)
        if isinstance(failure, Failure):
            raise failure
        self.heard.append((change.conversation.client.id, entry.number))

    def of(self, client):
        return [number for name, number in self.heard if name == client]

    async def until(self, condition):
        async with asyncio.timeout(WAIT_SECONDS):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


KIND = ListenerKind(name="durable", summary="Misses nothing", options=Nothing, build=FakeListener, durable=True)


@hookimpl
def register_listeners():
    return [KIND]
