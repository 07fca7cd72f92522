"""The description of the surface, as other programs read it: served by each instance, shipped as `openapi.json`."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def description(base_url: str) -> dict[str, Any]:
    """Return the OpenAPI document with the address of an instance in it."""
    text = (files(__package__ or "gateway_chat_api") / "openapi.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return {**document, "servers": [{"url": base_url}]}
