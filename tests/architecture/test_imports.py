"""Who may import whom. The layers stand in pyproject.toml, [tool.importlinter]; the rest stands here."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.architecture.source import CORE, PLUGINS, ROOT, Import, core_files, imports_of, plugin_files, where

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLUGIN_PACKAGES = {f"gateway_{plugin.name.replace('-', '_')}" for plugin in PLUGINS}

# What says and what decides touches neither the network nor the disk, neither the clock nor chance.
PURE = ("model", "errors", "conversation", "entries", "events", "decide", "render", "texts")
IMPURE = (
    "aiohttp", "asyncio", "logging", "os", "pathlib", "pluggy", "prometheus_client", "random", "secrets", "socket",
    "sqlite3", "structlog", "subprocess", "threading", "time", "uuid", "uvloop",
)  # fmt: skip

# The loop knows the protocols; who stands behind them is the business of `runtime`.
LOOP = ("engine", "dispatch", "lanes", "mailbox", "feed", "signals", "carry")
BEHIND_THE_LOOP = (
    "aiohttp",
    "sqlite3",
    "gateway.plugins",
    "gateway.web",
    "gateway.store.memory",
    "gateway.store.sqlite",
)

KNOWS_PLUGGY = {"gateway/hookspecs.py", "gateway/plugins.py"}


def listed(found: list[Import]) -> str:
    return "".join(f"\n  {each}" for each in found)


def violations(files: list[Path], forbidden: Callable[[Import], bool]) -> list[Import]:
    return [each for file in files for each in imports_of(file) if forbidden(each)]


def speaks_http(file: Path) -> bool:
    return file == CORE / "web.py" or (CORE / "web") in file.parents or (CORE / "testing") in file.parents


def test_layers_are_kept():
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-cache",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr


def files_of(*modules: str) -> list[Path]:
    """The files of these modules of the core, be they one file or a package. Some may not be written yet."""
    return [file for file in core_files() if file.relative_to(CORE).parts[0].removesuffix(".py") in modules]


def test_what_decides_is_pure():
    found = violations(
        files_of(*PURE), lambda each: any(each.reaches(module) for module in IMPURE) and not each.only_for_types
    )

    assert not found, f"hand it in as a value:{listed(found)}"


def test_the_loop_knows_only_protocols():
    found = violations(
        files_of(*LOOP),
        lambda each: any(each.reaches(module) for module in BEHIND_THE_LOOP) and not each.only_for_types,
    )

    assert not found, f"runtime puts the parts together:{listed(found)}"


def test_only_the_plugin_host_knows_pluggy():
    files = [file for file in core_files() if where(file) not in KNOWS_PLUGGY]

    found = violations(files, lambda each: each.reaches("pluggy"))

    assert not found, f"only {' and '.join(sorted(KNOWS_PLUGGY))} know pluggy:{listed(found)}"


def test_only_web_and_the_test_kit_serve_http():
    files = [file for file in core_files() if not speaks_http(file)]

    found = violations(files, lambda each: each.reaches("aiohttp.web") and not each.only_for_types)

    assert not found, f"import aiohttp.web under TYPE_CHECKING, or do it in gateway/web:{listed(found)}"


def test_the_core_knows_no_plugin():
    found = violations(core_files(), lambda each: any(each.reaches(package) for package in PLUGIN_PACKAGES))

    assert not found, f"the core finds plugins by their entry points:{listed(found)}"


def test_the_core_does_not_import_from_its_own_facade():
    files = [file for file in core_files() if (CORE / "testing") not in file.parents]
    modules = {file.stem for file in CORE.iterdir()}

    found = violations(files, lambda each: each.module == "gateway" and each.name not in modules)

    assert not found, f"import from gateway.<module>; `import gateway` is for plugins:{listed(found)}"


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_a_plugin_sees_only_the_facade(plugin):
    modules = {file.stem for file in CORE.iterdir()} - {"testing", "__init__"}

    def inside(each: Import) -> bool:
        if each.module == "gateway":
            return each.name in modules
        return each.reaches("gateway") and not each.reaches("gateway.testing")

    found = violations(plugin_files(plugin, "src", "tests"), inside)

    assert not found, f"a plugin imports gateway and gateway.testing, nothing below:{listed(found)}"


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_a_plugin_knows_no_other_plugin(plugin):
    others = PLUGIN_PACKAGES - {f"gateway_{plugin.name.replace('-', '_')}"}

    found = violations(plugin_files(plugin, "src", "tests"), lambda each: any(each.reaches(other) for other in others))

    assert not found, f"plugins meet in the core only:{listed(found)}"


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_a_plugin_says_what_it_needs(plugin):
    """Every plugin depends on the core, from the workspace, and registers under its own name."""
    pyproject = tomllib.loads((plugin / "pyproject.toml").read_text(encoding="utf-8"))
    package = f"gateway_{plugin.name.replace('-', '_')}"

    assert pyproject["project"]["name"] == f"gateway-{plugin.name}"
    assert "integration-gateway" in " ".join(pyproject["project"]["dependencies"])
    assert pyproject["tool"]["uv"]["sources"]["integration-gateway"] == {"workspace": True}
    assert pyproject["project"]["entry-points"]["gateway"][plugin.name].startswith(f"{package}.")
