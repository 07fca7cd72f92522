"""Plugins that behave badly, for the tests of the core's life and isolation."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, ClassVar

import aiohttp
from yarl import URL

from gateway import (
    AgentPlatformKind,
    Availability,
    ChannelKind,
    Context,
    Outgoing,
    Peer,
    Permanent,
    Receipt,
    Typing,
    WebhookRequest,
    WebhookResponse,
    hookimpl,
)
from gateway.testing.fakes import FakeChannel, FakePlatform, Nothing

TOKEN = "t0p-s3cret"


class Stubborn(FakeChannel):
    """Never ends by itself, not even if it is cancelled."""

    sending, may_end = asyncio.Event(), asyncio.Event()

    async def send(self, outgoing: Outgoing) -> Receipt:
        self.sending.set()
        await self._for_long()
        return Receipt()

    async def stop(self) -> None:
        await self._for_long()

    async def _for_long(self) -> None:
        while not self.may_end.is_set():
            with suppress(asyncio.CancelledError):
                await self.may_end.wait()


class Slow(FakeChannel):
    """Starts when it is told to; remembers its life."""

    starting, may_start = asyncio.Event(), asyncio.Event()
    life: ClassVar[list[str]] = []

    async def start(self) -> None:
        self.starting.set()
        await self.may_start.wait()
        self.life.append("started")

    async def stop(self) -> None:
        self.life.append("stopped")


class Broken(FakeChannel):
    """Cannot start."""

    async def start(self) -> None:
        Slow.may_start.set()
        raise Permanent("it is broken")


class Talkative(FakeChannel):
    """Fails with an exception that names the address it called."""

    async def start(self) -> None:
        url = URL(f"https://api.example.com/bot{TOKEN}/getMe")
        request: Any = aiohttp.RequestInfo(url, "GET", {}, url)  # type: ignore[arg-type]
        raise aiohttp.ContentTypeError(request, (), status=200, message=f"unexpected type at {url}")


class Typist(FakeChannel):
    """Never gets done with showing that somebody types."""

    async def typing(self, _signal: Typing, *, client: Peer, session: str) -> None:
        await asyncio.Event().wait()


class Hanging(FakeChannel):
    """Never answers a webhook."""

    async def webhook(self, _request: WebhookRequest) -> WebhookResponse:
        await asyncio.Event().wait()
        return WebhookResponse()


class Unbuildable(FakeChannel):
    """Cannot even be built."""

    def __init__(self, context: Context, options: Nothing) -> None:
        raise KeyError("options")


class Incomplete(FakeChannel):
    """Needs a module that is not there."""

    def __init__(self, context: Context, options: Nothing) -> None:
        raise ModuleNotFoundError(name="lost")


class Unroutable(FakeChannel):
    """Has mistakes in what it tells about its pages."""

    def routes(self) -> Any:
        return None


class Pageless(FakeChannel):
    """Has a mistake in what it tells about its pages."""

    def pages(self) -> Mapping[str, str]:
        raise KeyError("pages")


class Undecided(FakePlatform):
    """Never tells whether somebody is there."""

    async def availability(self, _destination: str) -> Availability:
        await asyncio.Event().wait()
        return Availability(online=True)


CHANNELS = (Stubborn, Slow, Broken, Talkative, Typist, Hanging, Unbuildable, Incomplete, Unroutable, Pageless)


@hookimpl
def register_channels() -> Iterable[ChannelKind[Nothing]]:
    return [
        ChannelKind(name=each.__name__.lower(), summary="Behaves badly", options=Nothing, build=each)
        for each in CHANNELS
    ]


@hookimpl
def register_agent_platforms() -> Iterable[AgentPlatformKind[Nothing]]:
    return [AgentPlatformKind(name="undecided", summary="Cannot tell", options=Nothing, build=Undecided)]
