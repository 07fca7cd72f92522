"""An endpoint we did not write, as a judge: aimock (https://github.com/CopilotKit/aimock), in the user's cache.

It is installed once from npm, in the version named here; it has no dependencies of its own.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import ClientSession

PACKAGE, VERSION = "@copilotkit/aimock", "1.43.0"
FOLDER = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "integration-gateway" / "oracles"
INSTALL_SECONDS = 110
START_SECONDS = 60
FIXTURES = Path(__file__).with_name("aimock.json")


class CannotBeMade(Exception):
    """Why there is no judge: no node, no npm, no network."""


def command():
    """What starts it; it is installed if it is not there yet."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise CannotBeMade("there is no node or no npm; on Debian: apt-get install nodejs npm")
    folder = FOLDER / f"aimock-{VERSION}"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            _install(npm, folder)
    return [node, str(folder / "node_modules" / ".bin" / "llmock")]


def _install(npm, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "package.json").write_text(json.dumps({"private": True}), encoding="utf-8")
    quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    try:
        done = subprocess.run(
            [npm, "install", *quiet, "--save-exact", f"{PACKAGE}@{VERSION}"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CannotBeMade(f"installing {PACKAGE} took too long") from None
    if done.returncode:
        raise CannotBeMade(f"{PACKAGE} cannot be installed: {done.stderr.strip()[-300:]}")
    (folder / "ready").touch()


class Judge:
    """A running aimock."""

    def __init__(self, url, key, http):
        self.url = url
        self._headers = {"Authorization": f"Bearer {key}"}
        self._http = http

    async def breaks(self, **rates):
        """Let requests go wrong from now on: `dropRate`, `malformedRate`, `disconnectRate`, `rateLimitRate` up to 1."""
        async with self._http.post(f"{self.url}/__aimock/chaos", json=rates, headers=self._headers) as answer:
            assert answer.status == 200, await answer.text()

    async def asked(self):
        """Return the requests it took for chat completions, in order."""
        async with self._http.get(f"{self.url}/__aimock/journal", headers=self._headers) as answer:
            entries = await answer.json()
        return [entry for entry in entries if entry["path"] == "/v1/chat/completions"]


@asynccontextmanager
async def running(key):
    """Run it on a free port, with our fixtures; only who has the key is served."""
    start = command()
    options = ["--host", "127.0.0.1", "--port", "0", "--fixtures", str(FIXTURES), "--strict", "--log-level", "info"]
    process = await asyncio.create_subprocess_exec(
        *start,
        *options,
        env={**os.environ, "AIMOCK_API_KEYS": key},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            url = await _address(process.stdout)
        draining = asyncio.create_task(process.stdout.read())
        async with ClientSession() as http:
            yield Judge(url, key, http)
        draining.cancel()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _address(output):
    said = ""
    while line := (await output.readline()).decode():
        said += line
        if "listening on " in line:
            return line.rpartition("listening on ")[2].strip()
    raise AssertionError(f"aimock did not start: {said}")
