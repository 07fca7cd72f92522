"""A real `gateway serve` in a process of its own, that can be stopped, killed and started again."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

import aiohttp

ROOT = Path(__file__).parents[2]
READY_SECONDS = 60.0
PAUSE_SECONDS = 0.05


class GatewayProcess:
    """Runs a config file on a free port, with its data in `folder`."""

    ready_seconds = READY_SECONDS

    def __init__(self, config: Path, folder: Path) -> None:
        self.config = config
        self.folder = folder
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.kill()  # a test that fails leaves nothing behind
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process and self._process.poll() is None:
            await self.stop()

    @property
    def environ(self) -> dict[str, str]:
        """What it runs in: the config's port and data folder replaced by the test's own."""
        own = {"GATEWAY_SERVER__PORT": str(self.port), "GATEWAY_STORE__PATH": str(self.folder / "data")}
        return {**os.environ, **own}

    @property
    def log(self) -> str:
        """What it has written so far."""
        return (self.folder / "gateway.log").read_text(encoding="utf-8")

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def code(self) -> int | None:
        """Its exit code, or the negative number of the signal that ended it; None: it runs."""
        assert self._process
        return self._process.poll()

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        self.launch()
        await self.ready()

    def launch(self) -> None:
        """Start it."""
        with (self.folder / "gateway.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gateway", "serve", "--config", str(self.config)],
                env=self.environ,
                stdout=log,
                stderr=log,
                cwd=ROOT,
            )

    async def ready(self) -> None:
        """Wait until it is ready."""
        async with asyncio.timeout(self.ready_seconds):
            while not await self._is_ready():
                assert self.running, self.log
                await asyncio.sleep(PAUSE_SECONDS)  # another process: there is no event to wait for

    async def stop(self) -> int:
        """Ask it to stop; return its exit code."""
        assert self._process
        self._process.terminate()
        return await asyncio.to_thread(self._process.wait, READY_SECONDS)

    async def kill(self) -> None:
        """End it without a word, as a crash would."""
        assert self._process
        self._process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(self._process.wait)

    async def ended(self, *, within_seconds: float) -> bool:
        """Wait for it to end by itself; tell whether it did."""
        assert self._process
        try:
            await asyncio.to_thread(self._process.wait, within_seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    async def get(self, path: str) -> str:
        """Return the body of an address of it."""
        async with aiohttp.ClientSession() as session, session.get(self.url + path) as response:
            return await response.text()

    def run(self, *arguments: str) -> str:
        """Run another gateway command on the same config; return what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "gateway", *arguments, "--config", str(self.config)],
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    async def _is_ready(self) -> bool:
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{self.url}/health/ready") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False


def _free_port() -> int:
    """Return a port that is free, also while the gateway is down: the system gives nobody one of these by itself."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
