"""The JSON Schemas of both bodies, made of the models that write and read them."""

from __future__ import annotations

import inspect
import json
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

import gateway
from gateway_webhook.reply import READER
from gateway_webhook.request import TurnRequest

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCHEMAS: dict[str, tuple[TypeAdapter[Any], JsonSchemaMode]] = {
    "request": (TypeAdapter(TurnRequest), "serialization"),
    "reply": (READER, "validation"),
}


def schema_text(name: str) -> str:
    """Return the schema `request` or `reply` as it is kept in `schema/` and served."""
    adapter, mode = SCHEMAS[name]
    schema = {"$schema": DIALECT, **adapter.json_schema(mode=mode)}
    for title, definition in schema.get("$defs", {}).items():
        if "description" not in definition and hasattr(gateway, title):
            definition["description"] = inspect.getdoc(getattr(gateway, title))
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
