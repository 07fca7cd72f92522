"""JSON: the stored and published form of our values, and what others send.

Unknown members are ignored on reading, so that a newer
gateway's data opens in an older one's readers; the tags (`type`) never change their meaning.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

ValueT = TypeVar("ValueT")

_adapters: dict[Any, TypeAdapter[Any]] = {}

_LONG_NUMBER = re.compile(rb"\d{19}")
"""What orjson may round: it has no integers beyond 64 bits."""


def adapter(kind: type[ValueT]) -> TypeAdapter[ValueT]:
    """Return the reader and writer of a type; building one costs milliseconds, so it is kept."""
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def to_bytes(value: object) -> bytes:
    """Return a value's JSON, all members present (a tag is a default too, so defaults are not left out)."""
    try:
        return orjson.dumps(value)  # the same as pydantic's, in half the time
    except TypeError:  # such as a number that is too large for most
        return adapter(type(value)).dump_json(value)


def from_bytes(kind: type[ValueT], data: bytes | str) -> ValueT:
    """Read a value back. Raises `pydantic.ValidationError`."""
    return adapter(kind).validate_json(data)


def to_json(value: object) -> Any:
    """Return a value of the model (an `Entry`, a `Message` …) as plain JSON data, all members present."""
    return adapter(type(value)).dump_python(value, mode="json")


def as_stored(value: ValueT) -> ValueT:
    """Return a value as it would come back from the store; what cannot be read again must never get in.

    Half a character (a text cut in the middle of an emoji) becomes a question mark. Raises `ValueError` that says where
    the value is not what its type promises, without repeating it.
    """
    kind = adapter(type(value))
    try:
        return kind.validate_json(_lenient_bytes(kind, value))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where}: {first['msg']}") from None


def write_json(value: object) -> bytes:
    """Return plain data as JSON for somebody else. Raises `TypeError` or `ValueError` if it cannot be written."""
    try:
        return orjson.dumps(value)
    except TypeError:  # such as a number that is too large for most, or a key that is no string
        return json.dumps(value, ensure_ascii=False).encode()


def read_json(body: bytes | str) -> Any:
    """Return the JSON that somebody else wrote. Raises `ValueError` if it is none, or is nested too deeply to be read.

    Half a character becomes a question mark, as in `as_stored`: nothing could store it, log it or send it on.
    """
    body = body.encode(errors="replace") if isinstance(body, str) else body
    if not _LONG_NUMBER.search(body):
        with suppress(orjson.JSONDecodeError):
            return orjson.loads(body)
    try:
        found = json.loads(body.decode(json.detect_encoding(body)))  # strictly, which `json` is not by itself
        if b"\\ud" in body.lower():  # how the halves of a character are written
            found = json.loads(json.dumps(found, ensure_ascii=False).encode(errors="replace"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return found


def _lenient_bytes(kind: TypeAdapter[Any], value: object) -> bytes:
    with suppress(TypeError):
        return orjson.dumps(value)
    try:
        return kind.dump_json(value, warnings=False)
    except ValueError:
        data = kind.dump_python(value, warnings=False)
    try:
        return json.dumps(data, ensure_ascii=False).encode(errors="replace")
    except TypeError as error:
        raise ValueError(str(error)) from None
