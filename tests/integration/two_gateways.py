# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs
"""Two gateways, each the other's remote side: the front one has the client, the back one a bot and agents."""

from __future__ import annotations

import socket
from contextlib import asynccontextmanager

from gateway.testing import Harness


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Both:
    """Both gateways, and who speaks there. Each can be stopped and started again."""

    def __init__(self, folder, configs):
        self.folder = folder
        self.configs = configs
        self.running = {}

    async def start(self, name):
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        self.running[name] = await Harness(self.configs[name], folder=folder).__aenter__()

    async def stop(self, name):
        await self.running.pop(name).__aexit__()

    @property
    def front(self):
        return self.running["front"]

    @property
    def back(self):
        return self.running["back"]

    @property
    def ann(self):
        return self.front.channel()

    @property
    def agents(self):
        return self.back.platform()

    async def heard(self, *texts):
        """Wait until these are the last texts the client sees."""
        await self.front.until(lambda: self.ann.texts()[-len(texts) :] == list(texts))

    async def read(self, *texts):
        """Wait until these are all the client's words the agents see."""
        await self.back.until(lambda: self.agents.texts() == list(texts))

    async def handed_over(self, words="agent"):
        """Let the client ask for a human, until the agents have the dialog."""
        before = len(self.agents.openings)
        await self.ann.writes(words)
        await self.back.until(lambda: len(self.agents.openings) > before)


@asynccontextmanager
async def two_gateways(folder, front, back):
    """Run both. `front` and `back` return a config, given the address of the other gateway."""
    ports = {"front": free_port(), "back": free_port()}
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    configs = {"front": front(addresses["back"]), "back": back(addresses["front"])}
    for name, port in ports.items():
        server = {"host": "127.0.0.1", "port": port, "shutdown_seconds": 1}
        configs[name] = {"files": {"allow_private": True}, "server": server, **configs[name]}
    both = Both(folder, configs)
    try:
        await both.start("back")
        await both.start("front")
        yield both
    finally:
        for name in list(both.running):
            await both.stop(name)
