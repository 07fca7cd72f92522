"""How long until the gateway takes messages: at a start, and after it was killed in the middle of work."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus

from gateway.conversation import Floor
from tests.bench import setups
from tests.bench.figures import at_most, differences, estimate, in_turn
from tests.bench.generator import Generator
from tests.bench.servers import SERVER_CORE, Server, Servers, free_port, prepared
from tests.bench.stores import Traffic, fill
from tests.bench.table import Bench, Line, Row, Target

IMPORTS = "import aiohttp.web, pydantic"
STARTS = 10
POLL_SECONDS = 0.005
SCRIPT = "fallback: Hello\n"

READY = Target(f"`gateway serve` ready with all our plugins: seconds over `{IMPORTS}`", at_most(1.5, " s"))
MEMORY = Target("resident memory when ready", at_most(100, " MB"), digits=0)
RECOVERED = Target("ready again after kill -9 with 100,000 effects pending", at_most(2, " s"))

PENDING = 100_000
PENDING_EACH = 10
PATIENCE_SECONDS = 86_400
KILLS = 5
LOAD_SECONDS = 1.0


def measure(bench: Bench) -> Iterator[Line]:
    """Start it so often, in turn with its floor."""
    folder = bench.room("start")
    (folder / "gateway").mkdir()
    (folder / "gateway" / "script.yaml").write_text(SCRIPT, encoding="utf-8")
    memory: list[float] = []
    cpu: list[float] = []

    def gateway() -> float:
        with Servers(folder) as servers:
            began = time.perf_counter()
            server = servers.gateway("gateway", _config(), poll_seconds=POLL_SECONDS)
            took = time.perf_counter() - began
            memory.append(server.rss_kb() / 1024)
            cpu.append(server.cpu_seconds())
        return took

    sides = {"gateway": gateway, "imports": imports}
    in_turn(sides, 1)  # fills the page cache
    memory.clear()
    found = in_turn(sides, 3 if bench.quick else STARTS)
    ours, floor = (statistics.median(found[name]) for name in ("gateway", "imports"))
    words = f"ready after {ours:.2f} s, {statistics.median(cpu):.2f} s CPU; the import {floor:.2f} s"
    yield Line(READY, differences(found["gateway"], found["imports"]), words)
    yield Line(MEMORY, estimate(memory), "widget, desk and script configured, all plugins of the repository installed")


def _config() -> dict[str, object]:
    """Return one of everything that needs nobody else."""
    return {
        "channels": {"site": {"type": "widget"}},
        "bots": {"bot": {"type": "script", "file": "script.yaml"}},
        "platforms": {"desk": {"type": "desk", "agents": [{"id": "ann", "name": "Ann", "token": "t" * 32}]}},
        "routes": {"main": {"channels": ["site"], "bot": "bot", "handoff": ["desk"]}},
    }


def imports() -> float:
    """Start Python for two imports; return the seconds until it has ended."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True, preexec_fn=lambda: prepared(SERVER_CORE))
    return time.perf_counter() - began


def recover(bench: Bench) -> Iterator[Line]:
    """Kill it while the bot hangs and words come in, and start it again; several times."""
    folder = bench.room("recovery")
    effects = PENDING // 100 if bench.quick else PENDING
    traffic = Traffic(
        conversations=effects // PENDING_EACH, entries=2 * PENDING_EACH, pending=PENDING_EACH, floor=Floor.BOT
    )
    fill(folder / "gateway" / "data" / "gateway.db", traffic)
    ready, acknowledged, cpu = [], [], []
    with Servers(folder) as servers:
        generator = Generator(servers)
        generator.hold(True)
        config = setups.hop(generator.url)
        config["routes"]["main"]["bot_expire_seconds"] = PATIENCE_SECONDS
        config["server"]["max_pending_effects"] = 10 * PENDING  # new words are to be taken all the same
        server = servers.gateway("gateway", config)
        _say(server, KILLS)
        for number in range(KILLS):
            _load(generator, server)
            server.kill()
            began = time.perf_counter()
            server = servers.gateway("gateway", config, port=free_port(), poll_seconds=POLL_SECONDS)
            ready.append(time.perf_counter() - began)
            cpu.append(server.cpu_seconds())
            _say(server, number)
            acknowledged.append(time.perf_counter() - began)
    first, used = statistics.median(acknowledged), statistics.median(cpu)
    words = f"{effects:,} questions to a bot that hangs, {KILLS} kills; {used:.2f} s CPU until ready; "
    words += f"a new webhook acknowledged after {first:.2f} s"
    yield Line(RECOVERED, estimate(ready), words, effects < PENDING)


def _load(generator: Generator, server: Server) -> None:
    """Have words come in, so that there is something in the write-ahead log; nobody answers them."""
    found = generator.slice(server, seconds=LOAD_SECONDS, rate=200, drain=LOAD_SECONDS, conversations=500)
    assert found.ack, "it did not take anything"


def _say(server: Server, number: int) -> None:
    """Post a webhook and wait for its answer."""
    message = {"message_id": number, "chat": {"id": number}, "from": {"first_name": "Ann", "language_code": "en"}}
    update = {"update_id": -1 - number, "message": {**message, "text": "Hello"}}
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/hooks/in", json.dumps(update).encode()) as answer:
        assert answer.status == HTTPStatus.OK


ROW = Row(
    "start",
    f"From the start of the process to a 200 of `/health/ready`, asked every {POLL_SECONDS * 1000:.0f} ms, and "
    f"`python -c '{IMPORTS}'` from start to end; {STARTS} times in turn, files in the page cache.",
    (READY, MEMORY),
    measure,
)
RECOVERY = Row(
    "recovery",
    "A store with so many questions to the bot that were never answered; the bot hangs; for a second 200 new messages "
    "come in; then kill -9, and the time from the start of the new process to a 200 of `/health/ready`, and to that of "
    "a webhook posted then.",
    (RECOVERED,),
    recover,
)
