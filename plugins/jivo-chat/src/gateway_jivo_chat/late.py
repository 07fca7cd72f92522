"""Ratings given when the dialog is over: the client presses a button of Jivo's while the bot has the floor again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from gateway import Failure, Pressed, Role, Said
from gateway_jivo_chat import choices

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway import Change, Context, Entry
    from gateway_jivo_chat.outbox import Outbox


class LateRatings:
    """Passes them on, once and without a second try: a rating is worth no more."""

    def __init__(self, context: Context, outbox: Outbox) -> None:
        self._context = context
        self._outbox = outbox
        self._tasks: set[asyncio.Task[None]] = set()
        self._unwatch: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begin to watch."""
        self._unwatch = self._context.conversations.watch(self._changed)

    async def stop(self) -> None:
        """Watch no more."""
        self._unwatch()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _changed(self, change: Change) -> None:
        handoff = change.conversation.handoff
        if handoff and handoff.platform == self._context.name:
            return  # It goes the usual way.
        for entry in change.entries:
            value = _rate_in(entry)
            if value is not None:
                task = asyncio.create_task(self._pass_on(change, entry, value))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, change: Change, entry: Entry, value: int) -> None:
        try:
            await self._outbox.rates(change.conversation, entry, value)
        except Failure as failure:
            self._context.log.warning("jivo_chat.rating_lost", reason=failure.reason)


def _rate_in(entry: Entry) -> int | None:
    said = entry.body
    if not isinstance(said, Said) or said.role is not Role.CLIENT:
        return None
    pressed = (choices.rate_in(each.value) for each in said.message.contents if isinstance(each, Pressed))
    return next((value for value in pressed if value is not None), None)
