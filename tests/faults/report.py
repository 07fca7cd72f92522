"""The report of a run: a table for the terminal, and docs/reference/guarantees.json with the page made from it."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import subprocess
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.faults.rounds import Result

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "guarantees.md"
DATA = PAGE.with_suffix(".json")

KINDS = {
    "kills": "`kill -9`: at any moment, while it starts, at named points",
    "cuts": "power cut: only flushed bytes are left, or a half of the others too",
    "ways": "connections delayed, throttled, reset, half-closed, swallowed, garbled, refused",
    "moods": "sides that answer 429 or 5xx, act and cut the line, act and answer too late",
    "disk": "disk full, database locked by another process, slow flushes",
    "clock": "the clock jumps by an hour or three days, there and back",
    "hang": "a channel or a bot answers nobody for long",
    "vanished": "an agent platform is gone in the middle of its sessions",
    "load": "load, with a kill now and then",
}
BROKEN = ("lost", "unheard", "reordered", "twice", "duplicate", "two speakers", "stuck", "damaged", "bug")
"""What may never be found."""

FULL = {"kills": 200, "cuts": 200, "messages": 100_000}
"""The least of a full run."""

EYES = {"unflushed", "mutant"}
"""Kinds in which a fault was put in that has to be found."""


def summary(results: list[Result], seed: str) -> dict[str, Any]:
    """Return all that the page tells."""
    kinds: dict[str, Any] = {}
    for name in KINDS:
        mine = [result for result in results if result.kind == name]
        if mine:
            kinds[name] = _kind(mine)
    eyes = Counter[str]()
    for result in results:
        if result.kind in EYES:
            eyes.update({_eye(name): count for name, count in result.done.items() if _is_eye(name)})
    return {
        "seed": seed,
        "day": time.strftime("%Y-%m-%d"),
        "commits": list(dict.fromkeys(result.commit for result in results if result.commit)),
        "machine": machine(),
        "kinds": kinds,
        "noticed": dict(eyes),
    }


def _kind(results: list[Result]) -> dict[str, Any]:
    figures, done = Counter[str](), Counter[str]()
    times = defaultdict[str, list[float]](list)
    for result in results:
        figures.update(result.figures)
        done.update(result.done)
        for name, value in result.times.items():
            times[name].append(value)
    return {
        "rounds": len(results),
        "minutes": round(sum(result.seconds for result in results) / 60, 1),
        "failed": [f"{result.kind}/{result.index}" for result in results if result.problems],
        "figures": dict(figures),
        "done": dict(sorted(done.items())),
        "times": {name: [round(min(values), 1), round(max(values), 1)] for name, values in sorted(times.items())},
    }


def _is_eye(name: str) -> bool:
    return name == "found lost" or ": " in name


def _eye(name: str) -> str:
    return "does not flush (synchronous=NORMAL): lost" if name == "found lost" else name


def machine() -> dict[str, str]:
    """Describe what it ran on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor() or platform.machine(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def commit() -> str:
    """Return what the sources are."""
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or "unknown"


def write(results: list[Result], seed: str) -> None:
    """Write the figures and the page."""
    found = summary(results, seed)
    DATA.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(page(found), encoding="utf-8")


# --- tables -----------------------------------------------------------------------------------------------------------


def text_table(results: list[Result]) -> str:
    """Return the figures for a terminal."""
    found = summary(results, "")
    columns = ("messages", "handoffs", "crashes", "repeated", "given up")
    lines = [f"{'':<10}{'rounds':>7}{'min':>7}{''.join(f'{name:>10}' for name in columns)}  broken promises"]
    for name, kind in found["kinds"].items():
        figures = Counter(kind["figures"])
        repeated = figures["repeated with its key"] + figures["repeated without keys"]
        lines.append(
            f"{name:<10}{kind['rounds']:>7}{kind['minutes']:>7}{figures['messages']:>10}{figures['handoffs']:>10}"
            f"{figures['crashes']:>10}{repeated:>10}{figures['given up']:>10}  {_broken(kind)}"
        )
    lines += [f"put in and noticed: {name} ({count} times)" for name, count in found["noticed"].items()]
    return "\n".join(lines) + "\n"


def _broken(kind: dict[str, Any]) -> str:
    found = {name: kind["figures"][name] for name in BROKEN if kind["figures"].get(name)}
    return ", ".join(f"{count} {name}" for name, count in found.items()) or (", ".join(kind["failed"]) or "0")


def page(found: dict[str, Any]) -> str:
    """Return the page."""
    kinds = found["kinds"]
    total = Counter[str]()
    for kind in kinds.values():
        total.update(kind["figures"])
    cuts = kinds.get("cuts", {}).get("done", {})
    numbers = {
        "kills": total["crashes"] - cuts.get("cuts", 0),
        "cuts": cuts.get("cuts", 0),
        "looks": cuts.get("more places looked at", 0),
        "messages": total["messages"],
        "handoffs": total["handoffs"],
        "broken": sum(total[name] for name in BROKEN),
        "failed": [name for kind in kinds.values() for name in kind["failed"]],
    }
    sections = (
        _head(found, numbers),
        _promises(),
        _harms(kinds),
        _detail(kinds),
        _noticed(found),
        _limits(),
        _repeat(found),
    )
    return "\n".join(sections)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _head(found: dict[str, Any], numbers: dict[str, Any]) -> str:
    on, versions = found["machine"], " and ".join(found["commits"]) or "no commit"
    failed = f" Rounds that found something: {', '.join(numbers['failed'])}." if numbers["failed"] else ""
    return f"""<!-- Made by `make faults` (tests/faults/report.py) from guarantees.json. Do not change it by hand. -->

# Guarantees, tried out

A real `gateway serve` with its SQLite store stood between two channels, two bots and two agent platforms that write
down everything they send and get, and harm was done to it under load. Then the books were compared with the gateway's
log, word by word. This page says what was done in the last run and what was found.

**{numbers["messages"]:,} messages and {numbers["handoffs"]:,} handoffs, {numbers["kills"]} times `kill -9`,
{numbers["cuts"]} power cuts (and {numbers["looks"]:,} more places in their records looked at):
{numbers["broken"]} broken promises.**{failed}{_size(numbers)}

Run on {found["day"]} with seed `{found["seed"]}` at {versions}, on {on["cores"]} cores ({on["processor"]})
shared with other work; {on["system"]}, Python {on["python"]}, SQLite {on["sqlite"]}.
"""


def _size(numbers: dict[str, Any]) -> str:
    """Say so if the run was smaller than the full one."""
    if all(numbers[name] >= size for name, size in FULL.items()):
        return ""
    whole = f"{FULL['kills']} kills, {FULL['cuts']} power cuts and {FULL['messages']:,} messages"
    return f"\nThe full run has {whole}: this was a part of it, with the time there was."


def _promises() -> str:
    return """## What is promised

- **Nothing is lost.** What was answered with 2xx is in the log, once, and reached the bot or the agent as the floor
  demanded. Whatever the log says was delivered was seen outside, and the other way round.
- **Nothing is out of order.** A word stands in the log behind everything that had been confirmed before it was said,
  and every side gets what it gets in the order of the log.
- **Nothing happens twice** at a side that honours the `Idempotency-Key`; at the others at most once per crash, or per
  answer that got lost on its way back, in each conversation.
- **One speaker.** Once an agent's coming is confirmed, nothing the bot said before is sent any more.
- **Nobody waits for ever.** When everything has come to rest, no effect is pending and no turn or handoff is open.
"""


def _harms(kinds: dict[str, Any]) -> str:
    rows = []
    for name, kind in kinds.items():
        figures = Counter(kind["figures"])
        rows.append(
            (
                KINDS[name],
                str(kind["rounds"]),
                str(kind["minutes"]),
                f"{figures['messages']:,}",
                f"{figures['handoffs']:,}",
                f"{figures['repeated with its key']:,}",
                f"{figures['repeated without keys']:,}",
                str(figures["given up"]),
                _broken(kind),
            )
        )
    head = (
        "harm",
        "rounds",
        "minutes",
        "messages",
        "handoffs",
        "repeated, with its key",
        "repeated, all explained",
        "given up",
        "broken promises",
    )
    return f"""## What was done, and what was found

{_table(head, rows)}
*Messages* are words confirmed to clients and agents and words shown to clients. *Repeated, with its key*: calls made
again to a side that knows the key and does nothing then. *Repeated, all explained*: calls made again to a side that
ignores keys; each has its crash or its lost answer. *Given up*: dead letters, where a side was away for longer than
the route allows, or the clock said so; their authors were told.
"""


def _detail(kinds: dict[str, Any]) -> str:
    rows = [(name, what, str(count)) for name, kind in kinds.items() for what, count in kind["done"].items()]
    times = [
        (name, what, f"{low:g}" if low == high else f"{low:g} to {high:g}")
        for name, kind in kinds.items()
        for what, (low, high) in kind["times"].items()
    ]
    return f"""### How often

{_table(("in", "what", "times"), rows)}
The named points are places in the code where the process kills itself at the n-th pass; they are put in from outside
([fault_points.py](../../tests/faults/site/fault_points.py)).

### How long it took

Milliseconds, the lowest and the highest of all rounds. An acknowledgement counts from the first try, so those whose
gateway was dead, whose disk was full or whose way was blocked count with all of that. The machine was not quiet: these
figures say that things go on, not how fast they are.

{_table(("in", "what", "ms"), times)}"""


def _noticed(found: dict[str, Any]) -> str:
    rows = []
    for name, count in found["noticed"].items():
        fault, _, seen = name.partition(": ")
        rows.append((f"a gateway that {fault}", seen, str(count)))
    return f"""## Would it be noticed?

Faults were put into the gateway from outside ([mutants.py](../../tests/faults/site/mutants.py)); a run must find each.

{_table(("put in", "found as", "times"), rows)}"""


def _limits() -> str:
    return """## What this does not show

- Disks that report a flush they have not done, file systems that lose names, more than one gateway on a store.
- A power cut is taken to keep any part of what was not flushed, write by write, and a renamed file its new name.
- A clock that jumps forward ends waits and expires what is being tried again, as if the time had passed. Set back, it
  holds nothing up; a timer that was set by a clock far ahead and is found at the next start still rings late.
- Where calls fail by the thousand, the pauses between tries were a tenth of the usual, and routes gave up on a queue
  after five seconds: a run of days would have been the same, only longer.
"""


def _repeat(found: dict[str, Any]) -> str:
    return f"""## Do it again

    make faults                                  # all of it: about half an hour
    make faults ARGS="--kills 20 --cuts 20 --messages 0 --rounds 1"
    make faults ARGS="--resume"                  # go on where it was broken off
    make faults ARGS="--seed {found["seed"]} --only kills/3"   # one round again

It needs Linux and a C compiler for power cuts, disks and clocks. A round's choices (who says what, who does which harm
when) follow from the seed; what the operating system does in between does not, so the same seed makes the same plan,
not the same microsecond. The folder of a round that failed stays in `.faults/`. A short version runs with every
`make test` ([tests/faults](../../tests/faults)).

Engine, lanes and store are also played alone by a state machine, in any order and with a crash at any `await`; how to
let it run for a million steps stands in [test_any_order.py](../../tests/faults/test_any_order.py).
"""
