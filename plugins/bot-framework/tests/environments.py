# mypy: allow-untyped-defs, allow-untyped-calls
"""A virtual environment for the SDK we do not want in ours: made once, kept in the user's cache."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = ("microsoft-agents-hosting-core==1.9.0", "microsoft-agents-hosting-aiohttp==1.9.0")
FOLDER = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "integration-gateway" / "oracles"
INSTALL_SECONDS = 110


class CannotBeMade(Exception):
    """Why there is no environment: no uv, no network."""


def agents_python():
    """The interpreter of an environment with the SDK; it is made if it is not there yet."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = FOLDER / f"{REQUIREMENTS[0].replace('==', '-')}-py{version}"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            _make(folder)
    return folder / "bin" / "python"


def _make(folder):
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        raise CannotBeMade("there is no uv")
    shutil.rmtree(folder, ignore_errors=True)
    env = {**os.environ, "VIRTUAL_ENV": str(folder)}
    for command in (["venv", "--python", sys.executable, str(folder)], ["pip", "install", *REQUIREMENTS]):
        try:
            done = subprocess.run(
                [uv, "--quiet", *command], env=env, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise CannotBeMade(f"installing {REQUIREMENTS[0]} took too long") from None
        if done.returncode:
            raise CannotBeMade(f"{REQUIREMENTS[0]} cannot be installed: {done.stderr.strip()[-300:]}")
    (folder / "ready").touch()
