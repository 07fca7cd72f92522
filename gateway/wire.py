"""The stored and published JSON form of our values.

Unknown members are ignored on reading, so that a newer
gateway's data opens in an older one's readers; the tags (`type`) never change their meaning.
"""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import TypeAdapter

ValueT = TypeVar("ValueT")

_adapters: dict[Any, TypeAdapter[Any]] = {}


def adapter(kind: type[ValueT]) -> TypeAdapter[ValueT]:
    """Return the reader and writer of a type; building one costs milliseconds, so it is kept."""
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def to_bytes(value: object) -> bytes:
    """Return a value's JSON, all members present (a tag is a default too, so defaults are not left out)."""
    return adapter(type(value)).dump_json(value)


def from_bytes(kind: type[ValueT], data: bytes | str) -> ValueT:
    """Read a value back. Raises `pydantic.ValidationError`."""
    return adapter(kind).validate_json(data)


def to_json(value: object) -> Any:
    """Return a value of the model (an `Entry`, a `Message` …) as plain JSON data, all members present."""
    return adapter(type(value)).dump_python(value, mode="json")
