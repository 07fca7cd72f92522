"""Plays a scenario: each step of the table is a method here; what comes of it is read where people would read it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from gateway.cli import gateway as command_line
from tests.acceptance.topologies.sides import PAUSE_SECONDS

if TYPE_CHECKING:
    from tests.acceptance.topologies.sides import Agent, Agents, Client, Side
    from tests.acceptance.topologies.table import Scenario

WAIT_SECONDS = 20.0
SETTLED = {"done", "dropped", "refused", "stale"}
"""How an effect may end here: none is still under way, and none has become a dead letter."""


class Play:
    """One scenario with one client."""

    def __init__(
        self, scenario: Scenario, letter: str, *, client: Client, agent: Agent, agents: Agents, config: Path
    ) -> None:
        """`config`: the file of the gateway, whose log is read with its own commands."""
        self.scenario = scenario
        self.phases = scenario.phases(letter)
        self._letter = letter
        self._config = config
        self._client = client
        self._agent = agent
        self._agents = agents
        self._sides: Mapping[str, Side] = {"client": client, "agent": agent}
        self._read: dict[Side, int] = {client: 0, agent: 0}

    def __repr__(self) -> str:
        return str(self.scenario)

    async def do(self, steps: Sequence[str]) -> None:
        """Do steps, one after another."""
        for words in steps:
            step, _, what = words.partition(": ")
            method = getattr(self, step.replace(" ", "_"), None)
            assert method, f"{self.scenario}: nobody knows how to do {words!r}"
            try:
                await (method(what) if what else method())
            except TimeoutError:
                raise AssertionError(f"{self.scenario}: {words!r} did not happen; {self._state()}") from None

    def _state(self) -> str:
        return f"client saw {self._client.lines()}, agent saw {self._agent.lines()}"

    # --- steps ---

    async def client_opens(self) -> None:
        await self._client.opens()

    async def client_writes(self, text: str) -> None:
        await self._client.writes(text)

    async def client_sends(self, file: str) -> None:
        await self._client.sends(*_file(file))

    async def client_closes(self) -> None:
        await self._client.closes()

    async def client_sees(self, line: str) -> None:
        await self._sees(self._client, line)

    async def agent_writes(self, text: str) -> None:
        await self._agent.writes(text)

    async def agent_sends(self, file: str) -> None:
        await self._agent.sends(*_file(file))

    async def agent_returns(self) -> None:
        await self._agent.returns()

    async def agent_closes(self) -> None:
        await self._agent.closes()

    async def agent_declines(self) -> None:
        await self._agent.declines()

    async def agent_sees(self, line: str) -> None:
        await self._sees(self._agent, line)

    async def agents_go_home(self) -> None:
        self._agents.go_home()

    async def agents_refuse(self) -> None:
        self._agents.refuse()

    async def agents_hesitate(self) -> None:
        self._agents.hesitate()

    async def agents_were_asked(self) -> None:
        await self._agents.asked()

    async def agents_go_on(self) -> None:
        self._agents.go_on()

    async def gateway_notes(self, line: str) -> None:
        """Wait until a line is in the log."""
        if not await self._traced_until(lambda found: line in found[0]):
            raise TimeoutError

    async def _sees(self, side: Side, wanted: str) -> None:
        """Wait for a line that was not waited for before; a file (`<name: content>`) is fetched too."""
        name, content = _file(wanted) if wanted.startswith("<") else ("", b"")
        line = f"<{name}>" if name else wanted
        await side.until(lambda: line in side.lines()[self._read[side] :])
        self._read[side] += side.lines()[self._read[side] :].index(line) + 1
        if name:
            assert await side.content(name) == content

    # --- the transcript ---

    async def transcripts(self) -> Mapping[str, str]:
        """Return log, client and agent, line by line, once nothing is under way any more."""
        await self._settled()
        log, unsettled = await self._traced()
        for section, side in self._sides.items():
            await self._caught_up(side, self._wanted(section))
        seen = {section: _sheet(side.lines()) for section, side in self._sides.items()}
        return {"log": _sheet(log), **seen, "unsettled effects": _sheet(sorted(unsettled))}

    @property
    def wanted(self) -> Mapping[str, str]:
        """What the transcripts have to be."""
        sections = {section: _sheet(self._wanted(section)) for section in ("log", *self._sides)}
        return {**sections, "unsettled effects": ""}

    async def _settled(self) -> None:
        """Wait until the log is as expected and at rest, or patience is over."""
        ready: tuple[list[str], set[str]] = (self._wanted("log"), set())
        await self._traced_until(lambda found: found == ready)

    async def _traced_until(self, condition: Callable[[Any], bool]) -> bool:
        deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
        while not condition(await self._traced()):
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(PAUSE_SECONDS)  # another process: there is no event to wait for
        return True

    async def _caught_up(self, side: Side, wanted: list[str]) -> None:
        try:
            await side.until(lambda: list(side.lines()) == wanted)
        except TimeoutError:
            return

    async def _traced(self) -> tuple[list[str], set[str]]:
        return await asyncio.to_thread(_traced, self._config, self._client)

    def _wanted(self, section: str) -> list[str]:
        return self.scenario.lines(section, self._letter)


def _sheet(lines: Sequence[str]) -> str:
    return "\n".join(lines)


def _file(words: str) -> tuple[str, bytes]:
    name, _, content = words.strip("<>").partition(": ")
    return name, content.encode()


def _traced(config: Path, client: Client) -> tuple[list[str], set[str]]:
    """Return the log of a client's conversations in words, and how else than well effects stand."""
    own = ("--json", "--config", str(config))
    listed = [_run("conversations", "--channel", client.channel, "--client", name, *own) for name in client.ids]
    oldest_first = [conversation["id"] for found in listed for conversation in reversed(found)]
    traces = [_run("trace", conversation, *own)[0] for conversation in oldest_first]
    log = [in_words(entry) for trace in traces for entry in trace["entries"]]
    return log, {effect["state"] for trace in traces for effect in trace["effects"]} - SETTLED


def _run(*arguments: str) -> Any:
    """Run a command of the gateway's as an operator would, only not in a process of its own."""
    done = CliRunner().invoke(command_line, arguments)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def in_words(entry: Mapping[str, Any]) -> str:
    """Return an entry as the table has it: who may speak after it, and what happened."""
    body = entry["body"]
    return f"{entry['floor']} {WORDS[body['type']](body)}"


def _said(body: Mapping[str, Any]) -> str:
    who = {"agent": body["author"]["name"], "system": "gateway"}.get(body["role"], body["role"])
    contents = body["message"]["contents"]
    files = [f"<{each['attachment']['name']}>" for each in contents if each["type"] == "media"]
    words = [words for each in contents if (words := each.get("text") or each.get("caption"))]
    return f"{who}: {' '.join([*files, *words])}"


WORDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "said": _said,
    "started": lambda _: "started",
    "transferred": lambda _: "transferred",
    "declined": lambda body: f"declined: {body['outcome']}",
    "queued": lambda _: "queued",
    "joined": lambda body: f"{body['agent']['name']} joined",
    "moved": lambda _: "moved",
    "left": lambda body: f"left: {body['outcome']}",
    "delivery": lambda body: f"delivery of {body['number']}: {body['state']}",
    "bot_failed": lambda _: "bot failed",
    "closed": lambda body: f"closed by {body['by']}",
}
