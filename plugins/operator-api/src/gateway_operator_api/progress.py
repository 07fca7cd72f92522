"""How far the opening of each session has come, so that a crash in the middle repeats one line at most.

The API has no call that hands over a whole dialog, and none of its calls can be repeated without being seen, but for
`selectDestination`. So each step that the desk has confirmed is committed before the next one; what can be repeated is
the one step whose confirmation was on its way when the gateway fell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway import Storage

PREFIX = "session:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """What is remembered of a session."""

    conversation: str
    destination: str = ""
    """The group it is in: chosen by us, or named by the desk since."""
    name: str = ""
    """The name of the group we chose."""
    done: int = 0
    """Steps of the opening the desk has confirmed; the first one is `selectDestination`."""


class Sessions:
    """Remembers sessions in an instance's storage."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def get(self, session: str) -> Progress | None:
        """Return what is known of a session."""
        found: Any = await self._storage.get(PREFIX + session)
        return Progress(**found) if isinstance(found, dict) else None

    async def put(self, session: str, progress: Progress) -> Progress:
        """Remember; committed when this returns."""
        await self._storage.put(PREFIX + session, asdict(progress))
        return progress

    async def step(self, session: str, progress: Progress) -> Progress:
        """Remember that the desk has confirmed another step."""
        return await self.put(session, replace(progress, done=progress.done + 1))

    async def forget(self, session: str) -> None:
        """The session is over."""
        await self._storage.put(PREFIX + session, None)

    async def forget_all_but(self, sessions: Iterable[str]) -> None:
        """Forget the sessions that ended without our hearing of it."""
        kept = {PREFIX + session for session in sessions}
        for key in await self._storage.items(PREFIX):
            if key not in kept:
                await self._storage.put(key, None)
