"""Whether a conversation slows down as it grows: its return to a browser, and its handoff to an agent."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from gateway import log as logs
from gateway.conversation import Floor
from gateway.testing import Harness
from tests.bench.figures import SEED, Estimate, at_most, ratios
from tests.bench.generator import middle
from tests.bench.stores import Traffic, fill
from tests.bench.table import Bench, Line, Row, Target

LONG, SHORT = 10_000, 10
MISSED = 5
HISTORY = 20
HANDED_OVER = 30
"""Entries of the short conversation that is handed over: it has twenty messages to show, too."""
EACH_ROUND = 8
"""Conversations per round and side; each is used once, so none is in the gateway's memory."""

RESUMED = Target("a browser comes back to 10,000 entries, over one to 10", at_most(1.1, " × time"))
HANDED = Target(f"handoff with history {HISTORY} from 10,000 entries, over one from {HANDED_OVER}", RESUMED.goal)

CONFIG: dict[str, Any] = {
    "channels": {"site": {"type": "widget"}, "web": {"type": "fake"}},
    "bots": {"bot": {"type": "fake"}},
    "platforms": {"desk": {"type": "fake"}},
    "routes": {"main": {"channels": ["site", "web"], "bot": "bot", "handoff": ["desk"], "history": HISTORY}},
}


Sides = dict[str, tuple[int, int]]
"""`long` and `short`: entries of each conversation, number of the first client."""


def measure(bench: Bench) -> Iterator[Line]:
    """Time one conversation after another, long and short ones in turn."""
    logs.configure(style="json", level="warning")
    long = LONG // 20 if bench.quick else LONG
    count = (1 + (2 if bench.quick else bench.rounds)) * EACH_ROUND
    for target, channel, short, run in ((RESUMED, "site", SHORT, _resumes), (HANDED, "web", HANDED_OVER, _handoffs)):
        folder = bench.room(f"long-log-{channel}")
        sides: Sides = {"long": (long, 0), "short": (short, count)}
        traffic = [
            Traffic(conversations=count, entries=entries, first=first, channel=channel, floor=Floor.BOT)
            for entries, first in sides.values()
        ]
        fill(folder / "data" / "gateway.db", *traffic)
        took = asyncio.run(run(folder, sides, count))
        yield Line(target, _found(took), _words(took), long < LONG)


def _found(took: dict[str, list[float]]) -> Estimate:
    return ratios(_by_round(took["long"]), _by_round(took["short"]))


def _by_round(took: list[float]) -> list[float]:
    """Return the median of each round; the first one warms up."""
    rounds = [took[begin : begin + EACH_ROUND] for begin in range(0, len(took), EACH_ROUND)]
    return [middle(each) for each in rounds[1:]]


def _words(took: dict[str, list[float]]) -> str:
    return ", ".join(f"{name} {middle(times[EACH_ROUND:]) * 1000:.2f} ms" for name, times in took.items())


async def _resumes(folder: Path, sides: Sides, count: int) -> dict[str, list[float]]:
    """Open a socket as a browser does that has missed the last few entries; wait until it has them."""
    took: dict[str, list[float]] = {name: [] for name in sides}
    async with Harness(CONFIG, folder=folder) as gateway, aiohttp.ClientSession() as http:
        for name, number in _order(sides, count):
            entries, first = sides[name]
            hello = await _hello(gateway, str(first + number), entries)
            took[name].append(await _resume(http, gateway.url, hello))
    return took


async def _hello(gateway: Harness, client: str, entries: int) -> dict[str, Any]:
    """Return a browser's first frame. Its token is made by the widget itself, for a visitor out of the store."""
    found = await gateway.gateway.store.newest("site", client)
    assert found
    reception = gateway.gateway.instances["site"].component._reception
    visitor = reception.newcomer()
    token = reception.token(type(visitor)(**{**_fields(visitor), "id": client}))
    return {"type": "hello", "token": token, "conversation": found.id, "after": entries - MISSED}


def _fields(visitor: Any) -> dict[str, Any]:
    return {name: getattr(visitor, name) for name in visitor.__dataclass_fields__}


async def _resume(http: aiohttp.ClientSession, url: str, hello: dict[str, Any]) -> float:
    async with http.ws_connect(f"{url}/site/socket", headers={"Origin": url}) as socket:
        began = time.perf_counter()
        await socket.send_json(hello)
        entries = 0
        while (frame := orjson.loads(await socket.receive_str()))["type"] != "hello":
            entries += len(frame["entries"])
        took = time.perf_counter() - began
    assert entries == MISSED, entries
    return took


async def _handoffs(folder: Path, sides: Sides, count: int) -> dict[str, list[float]]:
    """Have a client ask for an agent; wait until the platform has the history."""
    took: dict[str, list[float]] = {name: [] for name in sides}
    async with Harness(CONFIG, folder=folder) as gateway:
        opened = asyncio.Event()
        gateway.platform().on_call = opened.set
        for name, number in _order(sides, count):
            opened.clear()
            began = time.perf_counter()
            await gateway.channel().writes("agent", client=str(sides[name][1] + number))
            await opened.wait()
            took[name].append(time.perf_counter() - began)
            await gateway.settled()
        assert all(len(opening.history) == HISTORY for opening in gateway.platform().openings)
    return took


def _order(sides: Sides, count: int) -> Iterator[tuple[str, int]]:
    """Yield who is next: the sides side by side, sometimes one first and sometimes the other."""
    chance = random.Random(SEED)
    for number in range(count):
        for name in chance.sample(list(sides), len(sides)):
            yield name, number


ROW = Row(
    "long-log",
    f"Conversations out of the store, none in the gateway's memory. Resume: a real widget socket, from hello to the "
    f"last of {MISSED} missed entries. Handoff: from the client's word (one more, committed) over the bot's transfer "
    f"to the platform that gets {HISTORY} messages; the short one has {HANDED_OVER} entries, so that both show as "
    f"many. In one process with bot and platform; medians of {EACH_ROUND} conversations are compared round by round.",
    (RESUMED, HANDED),
    measure,
)
