"""The languages the widget speaks: one JSON file each, all with the same keys."""

from __future__ import annotations

import json
from importlib.resources import files

STATIC = files("gateway_widget") / "static"
LANG = STATIC / "widget" / "lang"
LANGUAGES = frozenset(file.name.removesuffix(".json") for file in (LANG).iterdir() if file.name.endswith(".json"))
TEXT_KEYS = frozenset(json.loads((LANG / "en.json").read_text(encoding="utf-8")))
