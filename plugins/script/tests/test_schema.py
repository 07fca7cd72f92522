"""schema.json is what the models say, and judges scripts as they do."""

from __future__ import annotations

import json
from pathlib import Path

from gateway_script.commands import schema_text

SCHEMA = Path(__file__).parents[1] / "schema.json"


def test_the_schema_is_up_to_date():
    assert SCHEMA.read_text(encoding="utf-8") == schema_text(), (
        "run: gateway script schema > plugins/script/schema.json"
    )


def test_every_key_of_the_format_is_described():
    definitions = json.loads(schema_text())

    silent = [
        f"{name}.{key}"
        for name, definition in {"Script": definitions, **definitions["$defs"]}.items()
        for key, value in definition.get("properties", {}).items()
        if "description" not in value and "description" not in definition
    ]

    assert silent == []


def test_unknown_keys_are_refused_everywhere():
    definitions = json.loads(schema_text())["$defs"]

    assert [name for name, each in definitions.items() if "properties" in each and each["additionalProperties"]] == []
