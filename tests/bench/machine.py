"""What it was measured on, read from the machine itself."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tests.bench.servers import ROOT

PACKAGES = ("aiohttp", "uvloop", "orjson", "pydantic", "httptools", "structlog", "prometheus-client")
SYNCS = 200
BLOCK = bytes(4096)


def described(folder: Path) -> dict[str, Any]:
    """Return facts about machine, versions and the state of the sources. `folder`: where the stores are written."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "fsync_ms": round(statistics.median(fsync_ms(folder) for _ in range(5)), 3),
        "load_before": round(os.getloadavg()[0], 2),
        "packages": {name: _version(name) for name in PACKAGES},
        "commit": _git("rev-parse", "--short", "HEAD") + ("+changes" if _git("status", "--porcelain") else ""),
        "at": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
    }


def fsync_ms(folder: Path, times: int = SYNCS) -> float:
    """Append 4 KiB and call fdatasync, so often; return the median in milliseconds."""
    file = folder / "fsync"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    took = []
    try:
        for _ in range(times):
            began = time.perf_counter()
            os.write(descriptor, BLOCK)
            os.fdatasync(descriptor)
            took.append(time.perf_counter() - began)
    finally:
        os.close(descriptor)
        file.unlink()
    return statistics.median(took) * 1000


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _git(*words: str) -> str:
    done = subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True, check=False)
    return done.stdout.strip()
