"""The floor for sockets in bare aiohttp, with its heartbeat. `python socket_floor.py PEER_URL` prints its port.

`/bot`: each frame's words go to the bot by a POST, and the bot's words come back as a frame. `/echo`: frames come back
as they are.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import aiohttp
import orjson
import uvloop
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

BEAT_SECONDS = 20.0
FRAME_BYTES = 64 * 1024


class SocketFloor:
    """The server and the client it asks the bot with."""

    def __init__(self, peer: str) -> None:
        self._peer = peer

    async def run(self) -> None:
        """Serve until killed."""
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as self._http:
            app = web.Application()
            app.router.add_get("/bot", self._bot)
            app.router.add_get("/echo", self._echo)
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
            sys.stdout.write(f"{runner.addresses[0][1]}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()

    async def _bot(self, request: web.Request) -> web.WebSocketResponse:
        return await _served(request, self._ask)

    async def _echo(self, request: web.Request) -> web.WebSocketResponse:
        return await _served(request, _same)

    async def _ask(self, frame: str) -> str:
        said = orjson.loads(frame)
        body, headers = orjson.dumps({"text": said["text"]}), {"Content-Type": "application/json"}
        async with self._http.post(f"{self._peer}/ask", data=body, headers=headers) as response:
            answer = orjson.loads(await response.read())
        return orjson.dumps({"type": "log", "text": answer["text"]}).decode()


async def _served(request: web.Request, answer: Callable[[str], Awaitable[str]]) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(heartbeat=BEAT_SECONDS, max_msg_size=FRAME_BYTES, compress=False)
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(await answer(message.data))
    return socket


async def _same(frame: str) -> str:
    return frame


if __name__ == "__main__":
    uvloop.run(SocketFloor(sys.argv[1]).run())
