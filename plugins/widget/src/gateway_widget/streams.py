"""The two ways a browser hears of things: a WebSocket, and server-sent events where sockets do not get through."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import WSCloseCode, WSMsgType, web

from gateway import BadInput, GatewayError, Unauthorized
from gateway_widget.access import refusal
from gateway_widget.frames import FRAME_BYTES, Malformed, read, read_hello, read_place
from gateway_widget.tail import BEAT_SECONDS, Tail

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping

    from gateway import Context
    from gateway_widget.crowd import Crowd
    from gateway_widget.frames import Inbound, Place
    from gateway_widget.tokens import Reception, Visitor

    Handle = Callable[[Visitor, Inbound], Awaitable[dict[str, Any] | None]]
    Send = Callable[[dict[str, Any]], Awaitable[None]]

HELLO_SECONDS = 10.0
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
        crowd: Crowd,
        reception: Reception,
        handle: Handle,
        leave_queue: bool,
    ) -> None:
        self._conversations = context.conversations
        self._log = context.log
        self._crowd = crowd
        self._reception = reception
        self._handle = handle
        self._leave_queue = leave_queue
        self._open: set[asyncio.Task[Any]] = set()

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """Serve a WebSocket: the browser says `hello`, then frames go both ways."""
        # Compression would hold some 300 kB per socket, for frames of a few hundred bytes.
        socket = web.WebSocketResponse(heartbeat=BEAT_SECONDS, max_msg_size=FRAME_BYTES, compress=False)
        await socket.prepare(request)
        try:
            await self._talk(socket)
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

        async def send(frame: dict[str, Any]) -> None:
            await response.write(b"data: " + orjson.dumps(frame) + b"\n\n")

        with suppress(ConnectionError):
            async with self._tailing(visitor, place, send) as tail:
                await asyncio.wait((tail,))
        return response

    async def close(self) -> None:
        """End all streams; the browsers come again when somebody is there."""
        for task in tuple(self._open):
            task.cancel()

    async def _talk(self, socket: web.WebSocketResponse) -> None:
        hello = read_hello(await _first(socket))
        visitor = self._reception.visitor(hello.token)

        async def send(frame: dict[str, Any]) -> None:
            await socket.send_str(orjson.dumps(frame).decode())

        listening = _running(self._listen(socket, visitor, send))
        async with self._tailing(visitor, hello, send) as tail, listening as ear:
            await asyncio.wait((tail, ear), return_when=asyncio.FIRST_COMPLETED)
        await _close(socket, WSCloseCode.GOING_AWAY, "come again")

    async def _refuse(self, socket: web.WebSocketResponse, code: int, reason: str) -> None:
        self._log.info("socket.refused", code=code, reason=reason)
        await _close(socket, code, reason)

    async def _listen(self, socket: web.WebSocketResponse, visitor: Visitor, send: Send) -> None:
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                raise BadInput("frames are text")
            if answer := await self._answer(visitor, message.data):
                await send(answer)

    async def _answer(self, visitor: Visitor, data: str) -> dict[str, Any] | None:
        try:
            frame = read(data)
        except Malformed as problem:
            # The browser made it and would make it again: it must learn which one it was. Else the socket ends.
            if not problem.id:
                raise
            return {**refusal(problem), "id": problem.id}
        return await answered(self._handle, visitor, frame)

    @asynccontextmanager
    async def _tailing(self, visitor: Visitor, place: Place, send: Send) -> AsyncIterator[asyncio.Task[None]]:
        tail = Tail(
            client=visitor.id,
            conversations=self._conversations,
            send=send,
            after=(place.conversation, place.after),
            moved=self._crowd.moved,
            leave_queue=self._leave_queue,
        )
        with self._crowd.joined(tail):
            async with _running(tail.run()) as task:
                # Who a token speaks for is known only as long as it lives; the browser comes again with a new one.
                lapse = asyncio.get_running_loop().call_later(self._reception.seconds_left(visitor), task.cancel)
                self._open.add(task)
                try:
                    yield task
                finally:
                    self._open.discard(task)
                    lapse.cancel()


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Run something beside the block and end it with the block; its errors are the block's."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def answered(handle: Handle, visitor: Visitor, frame: Inbound) -> dict[str, Any] | None:
    """Handle a frame; what is refused is answered with the frame's id, so that the browser can mark the message."""
    try:
        return await handle(visitor, frame)
    except GatewayError as error:
        return {**refusal(error), "id": getattr(frame, "id", "")}


async def _first(socket: web.WebSocketResponse) -> str:
    try:
        message = await socket.receive(HELLO_SECONDS)
    except TimeoutError:
        raise BadInput(f"no hello within {HELLO_SECONDS:.0f} seconds") from None
    if message.type is not WSMsgType.TEXT:
        raise BadInput("the first frame must be a hello")
    return str(message.data)


async def _close(socket: web.WebSocketResponse, code: int, reason: str) -> None:
    await socket.close(code=code, message=reason.encode()[:REASON_BYTES])
