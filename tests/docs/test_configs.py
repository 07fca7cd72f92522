"""The configurations on the pages are right: `gateway check` would find nothing in them."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
import yaml

from gateway.config import load
from gateway.config.loading import SECTIONS
from gateway.plugins import PluginHost
from tests.docs.reading import Block, all_blocks

BASE: dict[str, Any] = {
    "channels": {"site": {"type": "widget"}},
    "bots": {"faq": {"type": "script", "file": "faq.yaml"}},
    "platforms": {
        "desk": {"type": "desk", "agents": [{"id": "anna", "name": "Anna", "token": "a-token-for-the-tests"}]}
    },
    "routes": {"support": {"channels": ["site"], "bot": "faq", "handoff": ["desk"]}},
}
"""What a fragment without channels or routes is put into."""

ELSEWHERE = ("first-plugin.md",)
"""Pages whose configurations need a plugin of their own; their tests are their own too."""

FILE = re.compile(r"\{ *\$file: *[^}]+\}")
VARIABLE = re.compile(r"\$env: *(\w+)")


def configurations() -> list[Block]:
    """Return the blocks that are configurations: mappings of sections."""
    return [block for block in all_blocks("yaml") if _is_configuration(block)]


def _is_configuration(block: Block) -> bool:
    if block.page.name in ELSEWHERE:
        return False
    data = yaml.safe_load(block.text)
    return isinstance(data, dict) and bool(data) and set(data) <= set(SECTIONS)


@pytest.fixture(scope="module")
def host() -> PluginHost:
    return PluginHost()


def problems_of(text: str, host: PluginHost, folder) -> list[str]:
    """Return what `gateway check` has against a configuration, its warnings included."""
    text = FILE.sub("{ $env: FROM_A_FILE }", text)
    whole = yaml.safe_load(text)
    if not {"channels", "routes"} <= set(whole):
        whole = _completed(whole)
    config = folder / "gateway.yaml"
    config.write_text(yaml.safe_dump(whole), encoding="utf-8")
    (folder / "faq.yaml").write_text("fallback: [{ say: hello }]\n", encoding="utf-8")
    environ = {name: f"{name}-with-forty-characters-to-be-long-enough" for name in VARIABLE.findall(text)}
    loaded = load(config, host, environ)
    errors = [problem for problem in loaded.problems if problem.severity == "error"]
    return [str(problem) for problem in errors if not _is_secret(whole, problem.path)]


def _is_secret(value: Any, path: str) -> bool:
    """Tell whether a secret stands at a path: ours are invented, and a kind may see that."""
    for step in path.replace("[", ".").replace("]", "").split("."):
        if not isinstance(value, dict | list):
            return False
        value = value[int(step)] if isinstance(value, list) else value.get(step)
    return isinstance(value, dict) and "$env" in value


def _completed(fragment: dict[str, Any]) -> dict[str, Any]:
    whole = copy.deepcopy(BASE)
    for section, values in fragment.items():
        whole[section] = {**whole.get(section, {}), **values}
    return whole


@pytest.mark.parametrize("block", configurations(), ids=str)
def test_a_configuration_on_a_page_is_right(block, host, tmp_path):
    assert problems_of(block.text, host, tmp_path) == []


def test_a_wrong_one_would_be_found(host, tmp_path):
    assert problems_of("server: { prot: 8080 }", host, tmp_path)


def test_there_are_configurations():
    assert len(configurations()) >= 8
