"""Starts what is measured and what it is measured against: processes of their own, on a core of their own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml

PROGRAMS = Path(__file__).parent / "programs"
ROOT = Path(__file__).parents[2]
CPU_CLOCK = 2
"""The part of a clock id that means CPU time of a process; see clock_getcpuclockid(3)."""
READY_SECONDS = 120.0
SERVER_CORE, PEER_CORE = 0, 1


class Ended(Exception):
    """A program ended, or was never ready; the text is the last it said."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server under test."""

    process: subprocess.Popen[str]
    port: int
    log: Path

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """Give an order to a program that obeys lines of JSON; return its answer."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise Ended(last_words(self.log))
        answer: dict[str, Any] = json.loads(line)
        return answer

    def cpu_seconds(self) -> float:
        """User and system time of the process so far, all threads, to the nanosecond (Linux)."""
        return time.clock_gettime(~self.process.pid << 3 | CPU_CLOCK)

    def rss_kb(self) -> int:
        """Memory in use, in kilobytes (1024 bytes)."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])

    def kill(self) -> None:
        """End it as a power cut would, but for the page cache."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Servers:
    """Processes that end with the block."""

    def __init__(self, folder: Path) -> None:
        """`folder`: for configs, stores and logs."""
        self._folder = folder
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def program(self, name: str, *words: str, core: int = SERVER_CORE, python: str | Path = sys.executable) -> Server:
        """Start one of the programs, which prints its port first."""
        log = self._folder / f"{name}.log"
        process = self._started([str(python), str(PROGRAMS / f"{name}.py"), *words], core=core, log=log, talks=True)
        assert process.stdout
        port = process.stdout.readline().strip()
        if not port:
            raise Ended(last_words(log))
        return Server(process, int(port), log)

    def gateway(self, name: str, config: dict[str, Any], *, port: int = 0, poll_seconds: float = 0.02) -> Server:
        """Start `gateway serve`, with the bench's plugins found as every plugin is found; return when it is ready."""
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        port = port or free_port()
        whole = {**config, "server": {"port": port, **config.get("server", {})}}
        whole.setdefault("store", {"type": "sqlite", "path": str(folder / "data")})
        whole.setdefault("log", {"format": "json"})
        file = folder / "gateway.yaml"
        file.write_text(yaml.safe_dump(whole), encoding="utf-8")
        command = [sys.executable, "-m", "gateway", "serve", "--config", str(file)]
        log = folder / "gateway.log"
        environ = {**os.environ, "PYTHONPATH": str(_plugins(folder))}
        process = self._started(command, core=SERVER_CORE, log=log, env=environ)
        _await_ready(port, process, log, poll_seconds)
        return Server(process, port, log)

    def _started(
        self, command: Sequence[str], *, core: int, log: Path, talks: bool = False, **more: Any
    ) -> subprocess.Popen[str]:
        with log.open("a", encoding="utf-8") as errors:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else errors,
                stderr=errors,
                text=True,
                preexec_fn=lambda: prepared(core),  # noqa: PLW1509 - no threads here yet
                **more,
            )
        self._stack.callback(_end, process)
        return process


def prepared(core: int) -> None:
    """Bind this process to a core, where that is possible, and let it open as many sockets as it may."""
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {allowed[core % len(allowed)]})
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()


def _plugins(folder: Path) -> Path:
    """Make the bench's plugin findable without touching the environment: a folder for PYTHONPATH."""
    site = folder / "site"
    info = site / "gateway_bench-0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gateway-bench\nVersion: 0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[gateway]\nbench = gateway_bench\n", encoding="utf-8")
    shutil.copy(PROGRAMS / "gateway_bench.py", site)
    return site


def _await_ready(port: int, process: subprocess.Popen[str], log: Path, poll_seconds: float) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready"):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(poll_seconds)  # another process is what is waited for
    raise Ended(last_words(log))


def last_words(log: Path) -> str:
    """Return the end of a log, for an error."""
    lines = log.read_text(encoding="utf-8").strip().splitlines()[-3:]
    return " / ".join(lines)[-400:] or "it said nothing"


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
