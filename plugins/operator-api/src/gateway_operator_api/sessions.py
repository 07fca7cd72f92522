"""What is remembered of each session: where it is, and how far its opening has come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from gateway import Steps

if TYPE_CHECKING:
    from gateway import Storage

PREFIX = "session:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """What is remembered of a session."""

    conversation: str
    destination: str = ""
    """The group it is in: chosen by us, or named by the desk since."""
    name: str = ""
    """The name of the group we chose."""


class Sessions:
    """Remembers sessions in an instance's storage."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.steps = Steps(storage)
        """Of openings, by session: none of the API's calls but `selectDestination` can be repeated unseen."""

    async def get(self, session: str) -> Session | None:
        """Return what is known of a session."""
        found: Any = await self._storage.get(PREFIX + session)
        return Session(**found) if isinstance(found, dict) else None

    async def put(self, session: str, known: Session) -> Session:
        """Remember; committed when this returns."""
        await self._storage.put(PREFIX + session, asdict(known))
        return known

    async def forget(self, session: str) -> None:
        """The session is over."""
        await self._storage.put(PREFIX + session, None)
        await self.steps.forget(session)

    async def forget_all_but(self, sessions: Iterable[str]) -> None:
        """Forget the sessions that ended without our hearing of it."""
        named = set(sessions)
        await self.steps.forget_all_but(named)
        kept = {PREFIX + session for session in named}
        for key in await self._storage.items(PREFIX):
            if key not in kept:
                await self._storage.put(key, None)
