"""What is imported at every start: each module here is time until the gateway takes messages, and memory ever after."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.architecture.source import ROOT

LISTED = """
import json, sys
{work}
print(json.dumps(sorted(sys.modules)))
"""
EVERY_KIND = """
from gateway import config, runtime
from gateway.plugins import PluginHost
assert not PluginHost().problems
"""
LARGE = {"jsonschema", "jwt", "markdown_it", "puremagic", "pydantic_settings", "regex"}
"""What others wrote and only some need: some kinds, some messages, some commands."""


def imported_by(work):
    run = subprocess.run(
        [sys.executable, "-c", LISTED.format(work=work)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return json.loads(run.stdout)


def test_a_plugin_that_is_not_in_the_config_costs_its_options_only():
    modules = imported_by(EVERY_KIND)

    assert "gateway_widget.options" in modules
    assert {name.partition(".")[0] for name in modules} & LARGE == set()


def test_what_an_instance_is_made_of_is_imported_when_one_is_made():
    modules = [name.split(".") for name in imported_by(EVERY_KIND) if name.startswith("gateway_")]

    early = {"channel", "commands", "engine", "intake", "listener", "platform", "wire"}

    assert [".".join(path) for path in modules if len(path) > 1 and path[1] in early] == []


def test_help_loads_neither_plugins_nor_the_server():
    modules = imported_by("from gateway.cli import main")

    assert [name for name in modules if name.startswith(("gateway_", "aiohttp", "structlog"))] == []
