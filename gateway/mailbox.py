"""One thing at a time per conversation: locks that exist only while somebody needs them."""

from __future__ import annotations

import asyncio


class Mailboxes:
    """First come, first served, per key; different keys do not wait for each other."""

    def __init__(self) -> None:
        """Begin with nobody waiting."""
        self._places: dict[str, Place] = {}

    def turn(self, key: str) -> Place:
        """Wait for the turn at `key` and hold it: `async with mailboxes.turn(key)`."""
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = Place(self._places, key)
        place.users += 1
        return place


class Place:
    """One key's turn, for each of its users an `async with`. A generator would cost as much as all the rest."""

    __slots__ = ("_key", "_lock", "_places", "users")

    def __init__(self, places: dict[str, Place], key: str) -> None:
        self._places = places
        self._key = key
        self._lock = asyncio.Lock()
        self.users = 0
        """Who holds it or waits for it."""

    async def __aenter__(self) -> None:
        try:
            await self._lock.acquire()
        except BaseException:
            self._leave()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()
        self._leave()

    def _leave(self) -> None:
        self.users -= 1
        if not self.users:
            del self._places[self._key]
