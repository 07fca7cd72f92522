# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs
"""What the tests share: a gateway that asks a bot, a bot that answers by a function, and a real agent."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

from gateway.testing import Harness
from gateway.testing.side import Side

AGENT = Path(__file__).parent / "oracles" / "agent.py"
START_SECONDS = 60
"""The SDK takes seconds to be imported, more on a busy machine."""


def config(url, **options):
    return {
        "channels": {"web": {"type": "fake"}},
        "bots": {"mine": {"type": "bot-framework", "url": url, **options}},
        "platforms": {"desk": {"type": "fake"}},
        "routes": {"main": {"channels": ["web"], "bot": "mine", "handoff": ["desk"]}},
    }


class FakeBot(Side):
    """A bot at `/api/messages` that answers an activity by a function: a list of activities, or any JSON."""

    def __init__(self):
        super().__init__()
        self.answer: Callable[[Any], Any] = lambda _activity: []

    def _named(self, _request, body: Any):
        return body.get("type", "") if isinstance(body, dict) else ""

    def _take(self, _request, _what, body: Any):
        answer = self.answer(body)
        return 200, {"activities": answer} if isinstance(answer, list) else answer

    def says(self, *activities):
        """Let it answer every message with these; other activities with nothing."""
        self.answer = lambda activity: list(activities) if activity["type"] == "message" else []

    @property
    def messages(self):
        return self.called("message")


@asynccontextmanager
async def standing(folder, **options):
    """Run a gateway and the fake bot."""
    async with FakeBot() as bot, Harness(config(f"{bot.url}/api/messages", **options), folder=folder) as gateway:
        yield gateway, bot


class Agent:
    """A real agent in a process of its own."""

    def __init__(self, python):
        self.process = subprocess.Popen(
            [python, AGENT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1
        )
        self._lines: Queue[str] = Queue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        (port,) = self.heard(1)
        self.url = f"http://127.0.0.1:{port}/api/messages"

    def _read(self):
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line.strip())

    def heard(self, count):
        """Wait for so many activities it was sent; return what it says about them."""
        return [self._lines.get(timeout=START_SECONDS) for _ in range(count)]

    def forget(self):
        """Forget what it was sent."""
        while not self._lines.empty():
            self._lines.get()

    def stop(self):
        self.process.kill()
        self.process.wait()
        self._reader.join()
        if self.process.stdout:
            self.process.stdout.close()
