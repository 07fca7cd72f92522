"""The two ways a browser hears of things: a WebSocket, and server-sent events where sockets do not get through."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import WSCloseCode, WSMsgType, web

from gateway import BadInput, GatewayError, Unauthorized
from gateway_widget.access import refusal
from gateway_widget.frames import FRAME_BYTES, Malformed, read, read_hello, read_place
from gateway_widget.tail import Tail

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from aiohttp import WSMessage

    from gateway import Context
    from gateway_widget.access import Access
    from gateway_widget.crowd import Crowd
    from gateway_widget.frames import Inbound
    from gateway_widget.tail import Line
    from gateway_widget.tokens import Reception, Visitor

    Handle = Callable[[Visitor, Inbound], Awaitable[dict[str, Any] | None]]

HELLO_SECONDS = 10.0
BEAT = {"type": "beat"}
CLOSE_BAD_FRAME = 4400
CLOSE_UNAUTHORIZED = 4401
EVENT_STREAM = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
REASON_BYTES = 120
"""A close reason may have 123 bytes."""


class Streams:
    """Open sockets and event streams of one instance."""

    def __init__(
        self,
        *,
        context: Context,
        access: Access,
        crowd: Crowd,
        reception: Reception,
        handle: Handle,
        leave_queue: bool,
    ) -> None:
        self._conversations = context.conversations
        self._log = context.log
        self._access = access
        self._crowd = crowd
        self._reception = reception
        self._handle = handle
        self._leave_queue = leave_queue

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """Serve a WebSocket: the browser says `hello`, then frames go both ways."""
        self._access.check(request)  # not by a wrapper, which would be held as long as the socket
        # Compression would hold some 300 kB per socket, for frames of a few hundred bytes. Pings are part of our beats.
        socket = web.WebSocketResponse(autoping=False, max_msg_size=FRAME_BYTES, compress=False)
        await socket.prepare(request)
        socket.headers.clear()  # they are sent, and would be held as long as the socket
        try:
            await self._talk(SocketLine(socket, request.transport))
        except Unauthorized as error:
            await self._refuse(socket, CLOSE_UNAUTHORIZED, refusal(error)["code"])
        except BadInput as error:
            await self._refuse(socket, CLOSE_BAD_FRAME, str(error))
        except ConnectionError:
            pass  # The browser is gone; it will come again and say where it stopped.
        return socket

    async def events(self, request: web.Request, visitor: Visitor, headers: Mapping[str, str]) -> web.StreamResponse:
        """Serve server-sent events after `?conversation=` and `?after=`."""
        place = read_place(request.query)
        response = web.StreamResponse(headers={**headers, **EVENT_STREAM})
        await response.prepare(request)
        line = EventLine(response)
        tail = self._joined(line, visitor, (place.conversation, place.after))
        with suppress(ConnectionError):
            try:
                await line.ended.wait()
            finally:
                await self._left(tail)
        return response

    async def close(self) -> None:
        """End all streams; the browsers come again when somebody is there."""
        for tail in self._crowd:
            tail.line.end()

    async def _talk(self, line: SocketLine) -> None:
        tail = self._joined(line, *self._greeted(await _first(line)))
        try:
            while (frame := await line.hear()) is not None:
                line.busy = True
                answer = await self._answer(tail.visitor, frame)
                line.busy = False
                if answer:
                    await line.send(answer)
            await line.ended()
        finally:
            await self._left(tail)

    def _greeted(self, frame: str) -> tuple[Visitor, tuple[str, int]]:
        """Return who it is and what it has: of the frame itself nothing is kept as long as the socket lives."""
        hello = read_hello(frame)
        return self._reception.visitor(hello.token), (hello.conversation, hello.after)

    async def _refuse(self, socket: web.WebSocketResponse, code: int, reason: str) -> None:
        self._log.info("socket.refused", code=code, reason=reason)
        await _close(socket, code, reason)

    async def _answer(self, visitor: Visitor, data: str) -> dict[str, Any] | None:
        try:
            frame = read(data)
        except Malformed as problem:
            # The browser made it and would make it again: it must learn which one it was. Else the socket ends.
            if not problem.id:
                raise
            return {**refusal(problem), "id": problem.id}
        return await answered(self._handle, visitor, frame)

    def _joined(self, line: Line, visitor: Visitor, after: tuple[str, int]) -> Tail:
        tail = Tail(
            visitor=visitor,
            conversations=self._conversations,
            line=line,
            after=after,
            moved=self._crowd.moved,
            leave_queue=self._leave_queue,
        )
        self._crowd.join(tail)
        tail.start()
        return tail

    async def _left(self, tail: Tail) -> None:
        self._crowd.leave(tail)
        await tail.stop()


class SocketLine:
    """A WebSocket as a `Line`. Beats are answered by any frame: browsers answer pings by themselves."""

    __slots__ = ("_asked", "_ending", "_socket", "_transport", "busy")

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        self._socket = socket
        self._transport = transport
        self._asked = False
        self.busy = False
        """While a frame is dealt with nobody reads, and the answer to a beat would go unheard."""
        self._ending: asyncio.Task[None] | None = None

    async def hear(self) -> str | None:
        """Return the next text; None: the socket is closed. Raises `BadInput` for what is no text."""
        while True:
            message = await self._socket.receive()
            self._asked = False
            if message.type is WSMsgType.PING:
                await self._socket.pong(message.data)
            elif message.type is not WSMsgType.PONG:
                return _text(message)

    async def send(self, frame: dict[str, Any]) -> None:
        """Send a text frame."""
        await self._socket.send_frame(orjson.dumps(frame), WSMsgType.TEXT)

    async def beat(self) -> None:
        """Send a ping, which browsers answer, and a beat, which scripts hear."""
        self._asked = not self.busy
        await self._socket.ping()
        await self.send(BEAT)

    def expect_answer(self) -> None:
        """Tear the connection if the last beat was not answered; whoever reads from it hears that it is closed."""
        if self._asked and self._transport:
            self._transport.abort()

    def end(self) -> None:
        """Begin to close it; whoever reads from it hears that it is closed."""
        if self._ending is None:
            self._ending = asyncio.create_task(_close(self._socket, WSCloseCode.GOING_AWAY, "come again"))

    async def ended(self) -> None:
        """Wait until it is closed."""
        self.end()
        if self._ending:
            await self._ending


class EventLine:
    """Server-sent events as a `Line`."""

    def __init__(self, response: web.StreamResponse) -> None:
        self._response = response
        self.ended = asyncio.Event()

    async def send(self, frame: dict[str, Any]) -> None:
        """Send one event."""
        await self._response.write(b"data: " + orjson.dumps(frame) + b"\n\n")

    async def beat(self) -> None:
        """Send a beat."""
        if not self.ended.is_set():
            await self.send(BEAT)

    def expect_answer(self) -> None:
        """Nobody answers here."""

    def end(self) -> None:
        """Begin to end the answer."""
        self.ended.set()


async def answered(handle: Handle, visitor: Visitor, frame: Inbound) -> dict[str, Any] | None:
    """Handle a frame; what is refused is answered with the frame's id, so that the browser can mark the message."""
    try:
        return await handle(visitor, frame)
    except GatewayError as error:
        return {**refusal(error), "id": getattr(frame, "id", "")}


async def _first(line: SocketLine) -> str:
    try:
        async with asyncio.timeout(HELLO_SECONDS):
            frame = await line.hear()
    except TimeoutError:
        raise BadInput(f"no hello within {HELLO_SECONDS:.0f} seconds") from None
    if frame is None:
        raise ConnectionResetError("closed before a hello")
    return frame


def _text(message: WSMessage) -> str | None:
    if message.type is WSMsgType.BINARY:
        raise BadInput("frames are text")
    return message.data if message.type is WSMsgType.TEXT else None


async def _close(socket: web.WebSocketResponse, code: int, reason: str) -> None:
    await socket.close(code=code, message=reason.encode()[:REASON_BYTES])
