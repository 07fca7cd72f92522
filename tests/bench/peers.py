"""The same hop as others' echo bots, which store nothing: webhook in, one call to the API out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.bench import setups
from tests.bench.environments import python_with
from tests.bench.figures import at_least, in_turn
from tests.bench.generator import Generator, Slice, in_words, rate_ratio
from tests.bench.servers import Server, Servers, free_port
from tests.bench.table import Bench, Line, Row, Target

WINDOW = 32
LEAST_SECONDS = 1.0
"""The slowest would not come round in less."""
ECHO = 'fallback: "${text}"\n'
BARE = {"form": "telegram", "path": "/hooks/short"}
TELEGRAM = {"form": "telegram", "path": "/hooks/in"}
ACTIVITY = {"form": "activity", "path": "/api/messages"}


@dataclass(frozen=True, slots=True)
class Contender:
    """An echo bot made with somebody else's framework."""

    program: str
    requirements: tuple[str, ...]
    order: dict[str, str]
    target: Target

    def start(self, servers: Servers, peer: str) -> Server:
        """Start it in an environment of its own."""
        python = python_with(self.program.removesuffix("_echo"), *self.requirements, "uvloop")
        return servers.program(self.program, peer, setups.TELEGRAM_TOKEN, python=python)


def _target(whose: str, times: float) -> Target:
    return Target(f"webhook in, one call out, durable; over {whose}, which stores nothing", at_least(times, " ×"))


CONTENDERS = (
    Contender("aiogram_echo", ("aiogram==3.31.0",), TELEGRAM, _target("aiogram 3.31", 4)),
    Contender("ptb_echo", ("python-telegram-bot[webhooks]==22.8",), TELEGRAM, _target("python-telegram-bot 22.8", 15)),
    Contender(
        "agents_echo",
        ("microsoft-agents-hosting-aiohttp==1.9.0", "microsoft-agents-hosting-core==1.9.0"),
        ACTIVITY,
        _target("the Microsoft 365 Agents SDK 1.9", 8),
    ),
    Contender(
        "botbuilder_echo",
        ("botbuilder-integration-aiohttp==4.17.1",),
        ACTIVITY,
        _target("botbuilder 4.17", 40),
    ),
)

Take = Callable[[], Slice]


def measure(bench: Bench) -> Iterator[Line]:
    """Compare closed loops of whoever can be started."""
    folder = bench.room("peers")
    missing: dict[str, str] = {}
    with Servers(folder) as servers:
        generator = Generator(servers)
        slices: dict[str, Take] = {
            "gateway": _take(bench, generator, _gateway(servers, generator, folder), TELEGRAM),
            "floor": _take(bench, generator, servers.program("floor", generator.url), BARE),
        }
        for each in CONTENDERS:
            try:
                slices[each.program] = _take(bench, generator, each.start(servers, generator.url), each.order)
            except Exception as problem:  # noqa: BLE001 - the others can still be compared
                missing[each.program] = str(problem)
        in_turn(slices, 1)  # warms up
        found = in_turn(slices, bench.rounds)
    yield from (_line(each, found, missing) for each in CONTENDERS)


def _line(contender: Contender, found: dict[str, list[Slice]], missing: dict[str, str]) -> Line:
    ours, theirs = found["gateway"], found.get(contender.program, [])
    if not all(each.per_second for each in theirs):
        missing[contender.program] = "in a slice nothing came back"
    if contender.program in missing:
        return Line(contender.target, measured=f"could not be measured: {missing[contender.program]}")
    words = f"{in_words('gateway', ours)}; {in_words('theirs', theirs)}; {in_words('bare aiohttp', found['floor'])}"
    return Line(contender.target, rate_ratio(ours, theirs), words)


def _gateway(servers: Servers, generator: Generator, folder: Path) -> Server:
    script = folder / "echo.yaml"
    script.write_text(ECHO, encoding="utf-8")
    port = free_port()
    return servers.gateway("gateway", setups.telegram(generator.url, str(script), port), port=port)


def _take(bench: Bench, generator: Generator, server: Server, order: dict[str, str]) -> Take:
    return partial(generator.slice, server, seconds=max(bench.seconds, LEAST_SECONDS), window=WINDOW, **order)


ROW = Row(
    "peers",
    f"Closed loop, {WINDOW} under way. Ours is the real telegram plugin in webhook mode with the real script bot, "
    "which echoes; theirs are echo bots as their documentation has them, on uvloop, without access log, each in an "
    "environment of its own (python-telegram-bot with its fastest pool, 8 connections). Theirs answer the webhook and "
    "forget it if they die; ours has committed it, and the answer.",
    tuple(each.target for each in CONTENDERS),
    measure,
)
