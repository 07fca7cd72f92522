"""Runs in an environment with pyTelegramBotAPI: a bot that talks to the fake. Arguments: address, token, picture."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from telebot import asyncio_helper
from telebot.async_telebot import AsyncTeleBot
from telebot.asyncio_helper import ApiTelegramException
from telebot.types import InlineKeyboardButton, InlineKeyboardMarkup

URL, TOKEN, PICTURE = sys.argv[1:]
asyncio_helper.API_URL = URL + "/bot{0}/{1}"
asyncio_helper.FILE_URL = URL + "/file/bot{0}/{1}"
bot = AsyncTeleBot(TOKEN)
over = asyncio.Event()


@bot.message_handler(func=lambda message: message.text == "stop")
async def stop(message):
    chat = message.chat.id
    try:
        await bot.send_message(chat, "flood")
    except ApiTelegramException as error:
        await bot.send_message(chat, f"wait {error.result_json['parameters']['retry_after']}")
    try:
        await bot.send_message(1, "x")
    except ApiTelegramException as error:
        await bot.send_message(chat, error.description)
    sent = await bot.send_message(chat, "same")
    try:
        await bot.edit_message_text("same", chat, sent.message_id)
    except ApiTelegramException as error:
        await bot.send_message(chat, ":".join(error.description.split(":")[:2]))
    await bot.send_message(chat, "done")
    over.set()


@bot.message_handler(content_types=["document"])
async def document(message):
    file = await bot.get_file(message.document.file_id)
    await bot.send_message(message.chat.id, f"got {(await bot.download_file(file.file_path)).decode()}")


@bot.message_handler(content_types=["text"])
async def text(message):
    keys = InlineKeyboardMarkup([[InlineKeyboardButton(text="Press", callback_data="pressed")]])
    picture = Path(PICTURE).read_bytes()  # noqa: ASYNC240 - a few bytes
    await bot.send_photo(message.chat.id, picture, caption=f"hi {message.from_user.first_name}", reply_markup=keys)


@bot.callback_query_handler(func=lambda _query: True)
async def pressed(query):
    await bot.answer_callback_query(query.id)
    await bot.send_message(query.message.chat.id, query.data)


@bot.my_chat_member_handler()
async def blocked(change):
    try:
        await bot.send_message(change.chat.id, "still there?")
    except ApiTelegramException as error:
        if error.error_code != 403:
            raise
        await bot.send_message(int(change.from_user.last_name), "blocked")


async def main():
    polling = asyncio.create_task(
        bot.polling(timeout=1, non_stop=True, allowed_updates=["message", "callback_query", "my_chat_member"])
    )
    await over.wait()
    bot._polling = False
    await asyncio.wait([polling], timeout=3)
    await bot.close_session()


asyncio.run(main())
