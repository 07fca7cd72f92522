# mypy: allow-untyped-defs, allow-untyped-calls
"""Nobody has to read what the gateway writes: it serves all the same, and ends as it should."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.acceptance.process import ROOT, GatewayProcess

DEMO = ROOT / "config" / "demo.yaml"
CLOSING = ["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-']


class Unread(GatewayProcess):
    """Writes into a pipe whose other end is gone, as after `gateway serve 2>&1 | head -1`."""

    def launch(self):
        reading, writing = os.pipe()
        os.close(reading)
        command = [sys.executable, "-m", "gateway", "serve", "--config", str(self.config)]
        self._process = subprocess.Popen(command, env=self.environ, stdout=writing, stderr=writing, cwd=ROOT)
        os.close(writing)

    @property
    def log(self):
        return "(nobody read it)"


class Closed(Unread):
    """Has no standard streams at all, as some parents leave their children."""

    def launch(self):
        command = [*CLOSING, sys.executable, "-m", "gateway", "serve", "--config", str(self.config)]
        self._process = subprocess.Popen(command, env=self.environ, cwd=ROOT)


@pytest.mark.parametrize("kind", [Unread, Closed])
async def test_a_gateway_nobody_listens_to_goes_on(kind, tmp_path):
    async with kind(DEMO, tmp_path) as gateway:
        assert "nobody listens here" in await gateway.get("/hooks/nobody/at-all")  # which writes a line into the log
        assert await gateway.stop() == 0


async def test_who_stopped_it_is_in_the_log(tmp_path):
    async with GatewayProcess(DEMO, tmp_path) as gateway:
        await gateway.stop()

        assert '"signal":"SIGTERM","event":"gateway.stopping"' in gateway.log
