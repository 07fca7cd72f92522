"""Each kind of every plugin in one configuration: it is right, a gateway runs it, and what can answer does."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from aiohttp import web

from gateway.testing.simulate import Simulation
from gateway.testing.simulate.jivo import JivoStage
from gateway.testing.simulate.operator_desk import DeskStage
from gateway.testing.simulate.stage import Given
from gateway.testing.simulate.telegram import TelegramStage
from gateway.testing.simulate.tovie import TovieBotStage
from tests.acceptance.process import PAUSE_SECONDS, ROOT, GatewayProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from gateway.testing.simulate import Chat, Stage

pytestmark = pytest.mark.acceptance

CONFIG = ROOT / "tests" / "acceptance" / "everything.yaml"
SECTIONS = {
    "channel": "channels",
    "bot engine": "bots",
    "agent platform": "platforms",
    "listener": "listeners",
}
SECONDS = 60.0
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


class Everything(GatewayProcess):
    """The gateway, and the sides of it that are simulated."""

    def __init__(self, folder: Path) -> None:
        super().__init__(CONFIG, folder)
        self.telegram, self.jivo = TelegramStage(), JivoStage()
        self.heard: list[Any] = []
        self._sides: dict[str, str] = {"BOT_SECRET": SECRET, "EVENTS_SECRET": SECRET}

    @property
    def environ(self) -> dict[str, str]:
        return {**super().environ, **self._sides}

    @asynccontextmanager
    async def surrounded(self) -> AsyncIterator[None]:
        """Have somebody at the other end of everything that is simulated."""
        stages: dict[str, Stage] = {"TELEGRAM_URL": self.telegram, "JIVO_URL": self.jivo}
        async with AsyncExitStack() as stack:
            for name, stage in {**stages, "TOVIE_URL": TovieBotStage(), "": DeskStage()}.items():
                url = await stack.enter_async_context(Simulation(stage, gateway=self.url).running())
                self._sides |= {name: url, **stage.setup().environ} if name else stage.setup().environ
            self._sides["TOVIE_URL"] += "/chatadapter"
            self._sides["CRM_URL"] = await stack.enter_async_context(self._crm())
            yield

    @property
    def told_of(self) -> set[str]:
        """The channels of which the CRM has heard."""
        return {event["data"]["conversation"]["channel"] for event in self.heard}

    @asynccontextmanager
    async def _crm(self) -> AsyncIterator[str]:
        async def hear(request: web.Request) -> web.Response:
            self.heard.append(await request.json())
            return web.Response()

        app = web.Application()
        app.router.add_post("/", hear)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
        finally:
            await runner.cleanup()


async def said_to(stage: Stage, chat: str, text: str) -> None:
    """Write something to a simulation's client, and wait until the bot has answered."""
    await stage.act("write", Given(chat=chat, values={"text": text}))
    await until(lambda: any(line.who == "them" for line in _chat(stage, chat).lines))


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what another process does: there is no event to wait for."""
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(PAUSE_SECONDS)


def _chat(stage: Stage, chat: str) -> Chat:
    return next(each for each in stage.chats() if each.id == chat)


@pytest.fixture(scope="module")
def installed() -> list[dict[str, Any]]:
    """What `gateway plugins` lists."""
    command = [sys.executable, "-m", "gateway", "plugins", "--json"]
    listed: list[dict[str, Any]] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return listed


def test_all_plugins_are_listed_without_a_problem(installed: list[dict[str, Any]]) -> None:
    assert {plugin["name"] for plugin in installed} >= {folder.name for folder in (ROOT / "plugins").iterdir()}
    assert [plugin["problems"] for plugin in installed if plugin["problems"]] == []


def test_the_configuration_has_each_kind_of_every_plugin(installed: list[dict[str, Any]]) -> None:
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    kinds = {(what, each["type"]) for what, section in SECTIONS.items() for each in config[section].values()}

    offered = {(offer["what"], offer["kind"]) for plugin in installed for offer in plugin["offers"]}
    assert kinds == {(what, kind) for what, kind in offered if what in SECTIONS}


async def test_a_gateway_runs_all_of_it_and_what_is_there_answers(tmp_path: Path) -> None:
    gateway = Everything(tmp_path)
    async with gateway.surrounded():
        assert "can be served" in await asyncio.to_thread(gateway.run, "check")
        async with gateway:
            instances = json.loads(await gateway.get("/health/ready"))["instances"]
            assert {name for name, each in instances.items() if each["state"] != "up"} <= {"jivo-agents"}, gateway.log
            for stage in (gateway.telegram, gateway.jivo):
                await said_to(stage, next(iter(stage.chats())).id, "hours")
            await until(lambda: gateway.told_of == {"shop", "jivo"})
