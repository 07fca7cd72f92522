"""A TCP proxy that does harm on the way."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.faults.ledger import Ledger

HARMS = ("delay", "throttle", "reset", "half-close", "blackhole", "garbage", "refuse")
DELAY_SECONDS = 0.3
BYTES_PER_SECOND = 4000
CHUNK = 64 * 1024


class Proxy:
    """Passes on what comes to its port. `harm` is what happens to what passes from then on; empty: nothing."""

    def __init__(self, target: int, ledger: Ledger, chance: random.Random) -> None:
        """`target`: the port behind it."""
        self.harm = ""
        self.port = 0
        self._target = target
        self._ledger = ledger
        self._chance = chance
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Cut everything."""
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """Reset all connections there are."""
        for writer in self._writers:
            self._ledger.broken += 1
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.harm == "refuse":
            self._break(writer)
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, back}
        self._writers |= ends
        try:
            await asyncio.gather(
                self._pass(reader, back, writer, answers=False), self._pass(there, writer, back, answers=True)
            )
        except (OSError, RuntimeError):
            pass
        finally:
            self._writers -= ends
            for end in ends:
                end.transport.abort()

    async def _pass(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, other: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        while data := await source.read(CHUNK):
            match self.harm:
                case "delay":
                    await asyncio.sleep(DELAY_SECONDS * self._chance.random())
                case "throttle":
                    await asyncio.sleep(len(data) / BYTES_PER_SECOND)
                case "reset" | "refuse" if self._chance.random() < 0.3:  # in either direction: before or after it acted
                    sink.write(data[: self._chance.randrange(len(data))] if answers else data)
                    self._break(other if answers else sink)
                    self._break(sink if answers else other)
                    return
                case "half-close" if answers and self._chance.random() < 0.5:
                    self._ledger.broken += 1
                    sink.write(data[: len(data) // 2])
                    sink.write_eof()
                    return
                case "blackhole" if self._chance.random() < 0.5:
                    self._ledger.broken += 1
                    continue
                case "garbage" if answers and self._chance.random() < 0.5:
                    self._ledger.broken += 1
                    sink.write(self._chance.randbytes(300))
                    continue
            sink.write(data)
            await sink.drain()
        if not answers:
            sink.write_eof()
        else:
            other.transport.abort()
            sink.close()

    def _break(self, writer: asyncio.StreamWriter) -> None:
        self._ledger.broken += 1
        writer.transport.abort()
