"""One connection of the lean client: HTTP/1.1, one call at a time, its answers read by httptools (Node's llhttp).

Wire format: https://www.rfc-editor.org/rfc/rfc9112. Whatever is not clear about where an answer ends makes the
connection unfit for another call: what comes after it might be taken for the next answer.
"""

from __future__ import annotations

import asyncio
import zlib

import httptools
from multidict import CIMultiDict

from gateway.transport.contract import HttpAnswer, Overlong, Unreachable, trouble

HEAD_BYTES = 64 * 1024
"""Longest head of an answer, interim ones included, and most of anything else between two pieces of its body."""
INFORMATIONAL = range(100, 200)
WITHOUT_BODY = frozenset({204, 304})
GZIP_OR_ZLIB, BARE_DEFLATE = 47, -15
"""For zlib: whichever of the two it is, or neither; with the largest window."""
ZLIB_METHOD = 8
"""In the lower half of the first byte, if there is a zlib header."""


class HungUp(Unreachable):
    """The connection ended before anything of the answer arrived."""


class Connection(asyncio.Protocol):
    """A connection to one host."""

    def __init__(self, open_ones: set[Connection]) -> None:
        """`open_ones`: it is among them from when it is there until it is lost."""
        self.idle_since = 0.0
        """When its last call was over, by the loop's clock."""
        self._open_ones = open_ones
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._waiter: asyncio.Future[HttpAnswer] | None = None
        self._most_bytes = 0
        self._begin()

    def _begin(self) -> None:
        """Nothing of an answer is there."""
        self._received = self._received_at_piece = self._status = 0
        self._headers: CIMultiDict[str] = CIMultiDict()
        self._head_is_done = self._is_done = self._is_spoilt = self._keeps = False
        self._pieces: list[bytes] = []
        self._size = 0

    @property
    def usable(self) -> bool:
        """Whether another call can be made."""
        return self._waiter is None and self._transport is not None and not self._transport.is_closing()

    async def ask(self, request: bytes, *, most_bytes: int, deadline: float | None) -> HttpAnswer:
        """Send a request and return the answer. `deadline`: by the loop's clock.

        Raises `TimeoutError`, `Overlong`, `Unreachable`, and `HungUp` if nothing of an answer arrived.
        """
        if self._transport is None or self._transport.is_closing():
            raise HungUp("it hung up")
        loop = asyncio.get_running_loop()
        self._begin()
        self._most_bytes = most_bytes
        self._waiter = loop.create_future()
        timer = None if deadline is None else loop.call_at(deadline, self._fail, TimeoutError())
        self._transport.write(request)
        try:
            return await self._waiter
        except asyncio.CancelledError:
            self.abort()
            raise
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def abort(self) -> None:
        """Hang up at once."""
        if self._transport is not None:
            self._transport.abort()

    # --- what asyncio tells ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is there."""
        self._transport = transport  # type: ignore[assignment] # of TCP or TLS
        self._open_ones.add(self)

    def data_received(self, data: bytes) -> None:
        """Read on. What nobody asked for ends the connection."""
        if self._waiter is None or self._is_done:
            self.abort()
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._is_spoilt = True
            if not self._is_done:  # else it is only what comes after the answer that makes no sense
                self._fail(Unreachable(trouble(error)))
        if self._size > self._most_bytes:
            self._fail(Overlong())
        elif self._is_done:
            self._finish(keeps=self._keeps and not self._is_spoilt)
        elif self._received - self._received_at_piece > HEAD_BYTES:
            self._fail(Unreachable("the head of the answer, or what is between its parts, is too long"))

    def connection_lost(self, error: Exception | None) -> None:
        """It has ended, and with it an answer that gives no length."""
        self._open_ones.discard(self)
        if self._waiter is None or self._is_done:
            return
        if self._head_is_done and error is None and not self._has_length():
            self._finish(keeps=False)
        else:
            kind = Unreachable if self._received else HungUp
            self._fail(kind(trouble(error) if error else "it hung up"))

    # --- what httptools reads ---

    def on_message_begin(self) -> None:
        """An answer begins; after the answer that was asked for there must be none."""
        self._is_spoilt = self._is_done

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; those behind a body (trailers) mean nothing to us."""
        if not self._head_is_done:
            self._headers.add(name.decode("latin-1"), value.rstrip(b" \t").decode(errors="surrogateescape"))

    def on_headers_complete(self) -> None:
        """The head is there."""
        if not self._is_done:
            self._head_is_done = True
            self._status = self._parser.get_status_code()
            self._keeps = self._parser.should_keep_alive()

    def on_body(self, piece: bytes) -> None:
        """Keep a piece, but no more than is allowed. What only says that the answer will come has none."""
        if self._status in INFORMATIONAL:
            self._fail(Unreachable("an interim answer has a body"))
            return
        self._received_at_piece = self._received
        self._size += 0 if self._is_done else len(piece)
        if not self._is_done and self._size <= self._most_bytes:
            self._pieces.append(piece)

    def on_message_complete(self) -> None:
        """That was all, unless it was only to say that the answer will come."""
        if self._status in INFORMATIONAL:
            self._head_is_done = False
            self._headers.clear()
        else:
            self._is_done = True

    # --- the end of a call ---

    def _has_length(self) -> bool:
        told = "Content-Length" in self._headers or "Transfer-Encoding" in self._headers
        return told or self._status in WITHOUT_BODY

    def _finish(self, *, keeps: bool) -> None:
        try:
            body = _unpacked(b"".join(self._pieces), self._headers.get("Content-Encoding", ""), self._most_bytes)
        except (Overlong, Unreachable) as error:
            self._fail(error)
            return
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(HttpAnswer(self._status, self._headers, body))
        if not keeps:
            self.abort()

    def _fail(self, error: Exception) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)
        self.abort()


def _unpacked(body: bytes, encoding: str, most_bytes: int) -> bytes:
    """Unpack what was packed although nobody asked for that, and no more than is allowed."""
    if encoding.lower() not in {"gzip", "x-gzip", "deflate"} or not body:
        return body
    is_bare = encoding.lower() == "deflate" and body[0] & 0x0F != ZLIB_METHOD
    unpacking = zlib.decompressobj(BARE_DEFLATE if is_bare else GZIP_OR_ZLIB)
    try:
        found = unpacking.decompress(body, most_bytes + 1)
    except zlib.error:
        raise Unreachable("the answer cannot be unpacked") from None
    if len(found) > most_bytes:
        raise Overlong
    if not unpacking.eof or unpacking.unused_data:
        raise Unreachable("the answer is packed, and cut off or followed by something else")
    return found
