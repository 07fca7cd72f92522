"""The table says what it seems to say, and a wrong line in it would be found."""

from __future__ import annotations

import pytest

from tests.acceptance.topologies.play import Play
from tests.acceptance.topologies.table import Line, read, scenarios

ONE = """\
For people.

### Somebody waits    [ab]
wait_timeout_seconds: 1
--- steps
client writes: human       [a]
gateway crashes
agent sees: human
gateway starts again
client closes              [b]
--- log
bot client: human
waiting queued             [b]
--- client
--- agent
(a new dialog)
"""


def test_a_line_is_true_where_its_mark_says():
    [scenario] = read(ONE)

    assert (str(scenario), scenario.route) == ("Somebody waits", {"wait_timeout_seconds": 1})
    assert scenario.lines("log", "a") == ["bot client: human"]
    assert scenario.lines("log", "b") == ["bot client: human", "waiting queued"]
    assert [scenario.concerns(letter) for letter in "abcd"] == [True, True, False, False]


def test_steps_fall_into_what_is_before_within_and_after_a_crash():
    [scenario] = read(ONE)

    assert scenario.has_crash
    assert scenario.phases("a") == [["client writes: human"], ["agent sees: human"], []]
    assert scenario.phases("b") == [[], ["agent sees: human"], ["client closes"]]


def test_brackets_within_a_line_are_words():
    assert Line.read("bot client: [x] or [ab] is it").letters == "abcd"


def test_a_section_that_is_missing_is_a_mistake():
    with pytest.raises(AssertionError, match="sections are steps, log, client, agent"):
        list(read(ONE.replace("--- client\n", "")))


@pytest.mark.parametrize("scenario", scenarios(), ids=str)
def test_every_step_is_one_that_can_be_done(scenario):
    steps = [words.partition(": ")[0] for letter in "abcd" for phase in scenario.phases(letter) for words in phase]

    assert [step for step in steps if not hasattr(Play, step.replace(" ", "_"))] == []


def test_every_topology_plays_most_of_the_table():
    """What differs is marked, and stays the exception."""
    table = scenarios()
    lines = [line for scenario in table for section in scenario.sections.values() for line in section]

    assert len(table) >= 30
    for letter in "abcd":
        assert sum(scenario.concerns(letter) for scenario in table) >= len(table) - 2
        assert sum(letter in line.letters for line in lines) > len(lines) / 2
