"""Makes wrong inputs of right ones: a valid sample of a wire format in which something was changed."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

DEEP = "nested-too-deeply"
DEPTHS = (60, 2_000, 100_000)

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**400, 0.1, -0.0, 1e308),
    *(float("inf"), float("-inf"), float("nan"), "", " ", "\0", "0", "-1", "1e999", "NaN", "null", "true", "９", "²"),
    *(
        "\ud800",
        "a\udfffb",
        "\u202egnp.exe",
        "\ufeff",
        "e\u0301" * 50,
        "👩‍👩‍👧",
        "\x1b[31m",
        "\r\nX-Evil: 1",
        "x" * 20_000,
    ),
    *(
        "http://",
        "http://[::1",
        "http://127.0.0.1:1/x",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "//x",
        "/files/../x",
    ),
    *("{", "{}", "[]", '{"a":', "9" * 5_000, "2030-01-01T00:00:00Z", "[" * 5_000),
    *([], {}, [[]], [None], {"": None}, {"id": {}}, ["x"] * 500, {str(number): number for number in range(200)}),
    *(f"{DEEP}-{depth}" for depth in DEPTHS),
)
KEYS = ("", "type", "id", "text", "\ud800", "__class__", "x" * 300, "0")

_small = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
odd = st.sampled_from(ODD).map(copy.deepcopy) | _small | st.text(max_size=30)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value in a JSON value, the whole one included."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield from places(each, (*path, key))


def odd_ones(sample: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """Return each place of a sample with each odd value."""
    return [(path, value) for path in places(sample) for value in ODD]


def changed_at(sample: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return the sample with another value in this place."""
    if not path:
        return value
    first, *rest = path
    changed = copy.copy(sample)
    changed[first] = changed_at(sample[first], tuple(rest), value)
    return changed


def _changed(draw: st.DrawFn, value: Any) -> Any:
    path = draw(st.sampled_from(list(places(value))))
    if not path:
        return [value] if draw(st.booleans()) else draw(odd)
    parent = value
    for key in path[:-1]:
        parent = parent[key]
    key = path[-1]
    match draw(st.sampled_from(["odd", "odd", "odd", "leave out", "wrap", "text", "twice", "more"])):
        case "odd":
            parent[key] = draw(odd)
        case "leave out":
            del parent[key]
        case "wrap":
            parent[key] = [parent[key]] if draw(st.booleans()) else {"value": parent[key]}
        case "text":
            parent[key] = json.dumps(parent[key])
        case "twice" if isinstance(parent, list):
            parent.append(copy.deepcopy(parent[key]))
        case _ if isinstance(parent, dict):
            parent[draw(st.sampled_from(KEYS))] = draw(odd)
        case _:
            parent[key] = draw(odd)
    return value


def as_json(value: Any) -> bytes:
    """Encode, half characters, infinity and impossible depths included."""
    return re.sub(
        rf'"{DEEP}-(\d+)"'.encode(),
        lambda found: b"[" * int(found[1]) + b"]" * int(found[1]),
        json.dumps(value).encode(),
    )


@st.composite
def values(draw: st.DrawFn, sample: Any) -> Any:
    """A JSON value like the sample in which up to three things are odd."""
    value = copy.deepcopy(sample)
    for _ in range(draw(st.integers(1, 3))):
        value = _changed(draw, value)
    return value


@st.composite
def bodies(draw: st.DrawFn, sample: Any) -> bytes:
    """A body: mostly JSON with something odd in it, at times cut, damaged or no JSON at all."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from([b"", b"null", b"\xff\xfe{}", b"a=b&c=d", b"{}" * 40_000]) | st.binary(max_size=60))
    body = as_json(draw(values(sample)))
    match draw(st.integers(0, 11)):
        case 0:
            return body[: _place(draw, body)]
        case 1:
            place = _place(draw, body)
            return body[:place] + draw(st.binary(min_size=1, max_size=4)) + body[place:]
        case 2:
            return json.dumps(sample).encode("utf-16")
        case 3:
            return body + body
        case _:
            return body


def _place(draw: st.DrawFn, body: bytes) -> int:
    """A place in the body. What is drawn must not depend on its length: ids in it grow from run to run."""
    return len(body) * draw(st.integers(0, 1000)) // 1000


text_bytes = st.sampled_from(
    [b"", b"\xff", b"\xed\xa0\x80", b"9" * 5_000, b"Bearer \xff", b"http://[", b"a.9.9", b"=", b"v1,"]
) | (st.binary(max_size=40).map(lambda data: re.sub(rb"[\r\n\0]", b"", data)))
"""What may stand in a header or, without spaces, in a path."""
segments = text_bytes.map(lambda data: re.sub(rb"\s", b"", data)) | st.sampled_from(
    [
        b"%ED%A0%80",
        b"%00",
        b"%2e%2e%2f",
        b"..",
        b"%ff",
        "\u202e".encode(),
        b"%",
        b"x" * 7_000,
        b"?a=%ff",
        b"?" + b"a=&" * 999,
    ]
)
METHODS = (b"GET", b"PUT", b"DELETE", b"HEAD", b"OPTIONS", b"PATCH", b"TRACE", b"CONNECT", b"BREW")
TYPES = (
    b"",
    b"text/plain",
    b"application/x-www-form-urlencoded",
    b"multipart/form-data",
    b"application/json; charset=utf-16",
)
