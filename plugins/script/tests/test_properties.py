"""Whatever a client does, the bot answers, and what it remembers is small JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway import Message, Outcome, Pressed, Started
from gateway_script.loading import load, parse
from gateway_script.memory import LONGEST_VALUE
from gateway_script.mistakes import Mistakes
from gateway_script.program import compiled
from gateway_script.talk import Talk, said

SHOP = """
variables: { nr: "" }
start:
  - say: Hello ${client.name|you}
    buttons: [Hi, { text: Order, goto: order }, { text: Shop, url: "https://example.com/${text}" }]
rules:
  - when: { regex: '(?P<nr>\\d+)\\s*(?P<rest>.*)' }
    if: { variable: nr, at_least: 10 }
    do: { markdown: "**${rest}** ${nr}" }
  - { when: { regex: '^(a+)+$' }, do: Aaah }
  - when: [human, "agent*"]
    always: true
    do: { transfer: { attributes: { Text: "${text}" }, custom_data: ["${text}"] } }
  - { when: { sends: anything }, do: { one_of: [Nice, { goto: order }] } }
  - { when: { exact: ["", bye] }, do: { close: Bye } }
fallback: { if: { variable: misses, at_least: 3 }, then: { goto: start }, else: "You said ${text}" }
steps:
  order:
    - { ask: "Which?", save: nr, expect: number, otherwise: { ask: "Why?", save: why } }
    - { ask: "Sure?", save: sure, choices: ["Yes", "No"] }
    - set: { attributes.order: "${nr} ${sure}" }
on_return: { otherwise: [{ ask: "Back after ${outcome}?", save: back, expect: email }] }
"""
PROGRAM = compiled(parse(SHOP, Path(), Mistakes("x"), Mistakes("x")))

anything = st.text(max_size=3000)


def body_of(line):
    return Talk(PROGRAM).cause(line)


lines = st.one_of(
    anything,
    st.sampled_from(["order", "12 x", "human", "bye", "1", "2", "yes", "a@b.de", "a" * 60 + "!", "(image)", "(file)"]),
    st.sampled_from([f"({outcome.value} Anna: note)" for outcome in Outcome]),
)
bodies = st.one_of(
    lines.map(body_of),
    anything.map(lambda payload: Started(payload=payload)),
    st.builds(lambda value, text: said(Message(contents=(Pressed(value=value, text=text),))), anything, anything),
    st.just(said(Message(contents=()))),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=15,
)


@given(st.lists(bodies, min_size=1, max_size=12))
@settings(max_examples=150, deadline=None)
def test_any_dialog_goes_on(turns):
    talk = Talk(PROGRAM)
    for body in turns:
        reply = talk.turn(body)

        state = json.dumps(reply.state)
        assert json.loads(state) == reply.state
        assert len(state) < 12 * 12 * LONGEST_VALUE
        assert reply.messages or reply.transfer or reply.close
        assert len(reply.messages) <= 31
        assert all(message.contents for message in reply.messages)


@given(st.lists(bodies, max_size=4), bodies)
@settings(max_examples=75, deadline=None)
def test_the_same_turn_gets_the_same_answer(turns, body):
    talk = Talk(PROGRAM)
    for each in turns:
        talk.turn(each)
    state = talk.state

    first = Talk(PROGRAM, state=state, attributes=talk.attributes).turn(body)
    second = Talk(PROGRAM, state=json.loads(json.dumps(state)), attributes=talk.attributes).turn(body)

    assert first == second


@given(
    st.dictionaries(
        st.sampled_from(["format", "turns", "misses", "asked", "variables", "offered", "text"]), json_values
    ),
    bodies,
)
@settings(max_examples=150, deadline=None)
def test_any_state_is_survived(state, body):
    reply = Talk(PROGRAM, state={**state, "format": 1}).turn(body)

    json.dumps(reply.state)


PIECES = (
    """start : say ask rules when { } [ ] " ' goto x &a *a !! | > # steps do if ${ one_of transfer buttons null --- ?"""
)
pieces = st.sampled_from([*PIECES.split(), " ", "\n", "  ", "- ", "\t", ": "])


@given(st.one_of(st.lists(pieces, max_size=40).map("".join), st.text(max_size=200)))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_file_is_a_script_or_has_mistakes(text):
    mistakes = Mistakes("faq.yaml")

    script = parse(text, Path(), mistakes, Mistakes("faq.yaml"))

    assert (script is not None) or mistakes.found
    assert all(line.startswith("faq.yaml:") and "\n" not in line for line in mistakes.lines())


KEYS = """start rules steps fallback on_return texts variables say ask save if then else goto set one_of transfer close
buttons image carousel when do any regex expect choices variable is not text value location offline markdown"""
shapes = st.recursive(
    st.sampled_from(["x", "", "${x}", "start", "5", "true", None]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=4),
    max_leaves=25,
)


@given(st.dictionaries(st.sampled_from(["start", "rules", "steps", "fallback", "on_return", "texts"]), shapes))
@settings(max_examples=300, deadline=None)
def test_any_shape_is_a_script_or_has_mistakes(shape):
    mistakes = Mistakes("faq.yaml")

    script = parse(json.dumps(shape), Path(), mistakes, Mistakes("faq.yaml"))

    if script is None or mistakes.found:
        assert mistakes.found
    else:
        Talk(compiled(script)).hear("x")


def test_a_pattern_that_explodes_does_not_hang(tmp_path):
    file = tmp_path / "faq.yaml"
    file.write_text("rules: [{ when: { regex: '^(a|aa)+$' }, do: hi }]\nfallback: no", encoding="utf-8")

    assert Talk(compiled(load(file).script)).hear("a" * 1000 + "!") == ["no"]


@pytest.mark.parametrize("size", [0, 1, 2001, 100_000])
def test_length_does_not_matter(size):
    assert Talk(PROGRAM).hear("x" * size)
