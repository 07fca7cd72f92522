"""Runs in an environment with aiogram: a bot that talks to the fake. Arguments: address, token, picture."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aiogram import Bot, Dispatcher, F
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramRetryAfter
from aiogram.types import FSInputFile, InlineKeyboardButton, InlineKeyboardMarkup

URL, TOKEN, PICTURE = sys.argv[1:]
dispatcher = Dispatcher()


@dispatcher.message(F.text == "stop")
async def stop(message):
    try:
        await message.answer("flood")
    except TelegramRetryAfter as error:
        await message.answer(f"wait {error.retry_after}")
    try:
        await message.bot.send_message(1, "x")
    except TelegramBadRequest as error:
        await message.answer(error.message)
    sent = await message.answer("same")
    try:
        await sent.edit_text("same")
    except TelegramBadRequest as error:
        await message.answer(error.message.partition(":")[0] + ":" + error.message.split(":")[1])
    await message.answer("done")
    await dispatcher.stop_polling()


@dispatcher.message(F.document)
async def document(message):
    content = await message.bot.download(message.document)
    await message.answer(f"got {content.read().decode()}")


@dispatcher.message(F.text)
async def text(message):
    keys = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Press", callback_data="pressed")]])
    await message.answer_photo(FSInputFile(PICTURE), caption=f"hi {message.from_user.first_name}", reply_markup=keys)


@dispatcher.callback_query()
async def pressed(query):
    await query.answer()
    await query.message.answer(query.data)


@dispatcher.my_chat_member()
async def blocked(change):
    try:
        await change.bot.send_message(change.chat.id, "still there?")
    except TelegramForbiddenError:
        await change.bot.send_message(int(change.from_user.last_name), "blocked")


async def main():
    session = AiohttpSession(api=TelegramAPIServer.from_base(URL))
    async with Bot(TOKEN, session=session) as bot:
        await dispatcher.start_polling(bot, handle_signals=False, polling_timeout=1)


asyncio.run(main())
assert Path(PICTURE).exists()
