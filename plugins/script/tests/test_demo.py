"""The demo's script is right."""

from __future__ import annotations

from pathlib import Path

from gateway_script.loading import load

SHOP = Path(__file__).parents[3] / "config" / "demo" / "shop.yaml"


def test_the_demo_script_has_no_mistakes():
    loaded = load(SHOP)

    assert loaded.mistakes == []
    assert loaded.warnings == []
