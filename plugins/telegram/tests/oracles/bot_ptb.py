"""Runs in an environment with python-telegram-bot: a bot that talks to the fake. Arguments: address, token, picture."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest, Forbidden, RetryAfter
from telegram.ext import ApplicationBuilder, CallbackQueryHandler, ChatMemberHandler, MessageHandler, filters

URL, TOKEN, PICTURE = sys.argv[1:]
over = asyncio.Event()


async def stop(update, _context):
    message = update.message
    try:
        await message.reply_text("flood")
    except RetryAfter as error:
        await message.reply_text(f"wait {int(error._retry_after.total_seconds())}")
    try:
        await message.get_bot().send_message(1, "x")
    except BadRequest as error:
        await message.reply_text(f"Bad Request: {error.message[0].lower()}{error.message[1:]}")
    sent = await message.reply_text("same")
    try:
        await sent.edit_text("same")
    except BadRequest as error:
        await message.reply_text(f"Bad Request: {error.message.partition(':')[0].lower()}")
    await message.reply_text("done")
    over.set()


async def document(update, _context):
    file = await update.message.document.get_file()
    await update.message.reply_text(f"got {bytes(await file.download_as_bytearray()).decode()}")


async def text(update, _context):
    keys = InlineKeyboardMarkup([[InlineKeyboardButton(text="Press", callback_data="pressed")]])
    caption = f"hi {update.message.from_user.first_name}"
    await update.message.reply_photo(Path(PICTURE), caption=caption, reply_markup=keys)


async def pressed(update, _context):
    await update.callback_query.answer()
    await update.callback_query.message.reply_text(update.callback_query.data)


async def blocked(update, context):
    change = update.my_chat_member
    try:
        await context.bot.send_message(change.chat.id, "still there?")
    except Forbidden:
        await context.bot.send_message(int(change.from_user.last_name), "blocked")


async def main():
    builder = ApplicationBuilder().token(TOKEN).base_url(f"{URL}/bot").base_file_url(f"{URL}/file/bot")
    app = builder.build()
    app.add_handler(MessageHandler(filters.Text(["stop"]), stop))
    app.add_handler(MessageHandler(filters.Document.ALL, document))
    app.add_handler(MessageHandler(filters.TEXT, text))
    app.add_handler(CallbackQueryHandler(pressed))
    app.add_handler(ChatMemberHandler(blocked))
    async with app:
        await app.start()
        await app.updater.start_polling(
            poll_interval=0, timeout=1, allowed_updates=["message", "callback_query", "my_chat_member"]
        )
        await over.wait()
        await app.updater.stop()
        await app.stop()


asyncio.run(main())
