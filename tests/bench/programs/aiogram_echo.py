"""Runs in an environment with aiogram: an echo bot behind a webhook. `python aiogram_echo.py PEER_URL TOKEN`."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import asyncio
import sys

import uvloop
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
from aiohttp import web

dispatcher = Dispatcher()


@dispatcher.message()
async def echo(message):
    await message.answer(message.text)


async def main():
    url, token = sys.argv[1:]
    bot = Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(url)))
    app = web.Application()
    SimpleRequestHandler(dispatcher, bot).register(app, path="/hooks/in")
    setup_application(app, dispatcher, bot=bot)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


uvloop.run(main())
