"""The facts about a route that a decision depends on: who takes part, what they can show, how long to wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.capabilities import Capabilities
from gateway.texts import Texts


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """A route, as `decide` sees it. Times are seconds; 0 switches a time-out off."""

    route: str
    channel: str
    shows: Capabilities
    """What the channel can show."""
    bot: str = ""
    """The bot's instance; empty: every conversation begins with the handoff."""
    chain: tuple[str, ...] = ()
    """Platforms to try, in order."""
    platforms: Mapping[str, Capabilities] = field(default_factory=dict)
    """What each platform of the chain can show. A business channel is not in it: nothing is relayed to it."""
    history: int = 20
    wait_when_offline: bool = False
    accept_timeout: float = 30.0
    wait_timeout: float = 600.0
    agent_timeout: float = 1800.0
    idle_timeout: float = 86400.0
    bot_failures_before_handoff: int = 3
    """0: failures never call a human."""
    close_phrases: tuple[str, ...] = ()
    """Phrases that lead back to the bot when the transfer names none."""
    texts: Texts = field(default_factory=Texts)

    def relays_to(self, platform: str) -> bool:
        """Tell whether the client's words must be carried to the platform (a business channel hears them itself)."""
        return platform != self.channel


HANDOFF_FAILURES_ALLOWED = 2
"""How many handoffs in a row may come back without a word from the client; then the bot's next transfer is refused."""
