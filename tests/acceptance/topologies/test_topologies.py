"""One table of scenarios, played in four topologies; the transcripts are compared entry by entry."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
import yaml

from tests.acceptance.process import GatewayProcess
from tests.acceptance.topologies.play import Play
from tests.acceptance.topologies.table import scenarios
from tests.acceptance.topologies.worlds import WORLDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.acceptance.topologies.sides import Topology
    from tests.acceptance.topologies.table import Scenario

HERE = Path(__file__).parent
TABLE = scenarios()

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="module")]


@dataclass(frozen=True)
class World:
    """A topology with its gateway running."""

    letter: str
    topology: Topology
    gateway: GatewayProcess
    played: list[Play] = field(default_factory=list)
    """All that went well so far."""

    async def play(self, scenario: Scenario) -> Play:
        """Return a play with a new client."""
        route = route_of(scenario)
        client = await self.topology.client(route, self.gateway.url)
        agents = self.topology.agents(route)
        agent = await agents.agent(client)
        return Play(scenario, self.letter, client=client, agent=agent, agents=agents, config=self.gateway.config)


def route_of(scenario: Scenario) -> str:
    """Return the name of the route a scenario needs: one per set of options."""
    return "-".join(key.partition("_")[0] for key in scenario.route) or "usual"


def config_of(topology: Topology) -> dict[str, Any]:
    routes = {route_of(scenario): scenario.route for scenario in TABLE}
    return {
        "server": {"shutdown_seconds": 2},
        "files": {"allow_private": True},
        "bots": {"bot": {"type": "script", "file": str(HERE / "bot.yaml")}},
        **topology.config(routes),
    }


@asynccontextmanager
async def running(letter: str, folder: Path) -> AsyncIterator[World]:
    routes = sorted({route_of(scenario) for scenario in TABLE})
    async with WORLDS[letter](routes) as topology:
        config = folder / "gateway.yaml"
        config.write_text(yaml.safe_dump(config_of(topology)), encoding="utf-8")
        async with GatewayProcess(config, folder) as gateway:
            yield World(letter, topology, gateway)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(request, tmp_path_factory) -> AsyncIterator[World]:
    async with running(request.param, tmp_path_factory.mktemp(f"topology-{request.param}")) as found:
        yield found


def cases() -> list[tuple[str, Scenario]]:
    """Return everything but the crashes, topology by topology."""
    calm = [scenario for scenario in TABLE if not scenario.has_crash]
    return [(letter, scenario) for letter in sorted(WORLDS) for scenario in calm if scenario.concerns(letter)]


@pytest.mark.parametrize(("world", "scenario"), cases(), indirect=["world"], scope="module", ids=str)
async def test_a_scenario_goes_as_the_table_says(world: World, scenario: Scenario) -> None:
    play = await world.play(scenario)
    try:
        await play.do(play.phases[0])
        await compare(play)
    finally:
        await play.agents_go_on()
    world.played.append(play)


@pytest.mark.parametrize("world", sorted(WORLDS), indirect=True, scope="module")
async def test_a_crash_in_each_state_loses_and_doubles_nothing(world: World) -> None:
    """One crash hits all scenarios, each in another state; of what was over before, nothing is said again."""
    crashes = [scenario for scenario in TABLE if scenario.has_crash and scenario.concerns(world.letter)]
    plays = [await world.play(scenario) for scenario in crashes]
    for play in plays:
        await play.do(play.phases[0])
    await world.gateway.kill()
    for play in plays:
        await play.do(play.phases[1])
    await world.gateway.start()
    for play in plays:
        await play.do(play.phases[2])
    for play in [*plays, *world.played]:
        await compare(play)


async def compare(play: Play) -> None:
    """Compare what there is to show with the table, entry by entry."""
    found = await play.transcripts()
    for section, wanted in play.wanted.items():
        assert found[section] == wanted, f"{play}: {section}"
