"""The page that is made of the figures: `docs/reference/performance.md`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tests.bench.registry import ROWS
from tests.bench.servers import ROOT

DATA = ROOT / "docs" / "reference" / "performance.json"
PAGE = ROOT / "docs" / "reference" / "performance.md"

INTRODUCTION = """\
<!-- Made by `make bench` from performance.json. Measure again, and it is written again. -->

# Performance

Every figure is measured against its floor in the same run: the servers are up together, slices of time alternate in
shuffled order, and what is shown is the median of the rounds' ratios with a 90 % bootstrap interval. So a noisy
neighbour hits both sides, and the ratios hold on other machines too; the absolute figures do not. A goal is *met* if
the median meets it; *within noise* says that it does not, but the interval reaches the goal. Server and load generator
have a core each; CPU is user and system time of the server's process, all threads. The gateway runs as delivered:
SQLite with `synchronous=FULL`, metrics and JSON log on, everything acknowledged is on disk.
"""


def page(data: dict[str, Any]) -> str:
    """Return the page for what is in the JSON file."""
    parts = [INTRODUCTION, _table(data["lines"]), "## How", _how(data["lines"]), "## Where", _where(data), _repeat()]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def write(data: dict[str, Any]) -> None:
    """Write figures and page."""
    DATA.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(page(data), encoding="utf-8")


def _table(lines: Iterable[dict[str, Any]]) -> str:
    head = ("what", "goal", "found [90 %]", "met", "measured", "row")
    rows = [(each["what"], each["goal"], each["shown"], each["met"], each["measured"], _row(each)) for each in lines]
    return _markdown(head, rows)


def _markdown(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = tuple(head)
    lines = [head, ("---",) * len(head), *(tuple(cell.replace("|", "\\|") for cell in row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _row(line: dict[str, Any]) -> str:
    return f"`{line['row']}`"


def _how(lines: Iterable[dict[str, Any]]) -> str:
    taken = {line["row"] for line in lines}
    return "\n".join(f"- `{row.name}`: {row.how}" for row in ROWS if row.name in taken)


def _where(data: dict[str, Any]) -> str:
    return "\n".join(f"- {_described(machine, rows)}" for machine, rows in _machines(data["lines"], data["runs"]))


def _machines(lines: Iterable[dict[str, Any]], runs: dict[str, Any]) -> list[tuple[dict[str, Any], list[str]]]:
    """Return each run with the names of the rows it measured."""
    by_run: dict[str, list[str]] = {}
    for line in lines:
        rows = by_run.setdefault(line["run"], [])
        if line["row"] not in rows:
            rows.append(line["row"])
    return [(runs[run], rows) for run, rows in by_run.items()]


def _described(machine: dict[str, Any], rows: list[str]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    return (
        f"{', '.join(rows)}: {machine['at']}, commit {machine['commit']}, {machine['rounds']} rounds; "
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']}, "
        f"fsync p50 {machine['fsync_ms']} ms, load {machine['load_before']} before; {machine['python']}, {packages}."
    )


def _repeat() -> str:
    return """\
## Repeat it

```console
$ make bench
$ make bench ARGS="--only hop,sockets"
$ make bench ARGS="--only hop --quick"
```

The first measures everything, the second some rows (the others stay as they are), the third only tells, in seconds,
whether a row can be measured here. `ARGS=--help` shows the rest, such as the size of the big store.
"""
