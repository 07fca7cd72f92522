"""Reads the parameters of a call, in all four ways the Bot API takes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from gateway.testing.telegram.faults import bad_request

if TYPE_CHECKING:
    from aiohttp import web


@dataclass(frozen=True, kw_only=True, slots=True)
class Uploaded:
    """A file that came with a call."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameters:
    """What a call was given. In forms and addresses everything is a string, with JSON inside."""

    given: Mapping[str, Any]
    files: Mapping[str, Uploaded] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """Return a string."""
        return str(self.given.get(name, default))

    def number(self, name: str, default: int = 0) -> int:
        """Return an integer."""
        try:
            return int(self.given.get(name, default))
        except (TypeError, ValueError):
            raise bad_request(f'invalid parameter "{name}"') from None

    def real(self, name: str) -> float:
        """Return a number that must be there."""
        try:
            return float(self.given[name])
        except (KeyError, TypeError, ValueError):
            raise bad_request(f"{name} must be specified") from None

    def data(self, name: str) -> Any:
        """Return an object or a list, or None."""
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise bad_request(f"can't parse {name}: it is not JSON") from None

    def file(self, name: str) -> Uploaded | str:
        """Return an uploaded file, or the address or id that was given for it."""
        value = self.given.get(name)
        if isinstance(value, str) and value.startswith("attach://"):
            value = value.removeprefix("attach://")
            if value not in self.files:
                raise bad_request(f"can't find file to upload: attach://{value}")
            return self.files[value]
        if name in self.files:
            return self.files[name]
        if not isinstance(value, str) or not value:
            raise bad_request(f"there is no {name} in the request")
        return value

    def plain(self) -> dict[str, Any]:
        """Return everything as the client library meant it: JSON read, files by their names."""
        read = {name: _read(value) for name, value in self.given.items()}
        return read | {name: f"<file {file.name}>" for name, file in self.files.items()}


def _read(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


async def read(request: web.Request) -> Parameters:
    """Read a call's parameters from address and body."""
    given: dict[str, Any] = dict(request.query)
    files: dict[str, Uploaded] = {}
    if request.content_type == "application/json" and request.body_exists:
        try:
            given |= await request.json()
        except (ValueError, TypeError):
            raise bad_request("can't parse request JSON object") from None
    elif request.content_type == "application/x-www-form-urlencoded":
        given |= dict(parse_qsl(await request.text()))  # Some clients send it with GET.
    elif request.body_exists:
        for name, value in (await request.post()).items():
            if isinstance(value, str):
                given[name] = value
            elif isinstance(value, (bytes, bytearray)):
                given[name] = value.decode()
            else:
                content = value.file.read()
                files[name] = Uploaded(name=value.filename, media_type=value.content_type, content=content)
    return Parameters(given=given, files=files)
