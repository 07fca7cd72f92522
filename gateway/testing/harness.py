"""A whole gateway inside a test: real engine, store, dispatcher and HTTP, on a loopback port of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Self, cast

import yaml

from gateway.config import load
from gateway.conversation import Conversation
from gateway.entries import Entry, Said
from gateway.given import Change
from gateway.plugins import GROUP, PluginHost
from gateway.runtime import Gateway
from gateway.testing.fakes import Fake, FakeBot, FakeChannel, FakePlatform

WAIT_SECONDS = 30.0
"""How long `Harness.until` waits before it fails the test."""

SIMPLE: Mapping[str, Any] = {
    "channels": {"web": {"type": "fake"}},
    "bots": {"bot": {"type": "fake"}},
    "platforms": {"desk": {"type": "fake"}},
    "routes": {"main": {"channels": ["web"], "bot": "bot", "handoff": ["desk"]}},
}
"""The smallest gateway: one fake of each."""

SERVER = {"port": 0, "shutdown_seconds": 2, "max_loop_delay_seconds": 600}
"""A machine that is slow because many tests run on it is not overloaded."""


class Clock:
    """A clock that goes as usual, and can be moved forward."""

    def __init__(self) -> None:
        """Begin with the real time."""
        self.ahead = 0.0

    def __call__(self) -> float:
        """Return unix seconds."""
        return time.time() + self.ahead


def plugin_host(*plugins: str, installed: bool = True) -> PluginHost:
    """Return a host with the fakes, the given plugins (`module` or `module:attribute`), and what is installed."""
    extra = [EntryPoint(name=value, value=value, group=GROUP) for value in ("gateway.testing.fakes", *plugins)]
    found: Iterable[EntryPoint] = entry_points(group=GROUP) if installed else ()
    return PluginHost([*found, *extra])


class Harness:
    """Runs a gateway from a config; `async with Harness(...) as gateway`.

    The store is SQLite in `folder`, so that a second harness on the same folder is a restart; with `memory` nothing but
    files is kept there.
    """

    def __init__(
        self,
        config: Mapping[str, Any] | None = None,
        *,
        folder: Path,
        memory: bool = False,
        host: PluginHost | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`config`: as in YAML (default: `SIMPLE`); port and store are chosen here."""
        self.clock = clock or Clock()
        self._changed = asyncio.Event()
        file = folder / "gateway.yaml"
        given = config or SIMPLE
        whole = {
            "store": {"type": "memory" if memory else "sqlite", "path": "data"},
            **given,
            "server": {**SERVER, **given.get("server", {})},
        }
        file.write_text(yaml.safe_dump(whole), encoding="utf-8")
        loaded = load(file, host or plugin_host(), {})
        if loaded.settings is None:
            raise AssertionError("\n".join(map(str, loaded.problems)))
        self.gateway = Gateway(loaded.settings, now=self.clock)
        self.gateway.feed.watch_all(self._on_change)
        self.gateway.dispatcher.on_end = self._changed.set
        for running in self.gateway.instances.values():
            if isinstance(running.component, Fake):
                running.component.on_call = self._changed.set

    async def __aenter__(self) -> Self:
        """Start it."""
        await self.gateway.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop it gracefully."""
        await self.gateway.stop()

    # --- its parts -----------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Its address."""
        return self.gateway.url

    def channel(self, name: str = "web") -> FakeChannel:
        """Return a fake channel."""
        return cast("FakeChannel", self.gateway.instances[name].component)

    def bot(self, name: str = "bot") -> FakeBot:
        """Return a fake bot."""
        return cast("FakeBot", self.gateway.instances[name].component)

    def platform(self, name: str = "desk") -> FakePlatform:
        """Return a fake platform."""
        return cast("FakePlatform", self.gateway.instances[name].component)

    async def conversation(self, client: str = "ann", channel: str = "web") -> Conversation:
        """Return the newest conversation with a client."""
        conversation = await self.gateway.engine.of_client(channel, client)
        assert conversation is not None, f"{client!r} has no conversation"  # noqa: S101 - a test kit
        return conversation

    async def log(self, client: str = "ann", channel: str = "web") -> list[Entry]:
        """Return the log of a client's newest conversation."""
        conversation = await self.conversation(client, channel)
        return list(await self.gateway.store.entries(conversation.id, limit=10_000))

    async def transcript(self, client: str = "ann", channel: str = "web") -> list[str]:
        """Return the log in words: `role: text` for what was said, the entry's type for the rest."""
        return [in_words(entry) for entry in await self.log(client, channel)]

    # --- waiting -------------------------------------------------------------------------------------------------

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition that commits or calls to fakes bring about."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def settled(self) -> None:
        """Wait until no effect is left to carry out."""
        await self.until(lambda: not self.gateway.dispatcher.pending())

    def advance(self, seconds: float) -> None:
        """Move the clock forward; what is due by then happens."""
        self.clock.ahead += seconds
        self.gateway.dispatcher.check_clock()

    def _on_change(self, _change: Change) -> None:
        self._changed.set()


def in_words(entry: Entry) -> str:
    """Return an entry as a line to compare."""
    if isinstance(entry.body, Said):
        return f"{entry.body.role.value}: {entry.body.message.text}"
    return entry.body.type
