# mypy: allow-untyped-defs, allow-untyped-calls
"""The README's way to try it without an account works: its program plays the agent, its configuration is one."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from importlib import import_module
from pathlib import Path

import yaml

from gateway.testing import Harness

kit = import_module("plugins.jivo-chat.tests.jivo_chat_kit")
README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
PROGRAM = re.findall(r"^```python\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)[0]
CONFIG, SCRIPT = re.findall(r"^```yaml\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)[1:]
AT = "http://127.0.0.1:8080"


class Agent:
    """The program in its terminal."""

    def __init__(self, process):
        self._process = process

    async def reads(self):
        return (await self._process.stdout.readline()).decode().strip()

    async def writes(self, line):
        self._process.stdin.write(f"{line}\n".encode())
        await self._process.stdin.drain()


async def begun(url):
    environment = {**os.environ, "JIVO_CHAT_KEY": kit.KEY, "JIVO_WEBHOOKS_KEY": kit.WEBHOOKS_KEY}
    pipe = asyncio.subprocess.PIPE
    program = PROGRAM.replace(AT, url)
    return await asyncio.create_subprocess_exec(sys.executable, "-c", program, env=environment, stdin=pipe, stdout=pipe)


def config(channel_url, port, folder):
    (folder / "faq.yaml").write_text(SCRIPT, encoding="utf-8")
    settings = yaml.safe_load(CONFIG)
    settings["server"] = {"port": port}
    settings["channels"]["site"] = {"type": "fake"}  # a person sits at the widget
    settings["platforms"]["jivo"].update(url=channel_url, key=kit.KEY, webhooks_key=kit.WEBHOOKS_KEY)
    return settings


async def test_the_program_plays_the_agent(tmp_path, unused_tcp_port):
    assert AT in PROGRAM
    process = await begun(f"http://127.0.0.1:{unused_tcp_port}")
    agent = Agent(process)
    try:
        async with asyncio.timeout(60):
            channel_url = (await agent.reads()).removeprefix("export JIVO_CHAT_URL=")
            async with Harness(config(channel_url, unused_tcp_port, tmp_path), folder=tmp_path) as gateway:
                ann = gateway.channel("site")
                await ann.writes("human")
                assert [await agent.reads() for _ in range(2)] == ["Ann: human", "Bot: I am calling a colleague."]

                await agent.writes("I am Bo")
                await gateway.until(lambda: "I am Bo" in ann.texts())
                await agent.writes("bye")
                await gateway.until(lambda: "I am back." in ann.texts())
            await agent.writes("")
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
