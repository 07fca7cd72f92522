"""Bytes as a hostile caller sends them: requests no HTTP client would make, and what is answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ANSWER_SECONDS = 20.0
"""A request that takes longer hangs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One request. Nothing in it is checked or quoted."""

    path: bytes
    method: bytes = b"POST"
    headers: Mapping[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""
    tail: bytes = b""
    """Sent behind the request, whatever it is; then nothing more is sent."""

    def __bytes__(self) -> bytes:
        headers = {
            b"Host": b"gw.example.com",
            b"Connection": b"close",
            b"Content-Type": b"application/json",
            b"Content-Length": str(len(self.body)).encode(),
            **self.headers,
        }
        lines = [b"%s %s HTTP/1.1" % (self.method, self.path), *(b"%s: %s" % each for each in headers.items())]
        return b"\r\n".join([*lines, b"", self.body + self.tail])


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back; status 0: the connection was closed without a word."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


async def exchange(port: int, request: Request) -> Answer:
    """Send bytes, read to the end. Raises `TimeoutError` if that takes too long."""
    async with asyncio.timeout(ANSWER_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(bytes(request))
            if request.tail:
                writer.write_eof()
            data = await _all(reader)
        finally:
            writer.close()
    return _parsed(data)


async def _all(reader: asyncio.StreamReader) -> bytes:
    data = b""
    try:
        while more := await reader.read(65_536):
            data += more
    except ConnectionError:
        pass  # The rest of a body that is too large is not read: what was answered before counts.
    return data


def _parsed(data: bytes) -> Answer:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Answer(status=int(words[1]) if len(words) > 1 else 0, headers=headers, body=body)
