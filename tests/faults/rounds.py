"""The rounds of a run: each has its own gateway, world, seed and verdict, and can be played alone."""

from __future__ import annotations

import asyncio
import shutil
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.disk import power
from tests.faults.harms import Control, Killer, PlugPuller, disk_harms, harm_ways, spoil_moods, vanish
from tests.faults.site.mutants import MUTANTS
from tests.faults.stage import Stage
from tests.faults.verdict import Verdict
from tests.faults.world import ROUTES, SIDES, Mood

CLIENTS = 16
"""Per channel, where a round does not say otherwise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One round to play. `size`, `seconds` and `events` mean what the kind of round makes of them."""

    kind: str
    index: int
    size: int
    seconds: float = 0.0
    events: int = 0

    @property
    def name(self) -> str:
        """What it is replayed by."""
        return f"{self.kind}/{self.index}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What came of a round."""

    kind: str
    index: int
    seed: str
    seconds: float
    figures: dict[str, int]
    problems: list[str]
    done: dict[str, int] = field(default_factory=dict)
    """What was done to it, and how often."""
    times: dict[str, float] = field(default_factory=dict)
    """Milliseconds worth telling."""
    commit: str = ""
    """What was played."""

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return asdict(self)


@dataclass(slots=True)
class Play:
    """What a kind of round works with."""

    stage: Stage
    plan: Plan
    done: dict[str, int] = field(default_factory=dict)
    times: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


# --- kinds ------------------------------------------------------------------------------------------------------------


async def kills(play: Play) -> Verdict:
    """`size` kills, each after at most so many `events` were confirmed."""
    killer = Killer(play.stage, play.plan.events)
    play.stage.world.begin()
    for _ in range(play.plan.size):
        await killer.kill()
    play.done = {**killer.where, "points not reached": killer.missed}
    await play.stage.gateway.start()
    return await play.stage.verdict()


async def cuts(play: Play, *, checkpoint_pages: int = 60) -> Verdict:
    """`size` power cuts, each after at most so many `events` were confirmed."""
    puller = PlugPuller(
        play.stage, play.plan.events, library=libraries() / "recorder.so", checkpoint_pages=checkpoint_pages
    )
    puller.begin()
    play.stage.world.begin()
    for _ in range(play.plan.size):
        await puller.kill("" if checkpoint_pages else "any moment")
    puller.end()
    play.done = {**puller.where, "cuts": puller.cuts, "more places looked at": puller.looked}
    play.problems += puller.problems
    await play.stage.gateway.start()
    return await play.stage.verdict()


async def unflushed(play: Play) -> Verdict:
    """The same with `synchronous=NORMAL`, where it must find something: the problems are what it did not find."""
    play.stage.gateway.more["FAULT_SYNCHRONOUS"] = "NORMAL"
    verdict = await cuts(play, checkpoint_pages=0)
    found = [*verdict.problems, *play.problems]
    play.problems.clear()
    lost = sum(problem.startswith("lost") for problem in found)
    play.done["found lost"] = lost
    messages = verdict.figures["messages"]
    return Verdict([] if lost else ["blind: nothing was lost without flushes"], Counter(messages=messages))


async def mutant(play: Play) -> Verdict:
    """A gateway with a fault of ours in it: the problems are what was not noticed. `index` chooses the fault."""
    name, (_, kind, expected) = list(MUTANTS.items())[play.plan.index]
    play.stage.gateway.more["FAULT_MUTANT"] = name
    verdict = await KINDS[kind](play)
    noticed = sum(problem.startswith(expected) for problem in [*play.problems, *verdict.problems])
    play.problems.clear()
    play.done = {f"{name}: {expected}": noticed}
    messages = verdict.figures["messages"]
    return Verdict([] if noticed else [f"blind: {name}, and nothing was {expected}"], Counter(messages=messages))


async def ways(play: Play) -> Verdict:
    """`size` harms on the way, each for about `seconds`."""
    await _talking(play)
    play.done = await harm_ways(play.stage, times=play.plan.size, seconds=play.plan.seconds)
    return await play.stage.verdict()


async def moods(play: Play) -> Verdict:
    """`size` times three sides that refuse, fail, forget or dawdle, for about `seconds`."""
    await _talking(play)
    play.done = await spoil_moods(play.stage, times=play.plan.size, seconds=play.plan.seconds)
    return await play.stage.verdict()


async def disk(play: Play) -> Verdict:
    """Each harm to the disk `size` times, for about `seconds`."""
    control = _obeying(play)
    await _talking(play)
    for name, harm in disk_harms(play.stage, control).items():
        for _ in range(play.plan.size):
            before = len(play.stage.world.ledger.acks)
            await harm(play.plan.seconds)
            took = play.stage.world.ledger.acks[before:]
            play.done[name] = play.done.get(name, 0) + 1
            if took:
                play.times[f"acknowledged, {name}, p50"] = round(statistics.median(took) * 1000, 1)
            await asyncio.sleep(1.0)
    return await play.stage.verdict()


async def clock(play: Play) -> Verdict:
    """`size` times the clock jumps, an hour or three days, there or back."""
    control = _obeying(play)
    await _talking(play)
    for number in range(play.plan.size):
        ahead = play.stage.chance.choice([3600.0, -3600.0, 3 * 86400.0, -3 * 86400.0]) if number % 2 == 0 else 0.0
        control.set(ahead_seconds=ahead)
        play.done["jumps"] = number + 1
        for side in SIDES:  # retries are under way across the jump
            play.stage.world.sides[side].mood = Mood(fails=0.1)
        await asyncio.sleep(play.plan.seconds)
    for side in SIDES:
        play.stage.world.sides[side].mood = Mood()
    return await play.stage.verdict()


async def hang(play: Play) -> Verdict:
    """`size` sides, one after another, answer nobody for `seconds`; the other channel's clients must not notice."""
    await _talking(play)
    stage = play.stage
    for side in stage.chance.sample(["keen", "smart", "plain", "simple"], play.plan.size):
        others = next(channel for channel, bot, _ in ROUTES.values() if side not in {channel, bot})
        before = await _watched(stage, others, min(play.plan.seconds, 10.0))
        released = asyncio.Event()
        stage.world.sides[side].mood = Mood(hangs=released)
        during = await _watched(stage, others, play.plan.seconds)
        stage.world.sides[side].mood = Mood()
        released.set()
        play.done[f"{side} hung"] = 1
        play.times[f"{side} hung: others' answer p50, before"] = before[0]
        play.times[f"{side} hung: others' answer p50, meanwhile"] = during[0]
        play.times[f"{side} hung: others' answers per second, before"] = before[1]
        play.times[f"{side} hung: others' answers per second, meanwhile"] = during[1]
        if not during[1]:
            play.problems.append(f"held up: nobody in {others} was answered")
    return await stage.verdict()


async def _watched(stage: Stage, channel: str, seconds: float) -> tuple[float, float]:
    """Return the median time to an answer in a channel (ms), and how many there were a second."""
    since = time.monotonic()
    await asyncio.sleep(seconds)
    took = [each for when, each, where in stage.world.ledger.replies if when > since and where == channel]
    return round(statistics.median(took or [0.0]) * 1000, 1), round(len(took) / seconds, 1)


async def vanished(play: Play) -> Verdict:
    """`size` times a platform is gone for `seconds`, longer than messages to it are tried."""
    await _talking(play)
    for number in range(play.plan.size):
        side = ("alpha", "beta")[number % 2]
        await vanish(play.stage, side, seconds=play.plan.seconds)
        play.done[f"{side} vanished"] = play.done.get(f"{side} vanished", 0) + 1
        await asyncio.sleep(1.0)
    return await play.stage.verdict()


async def trouble(play: Play) -> Verdict:
    """A short run of everything but kills: `size` kinds of harm on the way, `seconds` for each thing."""
    control = _obeying(play)
    stage, seconds = play.stage, play.plan.seconds
    await _talking(play)
    play.done |= await harm_ways(stage, times=play.plan.size, seconds=seconds)
    play.done |= await spoil_moods(stage, times=2, seconds=seconds)
    harms = disk_harms(stage, control)
    for name in ("full", "locked", "10 ms a flush"):
        play.done[name] = 1
        await harms[name](seconds)
    for ahead in (3600.0, 0.0, -3600.0, 0.0):
        control.set(ahead_seconds=ahead)
        await asyncio.sleep(seconds / 2)
    play.done["jumps"] = 4
    return await stage.verdict()


async def load(play: Play) -> Verdict:
    """`size` messages with a kill after at most so many `events` were confirmed."""
    killer = Killer(play.stage, play.plan.events)
    play.stage.world.begin()
    while play.stage.world.ledger.messages < play.plan.size:
        await killer.kill("any moment")
    play.done = dict(killer.where)
    await play.stage.gateway.start()
    return await play.stage.verdict()


KINDS: dict[str, Callable[[Play], Awaitable[Verdict]]] = {
    "kills": kills,
    "cuts": cuts,
    "unflushed": unflushed,
    "mutant": mutant,
    "ways": ways,
    "moods": moods,
    "disk": disk,
    "clock": clock,
    "hang": hang,
    "vanished": vanished,
    "trouble": trouble,
    "load": load,
}

SETTINGS: dict[str, dict[str, Any]] = {
    "ways": {"proxied": True, "seconds": 1.0},
    "moods": {"seconds": 1.5},
    "trouble": {"proxied": True, "seconds": 1.0},
    "vanished": {"proxied": True, "seconds": 1.0, "routes": {"expire_seconds": 2}},
    "hang": {"seconds": 5.0, "clients": 12},
    "load": {"clients": 32},
}
"""How the stage of a kind differs."""

HURRIED = {"ways", "moods", "vanished", "clock", "hang", "trouble"}
"""Kinds in which calls fail by the thousand: the pauses between tries are a tenth, or a run would take days."""


async def _talking(play: Play) -> None:
    await play.stage.gateway.start()
    play.stage.world.begin()
    await asyncio.sleep(1.0)


def _obeying(play: Play) -> Control:
    control = Control(play.stage.folder)
    play.stage.gateway.more |= control.environ(libraries() / "harm.so", play.stage.folder / "data")
    return control


@cache
def libraries() -> Path:
    """Compile what is preloaded; return its folder."""
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    power.recorder(folder)
    power.compiled(Path(__file__).with_name("harm.c"), folder)
    return folder


async def play(plan: Plan, *, seed: str, folder: Path) -> Result:
    """Play one round. Its folder stays only if it failed."""
    shutil.rmtree(folder, ignore_errors=True)
    began = time.monotonic()
    kind = list(MUTANTS.values())[plan.index][1] if plan.kind == "mutant" else plan.kind
    settings = {"clients": CLIENTS, **SETTINGS.get(kind, {})}
    async with Stage(folder, seed=f"{seed}/{plan.name}", **settings) as stage:
        if kind in HURRIED:
            stage.gateway.more["FAULT_HURRY"] = "10"
        playing = Play(stage, plan)
        verdict = await KINDS[plan.kind](playing)
        problems = [*playing.problems, *verdict.problems]
        acks = stage.world.ledger.acks
    if problems:
        (folder / "problems").write_text("\n".join(problems), encoding="utf-8")
    else:
        shutil.rmtree(folder)
    if len(acks) > 1:
        playing.times["acknowledged, p50"] = round(statistics.median(acks) * 1000, 1)
        playing.times["acknowledged, p99"] = round(statistics.quantiles(acks, n=100)[98] * 1000, 1)
    return Result(
        kind=plan.kind,
        index=plan.index,
        seed=seed,
        seconds=round(time.monotonic() - began, 1),
        figures=dict(verdict.figures),
        problems=problems,
        done=playing.done,
        times=playing.times,
    )
