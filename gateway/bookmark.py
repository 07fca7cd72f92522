"""How far a durable listener has come in the journal, as it is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.store.contract import Store

POSITION = "position"
BEHIND = "behind/"


class Bookmark:
    """All up to `position` was told, except for the conversations that are `behind`."""

    def __init__(self, store: Store, listener: str) -> None:
        """`listener`: the instance. Its bookmark lies beside its storage, where it cannot reach it."""
        self._store = store
        self._place = f"{listener}/bookmark"  # No instance has a slash in its name.
        self.position = 0
        self.behind: dict[str, int] = {}
        """Conversation -> the number of the first entry it has still to be told."""

    async def load(self) -> bool:
        """Read it. False: there is none, because the listener never ran."""
        position = await self._store.kv_get(self._place, POSITION)
        found = await self._store.kv_items(self._place, BEHIND)
        self.behind = {key.removeprefix(BEHIND): number for key, number in found.items()}
        self.position = position or 0
        return position is not None

    async def move(self, position: int) -> None:
        """Remember that all up to `position` was told, or is `behind`."""
        self.position = position
        await self._store.kv_put(self._place, POSITION, position)

    async def rewind(self) -> None:
        """Remember that everything is to be told from the beginning."""
        self.behind = dict.fromkeys(self.behind, 1)
        await self.move(0)
        for conversation in tuple(self.behind):
            await self._store.kv_put(self._place, BEHIND + conversation, 1)

    async def fall_behind(self, conversation: str, number: int) -> None:
        """Remember that a conversation is to be told from entry `number` on."""
        self.behind[conversation] = number
        await self._store.kv_put(self._place, BEHIND + conversation, number)

    async def catch_up(self, conversation: str) -> None:
        """Remember that a conversation is no longer behind."""
        del self.behind[conversation]
        await self._store.kv_put(self._place, BEHIND + conversation, None)


async def tell_again(store: Store, listener: str, conversation: str, number: int) -> bool:
    """Have a listener that does not run told entry `number` and all after it at its next start.

    An empty conversation means all of them from their beginning. False: there is no such listener or conversation.
    """
    bookmark = Bookmark(store, listener)
    if not await bookmark.load():
        return False
    if not conversation:
        await bookmark.rewind()
        return True
    if await store.load(conversation) is None:
        return False
    await bookmark.fall_behind(conversation, number)
    return True
