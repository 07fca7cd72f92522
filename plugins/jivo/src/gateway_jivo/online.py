"""Whether agents are online, as the newest event of each site told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway import Context
    from gateway_jivo.wire import Event

PREFIX = "online:"


class Online:
    """Remembers it across restarts; written only when it changes."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._sites: dict[str, bool] = {}

    async def load(self) -> None:
        """Read what an earlier run has heard."""
        found = await self._context.storage.items(PREFIX)
        self._sites = {key.removeprefix(PREFIX): bool(value) for key, value in found.items()}

    async def note(self, event: Event) -> None:
        """Take over what an event tells."""
        online = event.agents_online
        if online is None or self._sites.get(event.site_id) is online:
            return
        self._sites[event.site_id] = online
        await self._context.storage.put(PREFIX + event.site_id, online)

    def anybody(self) -> bool:
        """Tell whether a transfer may find somebody. Of several sites one is enough: Jivo says no where it must."""
        return any(self._sites.values()) or not self._sites
