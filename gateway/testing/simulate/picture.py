"""A picture to send, made here so that none has to lie about."""

from __future__ import annotations

import struct
import zlib

WIDTH, HEIGHT = 320, 180
SKY, HILL, SUN = (200, 214, 247), (53, 86, 216), (246, 190, 90)
SUN_AT, SUN_RADIUS = (230, 60), 32


def png() -> bytes:
    """Return a sun above a hill."""
    rows = b"".join(b"\0" + bytes(part for x in range(WIDTH) for part in _colour(x, y)) for y in range(HEIGHT))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _colour(x: int, y: int) -> tuple[int, int, int]:
    if y > HEIGHT - 70 + (x - WIDTH / 3) ** 2 / 600:
        return HILL
    return SUN if (x - SUN_AT[0]) ** 2 + (y - SUN_AT[1]) ** 2 < SUN_RADIUS**2 else SKY


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
