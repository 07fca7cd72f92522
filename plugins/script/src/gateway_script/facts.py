"""What is known while a turn is answered: variables, the client, the agent, who is online."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway_script.names import ATTRIBUTE, is_attribute
from gateway_script.templates import filled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway import Turn
    from gateway_script.memory import Memory


@dataclass
class Facts:
    """Answers `${name}` and conditions; collects what `set` tells about the client."""

    turn: Turn
    memory: Memory
    defaults: Mapping[str, str | None]
    """The script's `variables`."""
    attributes: dict[str, str] = field(default_factory=dict)
    """New facts about the client."""

    @property
    def agents_online(self) -> bool | None:
        """Whether a transfer would find somebody; None if nobody can tell."""
        return self.turn.agents_online

    def value(self, name: str) -> str:
        """Return what is known under a name; empty if nothing is."""
        if name in self.memory.variables:
            return self.memory.variables[name]
        if is_attribute(name):
            key = name.removeprefix(ATTRIBUTE)
            return self.attributes.get(key, self.turn.conversation.attributes.get(key, ""))
        return self.built_in(name) or self.defaults.get(name) or ""

    def built_in(self, name: str) -> str:
        """Return what the gateway knows."""
        conversation, memory = self.turn.conversation, self.memory
        known = {
            "client.name": conversation.client.name,
            "client.id": conversation.client.id,
            "language": conversation.language,
            "channel": conversation.channel,
            "text": memory.text,
            "payload": memory.payload,
            "misses": str(memory.misses),
            "agent.name": memory.agent_name,
            "agent.note": memory.agent_note,
            "outcome": memory.outcome,
        }
        return known.get(name, "")

    def fill(self, template: str | None, escape: Callable[[str], str] = str) -> str:
        """Return a text with its variables filled in; each value goes through `escape`."""
        return filled(template, self.value, escape) if template else ""

    def set(self, name: str, value: str) -> None:
        """Give a variable, or an attribute of the client, a value."""
        if is_attribute(name):
            self.attributes[name.removeprefix(ATTRIBUTE)] = value
        else:
            self.memory.remember(name, value)
