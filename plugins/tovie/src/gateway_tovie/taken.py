"""Which items were taken: one that is told again, later or the other way, must change nothing.

The core takes an event once by its key. But an item may be several events, and which ones depends on who has the client
by then: an agent's arrival, told again after the agent has left, would call the agent back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway import Storage

PREFIX = "taken/"
MOST_ITEMS = 100
"""Of one client; older ones are not told again."""


class Taken:
    """Remembers the newest items of each client, in an instance's storage."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def knows(self, client_id: str, identity: str) -> bool:
        """Tell whether an item was taken."""
        return identity in await self._items(client_id)

    async def remember(self, client_id: str, identity: str) -> None:
        """All of it has happened; committed when this returns."""
        newest = [*await self._items(client_id), identity][-MOST_ITEMS:]
        await self._storage.put(PREFIX + client_id, newest)

    async def _items(self, client_id: str) -> list[str]:
        found = await self._storage.get(PREFIX + client_id)
        return found if isinstance(found, list) else []
