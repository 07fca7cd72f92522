"""`make bench`: measures what the gateway promises about speed, and writes it down.

Progress goes to stderr, the table to stdout. A run of 14 rounds or more also writes docs/reference/performance.json and
performance.md; rows that were not measured stay in them as they were.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench import page
from tests.bench.machine import described
from tests.bench.registry import ROWS, chosen
from tests.bench.table import Bench, Row, take

QUICK_ROUNDS, QUICK_SECONDS = 3, 0.25
LEAST_ROUNDS = 14


def main() -> None:
    """Measure."""
    asked = _arguments()
    rows = chosen(asked.only)
    with tempfile.TemporaryDirectory(prefix="gateway-bench-", dir=asked.folder) as folder:
        bench = _bench(asked, Path(folder))
        found = run(rows, bench)
    if not asked.quick and asked.rounds >= LEAST_ROUNDS:
        page.write(merged(_stored(), found))
    if asked.json:
        Path(asked.json).write_text(json.dumps(found, indent=2, ensure_ascii=False), encoding="utf-8")
    for line in found["lines"]:
        sys.stdout.write(
            f"{line['what']}\n    {line['goal']}: {line['shown']}  {line['met']}\n    {line['measured']}\n"
        )


def run(rows: list[Row], bench: Bench) -> dict[str, Any]:
    """Take the rows; return their lines, and what they were measured on."""
    machine = described(bench.folder) | {"rounds": bench.rounds}
    key = machine["at"]
    lines = [{**line, "run": key} for row in rows for line in take(row, bench).as_json()]
    return {"runs": {key: machine}, "lines": lines}


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return all lines: new ones in place of old ones, rows in the order of the table."""
    taken = {line["row"] for line in new["lines"]}
    lines = [line for line in old["lines"] if line["row"] not in taken] + new["lines"]
    order = [row.name for row in ROWS]
    lines = sorted((line for line in lines if line["row"] in order), key=lambda line: order.index(line["row"]))
    used = {line["run"] for line in lines}
    runs = {key: machine for key, machine in {**old["runs"], **new["runs"]}.items() if key in used}
    return {"runs": runs, "lines": lines}


def _stored() -> dict[str, Any]:
    if not page.DATA.exists():
        return {"runs": {}, "lines": []}
    stored: dict[str, Any] = json.loads(page.DATA.read_text(encoding="utf-8"))
    return stored


def _bench(asked: argparse.Namespace, folder: Path) -> Bench:
    began = time.monotonic()

    def tell(text: str) -> None:
        sys.stderr.write(f"[{time.monotonic() - began:6.1f} s] {text}\n")
        sys.stderr.flush()

    if asked.quick:
        return Bench(
            folder=folder, tell=tell, rounds=QUICK_ROUNDS, seconds=QUICK_SECONDS, quick=True,
            conversations=500, sockets=100,
        )  # fmt: skip
    return Bench(
        folder=folder, tell=tell, rounds=asked.rounds, seconds=asked.seconds, conversations=asked.conversations,
        sockets=asked.sockets,
    )  # fmt: skip


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description="Measure the gateway against its floors.")
    parser.add_argument("--only", default="", metavar="ROWS", help=f"of {','.join(row.name for row in ROWS)}")
    parser.add_argument("--quick", action="store_true", help="tiny amounts, nothing written: does it work here?")
    parser.add_argument("--rounds", type=int, default=LEAST_ROUNDS, help="default: %(default)s; fewer only tell")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a slice (default: %(default)s)")
    parser.add_argument(
        "--conversations",
        type=int,
        default=Bench.__dataclass_fields__["conversations"].default,
        help="in the big store, 20 entries each; 1000000 is the goal's and takes 15 GB (default: %(default)s)",
    )
    parser.add_argument("--sockets", type=int, default=10_000, help="idle widgets (default: %(default)s)")
    parser.add_argument("--folder", help="where stores are written (default: the system's temporary folder)")
    parser.add_argument("--json", metavar="FILE", help="write the figures of this run there, too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
