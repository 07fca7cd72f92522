"""Buttons: below a message or in place of the keyboard, and back from a press to what the bot meant by it.

Telegram carries at most 64 bytes per button. A longer value is kept in the instance's storage under its hash, so that a
button still works after a restart, however old it is.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gateway import Button, Pressed

if TYPE_CHECKING:
    from gateway import Context
    from gateway_telegram.updates import CallbackQuery

DATA_BYTES = 64
ROW_UNITS = 26
"""Words that fit side by side on a telephone."""
ROW_BUTTONS = 3

_PLAIN, _KEPT = "=", "#"


class Keyboards:
    """Writes and reads the buttons of one bot."""

    def __init__(self, context: Context, *, style: str) -> None:
        """`style`: `inline` or `reply`."""
        self._context = context
        self._style = style

    async def markup(self, buttons: Sequence[Button], client: str) -> dict[str, Any] | None:
        """Return the keyboard for these buttons. What they mean is stored before it is shown."""
        if not buttons:
            return None
        if self._style == "reply" and not any(button.url for button in buttons):
            return await self._reply(buttons, client)
        shown = [(button.text, await self._inline(button)) for button in buttons]
        return {"inline_keyboard": _rows(shown)}

    async def pressed(self, query: CallbackQuery) -> Pressed:
        """Return what a press of an inline button says."""
        keyboard = query.message.reply_markup if query.message else None
        rows = keyboard.inline_keyboard if keyboard else ()
        text = next((each.text for row in rows for each in row if each.callback_data == query.data), "")
        return Pressed(value=await self._value(query.data), text=text)

    async def typed(self, text: str, client: str) -> Pressed | None:
        """Return what a button of the client's keyboard says, if these are the words on one."""
        if self._style != "reply":
            return None
        kept = await self._context.storage.get(_keyboard_key(client))
        value = kept.get(text) if isinstance(kept, dict) else None
        return Pressed(value=value, text=text) if isinstance(value, str) else None

    async def _reply(self, buttons: Sequence[Button], client: str) -> dict[str, Any]:
        values = {button.text: button.value or button.text for button in buttons}
        await self._context.storage.put(_keyboard_key(client), values)
        rows = _rows([(button.text, {"text": button.text}) for button in buttons])
        return {"keyboard": rows, "resize_keyboard": True, "one_time_keyboard": True}

    async def _inline(self, button: Button) -> dict[str, Any]:
        if button.url:
            return {"text": button.text, "url": self._context.url(button.url)}
        return {"text": button.text, "callback_data": await self._data(button.value or button.text)}

    async def _data(self, value: str) -> str:
        if len(value.encode()) < DATA_BYTES:
            return _PLAIN + value
        digest = urlsafe_b64encode(hashlib.sha256(value.encode()).digest()[:18]).decode()
        await self._context.storage.put(_button_key(digest), value)
        return _KEPT + digest

    async def _value(self, data: str) -> str:
        """Buttons of somebody else's bot program carry what they carry."""
        if data.startswith(_KEPT):
            kept = await self._context.storage.get(_button_key(data[1:]))
            return kept if isinstance(kept, str) else data
        return data.removeprefix(_PLAIN)


def _button_key(digest: str) -> str:
    return f"button/{digest}"


def _keyboard_key(client: str) -> str:
    return f"keyboard/{client}"


def _rows(shown: Sequence[tuple[str, dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    """Put short buttons side by side."""
    rows: list[list[dict[str, Any]]] = []
    room = 0
    for text, button in shown:
        if not rows or len(text) > room or len(rows[-1]) == ROW_BUTTONS:
            rows.append([])
            room = ROW_UNITS
        rows[-1].append(button)
        room -= len(text)
    return rows
