"""Virtual environments for frameworks we do not want in ours: made once, kept in the user's cache."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.bench.table import CannotRun

FOLDER = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "integration-gateway" / "bench"
INSTALL_SECONDS = 300


def python_with(name: str, *requirements: str) -> Path:
    """Return the interpreter of an environment with these packages; it is made if it is not there yet."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = FOLDER / f"{name}-{requirements[0].rpartition('==')[2]}-py{version}"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            _make(folder, requirements)
    return folder / "bin" / "python"


def _make(folder: Path, requirements: tuple[str, ...]) -> None:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        raise CannotRun("there is no uv to make an environment with")
    shutil.rmtree(folder, ignore_errors=True)
    env = {**os.environ, "VIRTUAL_ENV": str(folder)}
    for command in (["venv", "--python", sys.executable, str(folder)], ["pip", "install", *requirements]):
        done = subprocess.run(
            [uv, "--quiet", *command], env=env, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
        if done.returncode:
            raise CannotRun(f"{requirements[0]} cannot be installed: {done.stderr.strip()[-300:]}")
    (folder / "ready").touch()
