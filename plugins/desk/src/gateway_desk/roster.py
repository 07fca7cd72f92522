"""Who is online: agents declare it, and must have been connected a short while ago.

The declared status is kept in the instance's storage. A restart of the gateway or a reload of the page takes an agent
away for less than the grace period, so nobody goes offline by it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway import Context

KEY = "agent/"


@dataclass(slots=True)
class Presence:
    """What is known of one agent."""

    online: bool | None = None
    """What the agent declared; None: nothing yet. Who comes for the first time comes to work."""
    seen: float | None = None
    """Unix seconds of the last disconnect; None: connected, or was when the gateway went down."""


class Roster:
    """The presence of every agent."""

    def __init__(self, context: Context, agents: Iterable[str], *, grace_seconds: float) -> None:
        self._context = context
        self._grace = grace_seconds
        self._presence = {agent: Presence(seen=0.0) for agent in agents}
        self._connections: Counter[str] = Counter()

    async def load(self) -> None:
        """Read what was declared before the restart. Who was connected then gets the grace period to come back."""
        stored = await self._context.storage.items(KEY)
        for agent, presence in self._presence.items():
            if saved := stored.get(KEY + agent):
                presence.online = bool(saved["online"])
                presence.seen = self._context.now() if saved["seen"] is None else saved["seen"]

    async def declare(self, agent: str, *, online: bool) -> None:
        """Take note of what an agent says about themselves."""
        self._presence[agent].online = online
        await self._save(agent)

    async def connected(self, agent: str) -> None:
        """A browser of the agent connected."""
        presence = self._presence[agent]
        self._connections[agent] += 1
        presence.seen = None
        if presence.online is None:
            presence.online = True
        await self._save(agent)

    async def disconnected(self, agent: str) -> None:
        """A browser of the agent went away."""
        self._connections[agent] -= 1
        if self._connections[agent] <= 0:
            self._presence[agent].seen = self._context.now()
            await self._save(agent)

    def declared(self, agent: str) -> bool:
        """Return what the agent declared."""
        return self._presence[agent].online is True

    def online(self, agent: str) -> bool:
        """Tell whether the agent is there: declared, and connected or just gone."""
        presence = self._presence[agent]
        return self.declared(agent) and (presence.seen is None or self._context.now() - presence.seen <= self._grace)

    def present(self, agent: str) -> bool:
        """Tell whether the agent is online and connected at this moment."""
        return self.online(agent) and self._connections[agent] > 0

    def anybody(self, agents: Iterable[str]) -> bool:
        """Tell whether one of these agents is online."""
        return any(map(self.online, agents))

    def all_online(self) -> frozenset[str]:
        """Return the ids of everybody online."""
        return frozenset(filter(self.online, self._presence))

    async def _save(self, agent: str) -> None:
        presence = self._presence[agent]
        await self._context.storage.put(KEY + agent, {"online": presence.online, "seen": presence.seen})
