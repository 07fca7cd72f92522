"""A gateway process in its world: started, loaded, harmed, brought to rest, judged."""

from __future__ import annotations

import asyncio
import random
import re
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import yaml

from tests.acceptance.process import GatewayProcess
from tests.faults.proxy import Proxy
from tests.faults.verdict import Verdict, judge, judge_file, read
from tests.faults.world import ROUTES, SIDES, World

if TYPE_CHECKING:
    from collections.abc import Mapping

SITE = Path(__file__).with_name("site")
REST_SECONDS = 120.0
LOOK_SECONDS = 0.1
BUSY_SECONDS = 30.0
PENDING = re.compile(r"^gateway_effects_pending (\d+)", re.MULTILINE)


class Faulty(GatewayProcess):
    """A gateway to which things can be done from outside (see `site/sitecustomize.py`)."""

    ready_seconds = 120.0  # it starts under load, and many times

    def __init__(self, config: Path, folder: Path) -> None:
        super().__init__(config, folder)
        self.more: dict[str, str] = {}
        """Environment of the next start."""

    @property
    def environ(self) -> dict[str, str]:
        """The plugins of the world are found by `PYTHONPATH`."""
        return {**super().environ, "PYTHONPATH": str(SITE), **self.more}

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "data" / "gateway.db"

    def ask_to_stop(self) -> None:
        """Send SIGTERM and do not wait."""
        if self._process and self.running:
            self._process.send_signal(signal.SIGTERM)


class Stage:
    """`async with Stage(...)`: the world listens, the gateway is configured but not started."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: str,
        clients: int,
        proxied: bool = False,
        routes: Mapping[str, Any] | None = None,
        seconds: float = 5.0,
    ) -> None:
        """`clients`: per channel. `proxied`: everything goes through `Proxy`s. `seconds`: how long a call may take."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.chance = random.Random(f"{seed}/harm")
        self.gateway = Faulty(folder / "gateway.yaml", folder)
        self.proxies: dict[str, Proxy] = {}
        self.world = World(seed=seed, gateway_port=self.gateway.port, clients=clients, patience_seconds=seconds)
        self._proxied = proxied
        self._routes = dict(routes or {})
        self._seconds = seconds

    async def __aenter__(self) -> Self:
        await self.world.__aenter__()
        urls = dict.fromkeys(SIDES, self.world.port)
        if self._proxied:
            for side in SIDES:
                self.proxies[side] = await self._proxy(self.world.port)
                urls[side] = self.proxies[side].port
            self.proxies["gateway"] = await self._proxy(self.gateway.port)
            self.world.move(self.proxies["gateway"].port)
        config = self._config({side: f"http://127.0.0.1:{port}" for side, port in urls.items()})
        self.gateway.config.write_text(yaml.safe_dump(config), encoding="utf-8")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.gateway.running:
            await self.gateway.kill()
        for proxy in self.proxies.values():
            proxy.close()
        await self.world.__aexit__()

    async def _proxy(self, port: int) -> Proxy:
        proxy = Proxy(port, self.world.ledger, self.chance)
        await proxy.open()
        return proxy

    def _config(self, urls: dict[str, str]) -> dict[str, Any]:
        def instance(side: str) -> dict[str, Any]:
            return {"type": "faults", "url": urls[side], "seconds": self._seconds, "timeout_seconds": self._seconds + 5}

        terms = {
            "wait_timeout_seconds": 5,
            "agent_timeout_seconds": 60,
            "accept_timeout_seconds": 60,
            "notify_delay_seconds": 600,
            **self._routes,
        }
        routes = {
            name: {"channels": [channel], "bot": bot, "handoff": list(chain), **terms}
            for name, (channel, bot, chain) in ROUTES.items()
        }
        return {
            "server": {"shutdown_seconds": 3, "http_client": self.chance.choice(["aiohttp", "lean"])},
            "channels": {side: instance(side) for side in ("keen", "plain")},
            "bots": {side: instance(side) for side in ("smart", "simple")},
            "platforms": {side: instance(side) for side in ("alpha", "beta")},
            "routes": routes,
            "log": {"level": "warning"},
        }

    async def busy(self, events: int) -> None:
        """Wait until so many more things were confirmed to clients and agents, or for as long as that may take."""
        wanted = self.world.ledger.events + events
        with suppress(TimeoutError):
            async with asyncio.timeout(BUSY_SECONDS):
                while self.world.ledger.events < wanted and self.gateway.running:  # noqa: ASYNC110 - it may die, too
                    await asyncio.sleep(LOOK_SECONDS / 20)  # short, as the moment must be any

    # --- to its end ----------------------------------------------------------------------------------------------

    async def settled(self) -> None:
        """Wait until everybody is done and nothing is left to carry out. Raises `TimeoutError`."""
        await self.world.end(within_seconds=REST_SECONDS)
        async with asyncio.timeout(REST_SECONDS):
            while await self.pending() or self.world.busy:  # noqa: ASYNC110 - another process, without an event
                await asyncio.sleep(LOOK_SECONDS)

    async def pending(self) -> int:
        """Count the effects the gateway has not carried out yet."""
        try:
            found = PENDING.search(await self.gateway.get("/metrics"))
        except OSError:
            return -1
        return int(found[1]) if found else -1

    async def verdict(self) -> Verdict:
        """Let everything come to rest, stop the gateway, compare the books."""
        problems = []
        try:
            await self.settled()
        except TimeoutError:
            problems.append(f"stuck: {await self.pending()} effects, {self.world.busy} people")
        code = await self.gateway.stop()
        if code:
            problems.append(f"crashed: it ended with {code}")
        ledger = self.world.ledger
        verdict = judge(ledger, await read(self.gateway.database))
        judge_file(verdict, self.gateway.database)
        verdict.problems += problems
        verdict.figures.update(
            messages=ledger.messages, events=ledger.events, crashes=ledger.crashes, broken=ledger.broken
        )
        self._look_for_faults(verdict)
        return verdict

    def _look_for_faults(self, verdict: Verdict) -> None:
        """A bug that was caught and logged is one all the same."""
        for line in self.gateway.log.splitlines():
            if re.search(r"\w\.bug\b|request\.failed|Traceback|step\.conflict", line):
                verdict.blame("bug", line[:300])
