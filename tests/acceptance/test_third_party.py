"""Somebody else's plugin, installed from wheels into a clean environment, in a gateway that runs."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

ROOT = Path(__file__).parents[2]
OUTSIDE = Path(__file__).parent / "outside_plugin"
SECONDS = 60
TOKEN = "let-me-in-please"

CONFIG = """\
server: {{ port: {port}, shutdown_seconds: 5 }}
channels:
  door: {{ type: echo-http, deliver_url: "{deliver_url}", token: {{ $env: DOOR_TOKEN }} }}
bots:
  bird: {{ type: parrot }}
listeners:
  count: {{ type: tally, file: tally.txt }}
routes:
  main: {{ channels: [door], bot: bird }}
"""

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]


def uv(*arguments, **environ):
    beside = Path(sys.executable).with_name("uv")
    program = str(beside) if beside.exists() else shutil.which("uv")
    assert program, "uv comes with `make setup`"
    subprocess.run([program, "--quiet", *arguments], check=True, env={**os.environ, **environ}, timeout=600)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """The `gateway` program of a clean environment with two wheels in it: the core and the plugin from outside."""
    folder = tmp_path_factory.mktemp("third_party")
    for project in (ROOT, OUTSIDE):
        uv("build", "--wheel", "--out-dir", str(folder / "wheels"), str(project))
    uv("venv", "--python", sys.executable, str(folder / "venv"))
    wheels = [str(wheel) for wheel in (folder / "wheels").glob("*.whl")]
    assert len(wheels) == 2
    uv("pip", "install", "--strict", *wheels, VIRTUAL_ENV=str(folder / "venv"))
    return str(folder / "venv" / "bin" / "gateway")


@pytest.fixture
def run(gateway, tmp_path):
    """Run a command of the clean environment, outside of this checkout."""

    def run(*arguments, **environ):
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **environ}
        done = subprocess.run(
            [gateway, *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
            timeout=SECONDS,
        )
        return done.returncode, done.stdout, done.stderr

    return run


def test_the_plugin_is_seen_with_its_distribution_and_all_it_offers(run):
    code, out, _ = run("plugins")

    assert code == 0
    assert out.splitlines() == [
        "outside  gateway-outside 0.3.0",
        "  channel echo-http: Words in by webhook, out by POST.",
        "  bot engine parrot: Repeats what it hears.",
        "  listener tally: Writes down what was said.",
        "  command outside-greeting: Say hello from outside.",
    ]


def test_the_schema_has_its_options(run):
    schema = json.loads(run("schema")[1])

    channels = schema["properties"]["channels"]["additionalProperties"]
    assert channels["properties"]["type"]["enum"] == ["echo-http"]
    assert channels["allOf"][0]["then"]["required"] == ["deliver_url", "token"]


def test_its_sample_and_its_command_are_there(run):
    assert "    token: { $env: ECHO_HTTP_TOKEN }\n" in run("example", "echo-http")[1]
    assert run("outside-greeting") == (0, "greetings from outside\n", "")


def test_its_options_are_checked(run, tmp_path):
    text = CONFIG.format(port=0, deliver_url="http://127.0.0.1:1").replace("deliver_url", "delivery_url")
    (tmp_path / "gateway.yaml").write_text(text, encoding="utf-8")

    code, out, _ = run("check", DOOR_TOKEN=TOKEN)

    assert code == 2
    assert out.splitlines()[:2] == [
        "gateway.yaml:3:3: channels.door.deliver_url: is required: Where answers are posted",
        "gateway.yaml:3:28: channels.door.delivery_url: unknown key; did you mean 'deliver_url'?",
    ]


class OtherSide:
    """What the channel talks to: takes posted answers, and can be told how to answer."""

    def __init__(self):
        self.taken: asyncio.Queue[tuple[int, dict[str, str]]] = asyncio.Queue()
        self.statuses = []

    async def __aenter__(self):
        app = web.Application()
        app.router.add_post("/answers", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/answers"
        return self

    async def __aexit__(self, *_):
        await self._runner.cleanup()

    async def _take(self, request):
        status = self.statuses.pop(0) if self.statuses else 200
        await self.taken.put((status, await request.json()))
        return web.Response(status=status)

    async def next(self):
        async with asyncio.timeout(SECONDS):
            return await self.taken.get()


class Served:
    """`gateway serve` in the clean environment."""

    def __init__(self, gateway, folder):
        self._gateway = gateway
        self._folder = folder

    async def __aenter__(self):
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        return self

    async def start(self, deliver_url):
        text = CONFIG.format(port=self.port, deliver_url=deliver_url)
        (self._folder / "gateway.yaml").write_text(text, encoding="utf-8")
        self._log = (self._folder / "log").open("wb")
        self._process = subprocess.Popen(
            [self._gateway, "serve"],
            cwd=self._folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self._folder), "DOOR_TOKEN": TOKEN},
            stdout=self._log,
            stderr=self._log,
        )
        async with asyncio.timeout(SECONDS):
            while await self.get("/health/ready") != 200:
                assert self._process.poll() is None, self.log
                await asyncio.sleep(0.1)  # another process: there is no event to wait for

    async def __aexit__(self, *_):
        self._process.send_signal(signal.SIGTERM)
        self.code = await asyncio.to_thread(self._process.wait, SECONDS)
        self._log.close()

    @property
    def log(self):
        return (self._folder / "log").read_text(encoding="utf-8")

    async def get(self, path):
        try:
            async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{self.port}{path}") as answer:
                return answer.status
        except aiohttp.ClientConnectionError:
            return 0

    async def say(self, key, text, *, token=TOKEN):
        url = f"http://127.0.0.1:{self.port}/hooks/door"
        headers = {"Authorization": f"Bearer {token}"}
        body = {"id": key, "client": "anna", "text": text}
        async with aiohttp.ClientSession() as http, http.post(url, json=body, headers=headers) as answer:
            return answer.status


async def test_it_works_in_a_running_gateway(gateway, run, tmp_path):
    async with OtherSide() as other, Served(gateway, tmp_path) as served:
        await served.start(other.url)

        assert await served.say("1", "hello", token="wrong") == 401
        assert await served.say("1", 5) == 400
        assert await served.say("1", "hello") == 202
        assert await served.say("1", "hello") == 202

        status, answer = await other.next()
        assert (status, answer["client"], answer["text"]) == (200, "anna", "You said: hello")

        other.statuses = [503]
        await served.say("2", "again")
        first, second = await other.next(), await other.next()
        assert (first[0], second[0]) == (503, 200)
        assert first[1] == second[1]

        other.statuses = [400]
        await served.say("3", "lost")
        assert (await other.next())[0] == 400
        letter = await dead_letter(run)
        assert letter["effect"]["error"] == "answered 400"
        code, out, _ = await asyncio.to_thread(run, "dead-letters", "replay", letter["letter"])
        assert (code, out) == (0, "1 of 1 dead letter put in line again.\n")
        assert (await other.next())[1]["text"] == "You said: lost"

        code, out, _ = await asyncio.to_thread(run, "trace", "1")
        assert code == 0
        assert "client anna (door): hello" in out

    assert served.code == 0
    assert other.taken.empty()
    said = (tmp_path / "tally.txt").read_text(encoding="utf-8").splitlines()
    assert said.count("bot hello") == 1
    assert "bot You said: hello" in said
    assert TOKEN not in served.log


async def dead_letter(run):
    """Wait for the one dead letter: it is another process that writes it down."""
    async with asyncio.timeout(SECONDS):
        while True:
            letters = json.loads((await asyncio.to_thread(run, "dead-letters", "list", "--json"))[1])
            if letters:
                return letters[0]
