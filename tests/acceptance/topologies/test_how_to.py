"""The how-to page of each topology leads to a working set-up: its own files are used, only the addresses are fakes'."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.acceptance.process import ROOT, GatewayProcess
from tests.acceptance.topologies.play import Play
from tests.acceptance.topologies.table import read
from tests.acceptance.topologies.worlds import WORLDS
from tests.docs.reading import blocks

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.topologies.sides import Topology

pytestmark = pytest.mark.acceptance

PAGES = {
    "a": "topology-widget.md",
    "b": "topology-telegram.md",
    "c": "topology-jivo-widget.md",
    "d": "topology-jivo-channel.md",
}

[STORY] = read("""\
### What a reader does at the end of the page
--- steps
client writes: hours
client sees: We are open from 9 to 5.
client writes: human
client sees: I am calling a colleague.                   [ab]
client sees: (waiting for an agent)                      [a]
client sees: We are finding somebody to help you.        [b]
client sees: I have asked a colleague to join us.        [cd]
agent sees: Ann: human                                   [ab]
agent sees: (invited)                                    [cd]
agent writes: Good day.
client sees: (Bo Ek is here)                             [a]
client sees: Bo Ek is here and reads along.              [b]
client sees: Good day.
client writes: back to the assistant                     [ab]
agent sees: (closed: The client left the conversation.)  [ab]
agent returns                                            [cd]
client writes: hours                                     [cd]
client sees: I am back. What else can I do for you?
agents go home
client writes: human
client sees: Nobody is there right now. Please try again from 9 to 5.                                    [ab]
client sees: Nobody is free right now. Please leave your e-mail address, and we write to you.            [cd]
--- log
--- client
--- agent
""")


def files_of(page: str) -> dict[str, str]:
    """Return the files a page tells its reader to make."""
    found = blocks(ROOT / "docs" / "how-to" / page, "yaml")
    return {block.name: block.text for block in found if block.name}


def with_fakes(text: str, channel: str, topology: Topology) -> dict[str, Any]:
    """Return a page's configuration with the addresses and secrets of the fakes."""
    config: dict[str, Any] = yaml.safe_load(text)
    own = topology.config({channel: {}})
    for section in ("channels", "platforms"):
        for name, options in own.get(section, {}).items():
            config[section][name] |= {key: value for key, value in options.items() if key != "title"}
    return {**config, "server": {"shutdown_seconds": 2}, "files": {"allow_private": True}}


@pytest.mark.parametrize("letter", sorted(PAGES))
async def test_the_set_up_of_a_how_to_page_works(letter: str, tmp_path: Path) -> None:
    files = files_of(PAGES[letter])
    [channel] = yaml.safe_load(files["gateway.yaml"])["channels"]
    async with WORLDS[letter]([channel]) as topology:
        config = tmp_path / "gateway.yaml"
        config.write_text(yaml.safe_dump(with_fakes(files["gateway.yaml"], channel, topology)), encoding="utf-8")
        (tmp_path / "faq.yaml").write_text(files["faq.yaml"], encoding="utf-8")
        async with GatewayProcess(config, tmp_path) as gateway:
            client, agents = await topology.client(channel, gateway.url), topology.agents(channel)
            agent = await agents.agent(client)
            play = Play(STORY, letter, client=client, agent=agent, agents=agents, config=config)
            await play.do(play.phases[0])
