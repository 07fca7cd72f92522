"""The suite around the figures: rows do not spoil each other, and cheap ones really run."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.bench import page
from tests.bench.__main__ import merged
from tests.bench.figures import Estimate, at_least
from tests.bench.registry import ROWS, chosen
from tests.bench.servers import ROOT, SERVER_CORE, Ended, Servers
from tests.bench.stores import Traffic, fill
from tests.bench.table import Bench, CannotRun, Line, Row, Target, take

FAST, FAR = Target("fast", at_least(1, " ×")), Target("far", at_least(2, " ×"))
MACHINE = {
    "processor": "a processor", "cores": 2, "memory_gb": 8, "system": "Linux", "python": "CPython", "fsync_ms": 0.5,
    "load_before": 0.1, "packages": {"aiohttp": "1"}, "commit": "abc", "at": "today", "rounds": 14,
}  # fmt: skip


@pytest.fixture
def bench(tmp_path):
    return Bench(folder=tmp_path, tell=lambda _text: None, rounds=2, quick=True)


def row_that(measure, name="row") -> Row:
    return Row(name, "How.", (FAST, FAR), measure)


def data(*rows: str, run: str = "today") -> dict[str, object]:
    lines = [{**Line(FAST, Estimate(2, 1, 3), "words").as_json(row), "run": run} for row in rows]
    return {"runs": {run: {**MACHINE, "at": run}}, "lines": lines}


def test_what_a_row_told_before_it_failed_is_kept(bench):
    def measure(_bench):
        yield Line(FAST, Estimate(1, 1, 1))
        raise CannotRun("there is no network")

    first, second = take(row_that(measure), bench).as_json()

    assert (first["met"], second["met"]) == ("yes", "not measured")
    assert "there is no network" in second["measured"]


def test_a_failure_without_words_is_told_by_its_name(bench):
    def measure(_bench):
        raise ZeroDivisionError
        yield

    assert "ZeroDivisionError" in take(row_that(measure), bench).as_json()[0]["measured"]


def test_a_goal_met_with_less_than_it_speaks_of_is_marked():
    assert Line(FAST, Estimate(1, 1, 1), smaller=True).as_json("row")["met"] == "yes, at a smaller size"


def test_rows_are_chosen_by_name_and_come_in_the_order_of_the_table():
    assert [row.name for row in chosen("sockets,hop")] == ["hop", "sockets"]
    assert chosen("") == list(ROWS)


def test_an_unknown_row_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"no row speed; there are hop, latency"):
        chosen("speed")


def test_new_rows_take_the_place_of_old_ones_and_the_others_stay():
    found = merged(data("sockets", "hop", run="old"), data("hop", run="new"))

    assert [(line["row"], line["run"]) for line in found["lines"]] == [("hop", "new"), ("sockets", "old")]
    assert list(found["runs"]) == ["old", "new"]


def test_a_run_of_which_nothing_is_left_is_forgotten():
    assert list(merged(data("hop", run="old"), data("hop", run="new"))["runs"]) == ["new"]


def test_the_page_shows_every_line_and_the_machine():
    text = page.page(data("hop"))

    assert "| fast | ≥ 1 × | 2.00 [1.00, 3.00] × | yes | words | `hop` |" in text
    assert "hop: today, commit abc, 14 rounds; a processor, 2 cores" in text


def test_the_page_says_what_the_stored_figures_say():
    if page.DATA.exists():
        stored = json.loads(page.DATA.read_text(encoding="utf-8"))
        assert page.PAGE.read_text(encoding="utf-8") == page.page(stored)


def test_a_program_that_ends_says_why(tmp_path):
    with Servers(tmp_path) as servers, pytest.raises(Ended, match="IndexError"):
        servers.program("floor")


def test_the_time_a_process_used_is_read_to_less_than_a_tick(tmp_path):
    with Servers(tmp_path) as servers:
        peer = servers.program("peer", core=SERVER_CORE)
        before = peer.cpu_seconds()
        peer.ask({"hold": True})
        after = peer.cpu_seconds()

    assert 0 < after - before < 1


async def test_a_filled_store_is_one_the_gateway_can_read(tmp_path):
    from gateway.conversation import Floor
    from gateway.store.sqlite import SqliteStore

    path = tmp_path / "data" / "gateway.db"
    fill(
        path,
        Traffic(conversations=30, entries=7, pending=2, floor=Floor.BOT),
        Traffic(conversations=5, entries=4, first=30),
    )
    store = SqliteStore(path)
    await store.open()
    try:
        open_one, closed_one = await store.newest("in", "29"), await store.newest("in", "34")
        entries = await store.entries(open_one.id)
        pending = [each.effect for each in await store.effects(open_one.id) if each.state == "pending"]
        stretches = await store.journal(after=0)
    finally:
        await store.close()

    assert (open_one.floor, open_one.head, open_one.turns) == (Floor.BOT, 7, (6, 7))
    assert [entry.number for entry in entries] == [1, 2, 3, 4, 5, 6, 7]
    assert [entry.body.role.value for entry in entries[:2]] == ["client", "bot"]
    assert [(effect.number, effect.action.number, effect.target) for effect in pending] == [
        (6, 6, "bot"),
        (7, 7, "bot"),
    ]
    assert (closed_one.floor, len(stretches)) == (Floor.CLOSED, 30 * 7 + 5 * 4)


@pytest.mark.slow
@pytest.mark.timeout(300)  # it has a core for itself in good times only
def test_cheap_rows_run_and_their_books_are_clean(tmp_path):
    """From the command line to figures, with real servers; how fast they are is not asked here."""
    file = tmp_path / "found.json"
    command = [sys.executable, "-m", "tests.bench", "--quick", "--only", "hop,features", "--folder", tmp_path]
    done = subprocess.run([*command, "--json", file], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    lines = json.loads(file.read_text(encoding="utf-8"))["lines"]
    assert [line["row"] for line in lines] == ["hop", "hop", "features"]
    assert all(line["found"] and line["found"]["median"] > 0 for line in lines), done.stderr
    assert not [line for line in lines if any(word in line["measured"] for word in ("lost", "twice", "reordered"))]
