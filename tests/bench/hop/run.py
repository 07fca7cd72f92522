"""How much of the physically possible is left? Run by hand: `python tests/bench/hop/run.py [--rounds N]`.

A hop is a client's message: a webhook in, the bot asked by a POST, its answer sent to the channel by a POST. All
servers are up together; slices of a second alternate in shuffled order, so that a noisy neighbour hits everybody. The
table shows medians of the ratios to the floor's slice of the same round, with a bootstrap interval, and the CPU time
the server's process used per hop. Compare ratios, not numbers of different machines.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
READY_SECONDS = 30.0
SERVER_CORE, PEER_CORE = 0, 1


@dataclass(slots=True)
class Server:
    """A server under test."""

    name: str
    process: subprocess.Popen[str]
    port: int
    slices: list[dict[str, Any]] = field(default_factory=list)

    def cpu_seconds(self) -> float:
        """User and system time of the process so far, all threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


class Generator:
    """The peer process, told what to do."""

    def __init__(self) -> None:
        self._process = started([sys.executable, str(HERE / "peer.py")], core=PEER_CORE, talks=True)
        self.url = f"http://127.0.0.1:{self._process.stdout.readline().strip()}"  # type: ignore[union-attr]

    def slice(self, server: Server, **order: Any) -> dict[str, Any]:
        """Measure one slice."""
        before = server.cpu_seconds()
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps({"port": server.port, **order}) + "\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        found["cpu_us"] = (server.cpu_seconds() - before) / max(found["all"], 1) * 1e6
        found["rate"] = found["hops"] / found["seconds"]
        return found

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


def started(command: list[str], *, core: int, talks: bool = False, **more: Any) -> subprocess.Popen[str]:
    """Start a process on one core."""
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE if talks else None,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core} if os.cpu_count() != 1 else {0}),  # noqa: PLW1509
        **more,
    )


def floor(peer: str) -> Server:
    """Start the floor."""
    process = started([sys.executable, str(HERE / "floor.py"), peer], core=SERVER_CORE)
    return Server("floor", process, int(process.stdout.readline()))  # type: ignore[union-attr]


def gateway(
    peer: str, folder: Path, name: str = "gateway", limits: dict[str, Any] | None = None, **settings: Any
) -> Server:
    """Start `gateway serve` with the bench's plugins, found as every plugin is found."""
    port = free_port()
    config = {
        "server": {"port": port, **(limits or {})},
        "store": {"type": "sqlite", "path": str(folder / "data")},
        "channels": {"in": {"type": "bench", "url": peer}},
        "bots": {"bot": {"type": "bench", "url": peer}},
        "routes": {"main": {"channels": ["in"], "bot": "bot"}},
        **settings,
    }
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "gateway.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    command = [sys.executable, "-m", "gateway", "serve", "--config", str(file)]
    environment = {**os.environ, "PYTHONPATH": str(installed(folder))}
    with (folder / "gateway.log").open("w") as log:
        process = started(command, core=SERVER_CORE, env=environment, stderr=log)
    await_ready(port, process)
    return Server(name, process, port)


def installed(folder: Path) -> Path:
    """Make the plugin findable, without touching the environment: a folder for PYTHONPATH."""
    site = folder / "site"
    info = site / "gateway_bench-0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gateway-bench\nVersion: 0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[gateway]\nbench = gateway_bench\n", encoding="utf-8")
    shutil.copy(HERE / "gateway_bench.py", site)
    return site


def await_ready(port: int, process: subprocess.Popen[str]) -> None:
    """Wait until it says so."""
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready"):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise SystemExit(f"the gateway did not start: {process.poll()}")


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- figures ---------------------------------------------------------------------------------------------------------


def interval(values: list[float], rounds: int = 2000) -> tuple[float, float]:
    """Return the middle 90 % of the medians of resampled values."""
    medians = sorted(statistics.median(random.choices(values, k=len(values))) for _ in range(rounds))
    return medians[rounds // 20], medians[-rounds // 20]


def row(server: Server, base: Server) -> str:
    """Return a line of the table."""
    ratios = [one["rate"] / other["rate"] for one, other in zip(server.slices, base.slices, strict=True)]
    low, high = interval(ratios)
    middle = {key: statistics.median(each[key] for each in server.slices) for key in ("rate", "cpu_us")}
    ack, hop = (statistics.median(quantile(each[key], 50) for each in server.slices) for key in ("ack", "hop"))
    trouble = {key: sum(each[key] for each in server.slices) for key in ("lost", "twice", "refused", "reordered")}
    return (
        f"{server.name:<22}{middle['rate']:>9.0f}{statistics.median(ratios):>8.2f} [{low:.2f}-{high:.2f}]"
        f"{middle['cpu_us']:>9.0f}{ack:>9.1f}{hop:>9.1f}  {trouble}"
    )


def quantile(values: list[float], percent: int) -> float:
    """Return a percentile; 0 of nothing."""
    return statistics.quantiles(values, n=100)[percent - 1] if len(values) > 1 else 0.0


def compare(servers: list[Server], generator: Generator, *, rounds: int, **order: Any) -> None:
    """Measure all servers in shuffled order, so often."""
    for server in servers:
        generator.slice(server, **order)  # warm
    for _ in range(rounds):
        for server in random.sample(servers, len(servers)):
            server.slices.append(generator.slice(server, **order))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=14)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--window", type=int, default=64)
    asked = parser.parse_args()
    generator = Generator()
    with tempfile.TemporaryDirectory() as folder:
        servers = [floor(generator.url), gateway(generator.url, Path(folder) / "gateway")]
        try:
            compare(servers, generator, rounds=asked.rounds, seconds=asked.seconds, window=asked.window)
            sys.stdout.write(f"{'':<22}{'hops/s':>9}{'ratio':>8}{'':<12}{'CPU us':>9}{'ack p50':>9}{'hop p50':>9}\n")
            for server in servers:
                sys.stdout.write(row(server, servers[0]) + "\n")
        finally:
            for server in servers:
                server.process.terminate()
            generator.stop()


if __name__ == "__main__":
    main()
