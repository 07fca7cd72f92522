"""Reads server-sent events, as far as chat completions use them.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

from collections.abc import AsyncIterator


async def data_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """Yield the data of each event, in order. Raises `ValueError` for bytes that are no text.

    Comments, names and ids of events mean nothing here. The end of the stream ends an event, too: some servers leave
    out the last empty line, and an event that was cut off shows by what is in it.
    """
    lines: list[str] = []
    async for line in _lines(chunks):
        if line.startswith("data:"):
            lines.append(line.removeprefix("data:").removeprefix(" "))
        elif not line and lines:
            yield "\n".join(lines)
            lines = []
    if lines:
        yield "\n".join(lines)


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[str]:
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r").decode()
    yield rest.decode()
