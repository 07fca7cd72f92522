"""Who serves which destination, and who may see it. Pure: made from the options alone.

A destination is the id of a group, the id of an agent, or anything else, which means everybody.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from gateway import Peer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway_desk.options import AgentOptions, DeskOptions


class Teams:
    """The agents and groups of one desk."""

    def __init__(self, options: DeskOptions) -> None:
        self._options = options

    @cached_property
    def agents(self) -> Mapping[str, AgentOptions]:
        """All agents by id."""
        return {agent.id: agent for agent in self._options.agents}

    def peer(self, agent_id: str) -> Peer:
        """Return an agent as clients and colleagues see them."""
        agent = self.agents[agent_id]
        return Peer(id=agent.id, name=agent.name, avatar_url=agent.avatar)

    def groups_of(self, agent_id: str) -> frozenset[str]:
        """Return the groups an agent serves; no list in the options means all."""
        return frozenset(self.agents[agent_id].groups or self._options.groups)

    def knows(self, destination: str) -> bool:
        """Tell whether a destination names a group or an agent."""
        return destination in self._options.groups or destination in self.agents

    def name_of(self, destination: str) -> str:
        """Return what people call a destination; empty for everybody."""
        if group := self._options.groups.get(destination):
            return group.name
        agent = self.agents.get(destination)
        return agent.name if agent else ""

    def audience(self, destination: str) -> frozenset[str]:
        """Return the ids of the agents a destination is meant for."""
        if destination in self._options.groups:
            return frozenset(agent for agent in self.agents if destination in self.groups_of(agent))
        if destination in self.agents:
            return frozenset({destination})
        return frozenset(self.agents)

    def may_see(self, agent_id: str, destination: str) -> bool:
        """Tell whether an agent sees dialogs for a destination: theirs, or a colleague's of one of their groups."""
        if agent_id in self.audience(destination):
            return True
        shares = destination in self.agents and bool(self.groups_of(destination) & self.groups_of(agent_id))
        return shares or (destination in self.agents and not self._options.groups)
