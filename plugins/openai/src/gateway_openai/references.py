"""Finds what a JSON Schema refers to and does not have: nothing is fetched to judge what a model asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

REFERENCES = ("$ref", "$dynamicRef")


def lost_references(schema: Any, whole: Mapping[str, Any]) -> Iterator[str]:
    """Yield the references in a part of a schema that lead out of the whole, or nowhere."""
    if isinstance(schema, list):
        for each in schema:
            yield from lost_references(each, whole)
    elif isinstance(schema, Mapping):
        for key, value in schema.items():
            if key in REFERENCES and isinstance(value, str) and not _leads_somewhere(value, whole):
                yield value
            yield from lost_references(value, whole)


def _leads_somewhere(reference: str, whole: Any) -> bool:
    beginning, *steps = reference.split("/")
    for step in steps:
        name = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(whole, Mapping) or name not in whole:
            return False
        whole = whole[name]
    return beginning == "#"
