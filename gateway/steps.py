"""A call that takes several steps, so that a crash in the middle repeats one of them at most.

Some systems have no call that takes a whole dialog at once, and none that can be repeated without being seen. So each
step the other side has confirmed is committed before the next; what can be repeated is the one whose confirmation was
on its way when the gateway fell.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.given import Storage

PREFIX = "steps:"


class Steps:
    """Remembers in an instance's storage how far each call has come."""

    def __init__(self, storage: Storage) -> None:
        """`storage`: where keys that begin with `steps:` are free."""
        self._storage = storage

    async def carry_out(self, call: str, steps: Iterable[Callable[[], Awaitable[object]]]) -> None:
        """Take those steps of a call that are not confirmed yet, in order. They are the same at every attempt."""
        done = await self._storage.get(PREFIX + call) or 0
        for number, step in enumerate(steps, start=1):
            if number > done:
                await step()
                await self._storage.put(PREFIX + call, number)

    async def forget(self, call: str) -> None:
        """The call will not be made again, or from the beginning."""
        await self._storage.put(PREFIX + call, None)

    async def forget_all_but(self, calls: Iterable[str]) -> None:
        """Forget what was left over."""
        kept = {PREFIX + call for call in calls}
        for key in await self._storage.items(PREFIX):
            if key not in kept:
                await self._storage.put(key, None)
