# mypy: allow-untyped-defs, allow-untyped-calls
"""Nobody has to read what the gateway writes: it serves all the same, and ends as it should."""

from __future__ import annotations

import os
import subprocess
import sys

import aiohttp
import pytest

from tests.acceptance.process import ROOT, GatewayProcess

DEMO = ROOT / "config" / "demo.yaml"
CLOSING = ["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-']


class Unread(GatewayProcess):
    """Writes into a pipe whose other end is gone, as after `gateway serve 2>&1 | head -1`."""

    @property
    def arguments(self):
        return [sys.executable, "-m", "gateway", "serve", "--config", str(self.config)]

    def launch(self):
        reading, writing = os.pipe()
        os.close(reading)
        self._process = subprocess.Popen(self.arguments, env=self.environ, stdout=writing, stderr=writing, cwd=ROOT)
        os.close(writing)

    @property
    def log(self):
        return "(nobody read it)"


class Simulation(Unread):
    """`gateway simulate jivo`; there, too, nobody reads what it prints."""

    @property
    def arguments(self):
        return [sys.executable, "-m", "gateway", "simulate", "jivo", "--no-open", "--port", str(self.port)]

    async def _is_ready(self):
        try:
            return "<title>" in await self.get("/")
        except aiohttp.ClientError:
            return False


class Closed(Unread):
    """Has no standard streams at all, as some parents leave their children."""

    def launch(self):
        self._process = subprocess.Popen([*CLOSING, *self.arguments], env=self.environ, cwd=ROOT)


@pytest.mark.parametrize("kind", [Unread, Closed])
async def test_a_gateway_nobody_listens_to_goes_on(kind, tmp_path):
    async with kind(DEMO, tmp_path) as gateway:
        assert "nobody listens here" in await gateway.get("/hooks/nobody/at-all")  # which writes a line into the log
        assert await gateway.stop() == 0


async def test_a_simulation_nobody_listens_to_goes_on(tmp_path):
    async with Simulation(DEMO, tmp_path) as simulation:
        assert "<title>" in await simulation.get("/")


async def test_who_stopped_it_is_in_the_log(tmp_path):
    async with GatewayProcess(DEMO, tmp_path) as gateway:
        await gateway.stop()

        assert '"signal":"SIGTERM","event":"gateway.stopping"' in gateway.log
