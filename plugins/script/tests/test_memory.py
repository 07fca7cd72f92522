"""A dialog goes on after a restart, an upgrade, or an edit of the script; its memory is JSON and stays small."""

from __future__ import annotations

import json

import pytest

from gateway_script import memory
from gateway_script.memory import Asked, Memory
from gateway_script.talk import Talk

QUESTION = """
start: Hello
steps:
  order:
    - { ask: "Order number?", save: order, expect: number, tries: 2 }
    - Order ${order}
rules:
  - { when: order, do: { goto: order } }
"""


def go_on(talk, program):
    return Talk(program, state=json.loads(json.dumps(talk.state)))


def test_a_question_survives_a_restart(program):
    before = Talk(program(QUESTION))
    before.hear("order")

    assert go_on(before, program(QUESTION)).hear("5") == ["Order 5"]


def test_tries_survive_a_restart(program):
    before = Talk(program(QUESTION))
    before.hear("order")
    before.hear("hm")

    assert go_on(before, program(QUESTION)).hear("hm") == ["Let us leave that for now. What else can I do for you?"]


def test_a_question_survives_edits_around_it(program):
    before = Talk(program(QUESTION))
    before.hear("order")
    edited = QUESTION.replace("  order:\n", "  hours: 9 to 5\n  order:\n    - First of all\n", 1)
    edited = edited.replace("rules:\n", "rules:\n  - { when: hours, do: { goto: hours } }\n").replace("number?", "no.?")

    assert go_on(before, program(edited)).hear("5") == ["Order 5"]


def test_a_question_in_a_rule_survives_new_rules_before_it(program):
    script = 'rules:\n  - { when: order, do: [{ ask: "Nr?", save: nr }, "${nr}"] }\n'
    before = Talk(program(script))
    before.hear("order")

    edited = script.replace("rules:\n", "rules:\n  - { when: x, do: y }\n")
    assert go_on(before, program(edited)).hear("5") == ["5"]


def test_a_question_that_is_gone_makes_the_bot_start_over_politely(program):
    before = Talk(program(QUESTION))
    before.hear("order")
    after = go_on(before, program("start: Hello"))

    assert after.hear("5") == ["Sorry, I lost the thread. Let us start again.", "Hello"]
    assert after.hear("5") == ["Sorry, I did not understand that. Could you put it differently?"]


def test_a_question_that_is_gone_does_not_keep_rules_from_answering(program):
    before = Talk(program(QUESTION))
    before.hear("order")

    assert go_on(before, program("rules: [{ when: hours, do: 9 to 5 }]")).hear("hours") == ["9 to 5"]


def test_a_variable_that_is_gone_is_forgotten(program):
    before = Talk(program("start: { set: { a: one, b: two } }"))
    before.hear("(start)")
    after = go_on(before, program('start: { set: { b: "${b}" } }'))
    after.hear("x")

    assert after.state["variables"] == {"b": "two"}


def test_a_button_that_is_gone_is_words(program):
    before = Talk(program("start: { say: Hi, buttons: [{ text: Menu, goto: menu }] }\nsteps: { menu: Menu }"))
    before.hear("(start)")
    after = go_on(before, program("rules: [{ when: menu, do: No menu today }]"))
    after.shown = before.shown

    assert after.hear("[Menu]") == ["No menu today"]


def test_asked_again_the_bot_says_the_same(program):
    made = program("fallback: { one_of: [a, b, c, d] }")
    talk = Talk(made)
    talk.hear("x")

    assert go_on(talk, made).hear("x") == go_on(talk, made).hear("x") == talk.hear("x")


def test_conversations_begin_with_different_alternatives(program):
    made = program("start: { one_of: [a, b, c, d] }")

    said = {Talk(made, conversation=str(number)).hear("(start)")[0] for number in range(40)}

    assert said == {"a", "b", "c", "d"}


def test_long_answers_are_cut(program):
    talk = Talk(program('start: [{ ask: "Story?", save: story }]'))
    talk.hear("(start)")
    talk.hear("x" * 100_000)

    assert len(json.dumps(talk.state)) < 2000
    assert len(talk.state["variables"]["story"]) == 500


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"format": 2, "turns": 5},
        {"format": 1, "turns": -1, "misses": True, "asked": 5, "variables": [], "offered": "x", "text": None},
        {"format": 1, "asked": {"question": 7}},
    ],
)
def test_a_memory_that_cannot_be_read_is_forgotten(state):
    assert memory.load(state, frozenset()) == Memory()


def test_a_memory_comes_back_as_it_was():
    before = Memory(
        turns=3,
        misses=1,
        asked=Asked("step:a/b", 2),
        variables={"a": "1"},
        offered={"Yes": "y"},
        offered_at=3,
        text="hi",
    )

    assert memory.load(json.loads(json.dumps(before.dump())), frozenset({"a"})) == before
