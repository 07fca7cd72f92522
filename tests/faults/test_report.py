"""The page of guarantees says what the figures say, and the figures are those of the rounds."""

from __future__ import annotations

import json

from tests.faults.report import DATA, PAGE, page, summary, text_table
from tests.faults.rounds import KINDS, Result


def result(kind: str, index: int = 0, *, problems: tuple[str, ...] = (), **figures: int) -> Result:
    return Result(
        kind=kind,
        index=index,
        seed="s",
        seconds=60.0,
        figures={"messages": 100, "handoffs": 3, **figures},
        problems=list(problems),
        done={"any moment": 10},
        times={"acknowledged, p50": 1.5 + index},
    )


def test_the_page_is_made_from_the_figures():
    assert PAGE.read_text(encoding="utf-8") == page(json.loads(DATA.read_text(encoding="utf-8")))


def test_rounds_are_added_up():
    found = summary([result("kills", crashes=10), result("kills", 1, crashes=10)], "s")["kinds"]["kills"]

    assert found["figures"]["messages"] == 200
    assert found["done"] == {"any moment": 20}
    assert found["times"] == {"acknowledged, p50": [1.5, 2.5]}
    assert found["failed"] == []


def test_what_was_found_is_told():
    results = [result("kills", crashes=10), result("ways", problems=("lost: a word",), lost=1)]
    told = page(summary(results, "s"))

    assert "1 broken promises.** Rounds that found something: ways/0." in told
    assert "| 1 lost |" in told
    assert "1 lost" in text_table(results)


def test_faults_that_were_put_in_are_no_broken_promises():
    eyes = Result(
        kind="mutant", index=0, seed="s", seconds=1.0, figures={}, problems=[], done={"has no fence: two speakers": 7}
    )
    found = summary([result("kills"), eyes], "s")

    assert found["noticed"] == {"has no fence: two speakers": 7}
    assert "| a gateway that has no fence | two speakers | 7 |" in page(found)


def test_every_kind_that_is_played_is_told_of():
    told = page(summary([result(kind) for kind in KINDS if kind not in {"mutant", "unflushed", "trouble"}], "s"))

    assert told.count("| 1 | 1.0 | 100 |") == len(KINDS) - 3
