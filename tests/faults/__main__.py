"""The full run: `make faults`, or a part of it: `make faults ARGS="--kills 20 --cuts 0"`.

Each round has a name (`kills/3`) and draws all its choices from the seed and the name: the same clients say the same,
agents decide the same, the same harm is done at the same point. What the operating system does in between cannot be
repeated, so a replay (`--only kills/3 --seed …`) meets the same plan, not the same microsecond.

What was done so far is kept in `.faults/results.jsonl`; `--resume` goes on from there with the seed of then. At the
end everything in it is written to docs/reference/guarantees.json and .md. The folder of a round that failed stays in
`.faults/`, with its database, its log and what was found.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import uvloop

from tests.faults import report
from tests.faults.rounds import Plan, Result, play
from tests.faults.site.mutants import MUTANTS

HERE = Path(".faults")
RESULTS = HERE / "results.jsonl"
KILLS_PER_ROUND = CUTS_PER_ROUND = 10
MESSAGES_PER_ROUND = 10_000
EVENTS = 300
"""How many events are confirmed between two kills at most: half of that by chance, and as many messages go out."""


def main() -> int:
    """Play what is asked for, print a table, write the report; 1 if anything broke a promise."""
    asked = _asked()
    HERE.mkdir(exist_ok=True)
    seed, results = _taken_up() if asked.resume else ("", [])
    seed = seed or asked.seed or f"{random.randrange(16**8):08x}"
    if not asked.resume and not asked.only:
        RESULTS.unlink(missing_ok=True)
    _say(f"seed {seed}\n")
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))  # no gateway is left behind
    try:
        for plan in _plans(asked, results):
            results.append(_played(plan, seed))
            if not asked.only:
                with RESULTS.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(results[-1].as_json()) + "\n")
    except KeyboardInterrupt:
        _say("\nbroken off; go on with --resume\n")
    _say("\n" + report.text_table(results))
    if not asked.only and not asked.no_report:
        report.write(results, seed)
    return 1 if any(result.problems for result in results) else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=200, help="how many times kill -9")
    parser.add_argument("--cuts", type=int, default=200, help="how many power cuts")
    parser.add_argument("--messages", type=int, default=100_000, help="how many messages in all, at least")
    parser.add_argument("--rounds", type=int, default=4, help="how many rounds of each other kind")
    parser.add_argument("--hang", type=float, default=60.0, help="seconds a destination hangs")
    parser.add_argument("--seed", default="", help="repeat the choices of another run")
    parser.add_argument("--resume", action="store_true", help="go on where the last run was broken off")
    parser.add_argument("--only", default="", metavar="KIND/N", help="play one round alone and keep no record of it")
    parser.add_argument("--no-report", action="store_true", help="leave docs/reference/guarantees.md as it is")
    return parser.parse_args()


def _taken_up() -> tuple[str, list[Result]]:
    if not RESULTS.exists():
        return "", []
    found = [Result(**json.loads(line)) for line in RESULTS.read_text(encoding="utf-8").splitlines()]
    return (found[0].seed if found else ""), found


def _plans(asked: argparse.Namespace, results: list[Result]) -> Iterator[Plan]:
    """Yield what is still to be played; the load comes last, as long as messages are missing."""
    done = {(result.kind, result.index) for result in results}
    everything = list(_all_plans(asked))
    if asked.only:
        yield from (plan for plan in [*everything, _more_load(asked.only)] if plan.name == asked.only)
        return
    yield from (plan for plan in everything if (plan.kind, plan.index) not in done)
    index = sum(kind == "load" for kind, _ in done)
    while sum(result.figures.get("messages", 0) for result in results) < asked.messages:
        yield _more_load(f"load/{index}")
        index += 1


def _more_load(name: str) -> Plan:
    return Plan(kind="load", index=int(name.rpartition("/")[2]), size=MESSAGES_PER_ROUND, events=3000)


def _all_plans(asked: argparse.Namespace) -> Iterator[Plan]:
    for index in range(asked.rounds):
        yield Plan(kind="ways", index=index, size=21, seconds=1.0)
        yield Plan(kind="moods", index=index, size=10, seconds=1.5)
        yield Plan(kind="disk", index=index, size=1, seconds=4.0)
        yield Plan(kind="clock", index=index, size=8, seconds=2.0)
        yield Plan(kind="vanished", index=index, size=4, seconds=4.0)
        if index == 0:
            yield Plan(kind="hang", index=index, size=4, seconds=asked.hang)
            yield Plan(kind="unflushed", index=index, size=3, events=EVENTS)
    for index in range(len(MUTANTS) if asked.rounds else 0):
        yield Plan(kind="mutant", index=index, size=6, seconds=1.0, events=EVENTS)
    for index in range(-(-asked.kills // KILLS_PER_ROUND)):
        left = asked.kills - index * KILLS_PER_ROUND
        yield Plan(kind="kills", index=index, size=min(left, KILLS_PER_ROUND), events=EVENTS)
    for index in range(-(-asked.cuts // CUTS_PER_ROUND)):
        left = asked.cuts - index * CUTS_PER_ROUND
        yield Plan(kind="cuts", index=index, size=min(left, CUTS_PER_ROUND), events=EVENTS)


def _played(plan: Plan, seed: str) -> Result:
    began = time.monotonic()
    _say(f"{plan.name:<14}")
    folder = HERE / plan.name.replace("/", "-")
    try:
        result = uvloop.run(play(plan, seed=seed, folder=folder.absolute()))
    except Exception as fault:  # noqa: BLE001 - a round that breaks is a finding, not the end of the run
        result = Result(
            kind=plan.kind,
            index=plan.index,
            seed=seed,
            seconds=round(time.monotonic() - began, 1),
            figures={},
            problems=[f"broken off: {type(fault).__name__}: {fault}"[:2000]],
        )
    result = replace(result, commit=report.commit())
    verdict = "ok" if not result.problems else f"{len(result.problems)} PROBLEMS, see {folder}"
    _say(f"{result.seconds:>7.1f} s {result.figures.get('messages', 0):>7} messages  {verdict}\n")
    for problem in result.problems[:5]:
        _say(f"    {problem}\n")
    if result.problems:
        _say(f"    again: make faults ARGS='--seed {seed} --only {plan.name}'\n")
    return result


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
