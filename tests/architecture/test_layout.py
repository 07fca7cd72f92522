"""All plugin folders look alike, so that who knows one knows them all."""

from __future__ import annotations

import tomllib

import pytest

from gateway.config.loading import OUR_KINDS
from tests.architecture.source import PLUGINS, ROOT


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_a_plugin_folder_is_complete(plugin):
    package = f"src/gateway_{plugin.name.replace('-', '_')}"
    wanted = ["README.md", "sample.yaml", f"{package}/__init__.py", f"{package}/py.typed", "tests"]

    assert [name for name in wanted if not (plugin / name).exists()] == []


def test_every_plugin_folder_is_a_distribution():
    folders = {path.name for path in (ROOT / "plugins").iterdir() if any(path.glob("[!_.]*"))}

    assert folders == {plugin.name for plugin in PLUGINS}


def test_only_our_own_plugins_are_recommended():
    """Whoever takes another name could be anybody."""
    assert {path.name for path in PLUGINS} == OUR_KINDS


def test_every_plugin_is_locked():
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    locked = {package["name"] for package in lock["package"]}

    assert {f"gateway-{plugin.name}" for plugin in PLUGINS} <= locked, "run `make lock`"
