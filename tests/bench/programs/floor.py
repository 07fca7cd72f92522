"""The floor F0: the same calls in bare aiohttp, nothing stored, nothing decided, nothing logged.

A webhook comes in and is answered at once; then the bot is asked by a POST, and its words go to the channel by
another. `python floor.py PEER_URL` prints its port. `/hooks/short` is the same without a bot: its words are its own.
"""

from __future__ import annotations

import asyncio
import sys

import aiohttp
import orjson
import uvloop
from aiohttp import web


class Floor:
    """The server and the client it calls others with."""

    def __init__(self, peer: str) -> None:
        self._peer = peer
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until killed."""
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as self._http:
            app = web.Application()
            app.router.add_post("/hooks/{instance}", self._hook)
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            sys.stdout.write(f"{runner.addresses[0][1]}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()

    async def _hook(self, request: web.Request) -> web.Response:
        update = orjson.loads(await request.read())
        turn = self._short_turn if request.match_info["instance"] == "short" else self._turn
        task = asyncio.create_task(turn(update["message"]["chat"]["id"], update["message"]["text"]))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return web.Response(body=b"{}", content_type="application/json")

    async def _turn(self, chat: int, text: str) -> None:
        answer = orjson.loads(await self._post("/ask", {"chat": chat, "text": text}))
        await self._post("/channel", {"chat_id": chat, "text": answer["text"]})

    async def _short_turn(self, chat: int, text: str) -> None:
        await self._post("/channel", {"chat_id": chat, "text": text})

    async def _post(self, path: str, body: dict[str, object]) -> bytes:
        headers = {"Content-Type": "application/json"}
        async with self._http.post(self._peer + path, data=orjson.dumps(body), headers=headers) as response:
            return await response.read()


if __name__ == "__main__":
    uvloop.run(Floor(sys.argv[1]).run())
