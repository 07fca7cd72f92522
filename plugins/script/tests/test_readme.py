"""The README tells the truth: each of its scripts does what the transcript below it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway_script.names import BUILT_IN
from gateway_script.parts import CONTENTS
from gateway_script.script import OnReturn, Texts, When
from gateway_script.talk import Talk, replay

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)( config)?\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def examples():
    """Pairs of a script and the transcript that follows it."""
    script, number = "", 0
    for language, config, text in BLOCKS:
        if language == "yaml" and not config:
            script = text
        elif language == "text" and text.startswith(("> ", "! ")):
            number += 1
            yield pytest.param(script, text.strip(), id=f"example {number}")
            script = ""


@pytest.mark.parametrize(("source", "transcript"), list(examples()))
def test_an_example_is_true(program, source, transcript):
    assert replay(Talk(program(source)), transcript) == transcript


def test_every_script_has_a_transcript():
    assert len([block for block in BLOCKS if block[0] == "yaml" and not block[1]]) == len(list(examples()))


@pytest.mark.parametrize("names", [BUILT_IN, CONTENTS, When.keys(), OnReturn.keys(), Texts.keys()])
def test_nothing_is_left_out(names):
    said = set(re.findall(r"[\w.]+", README))

    assert [name for name in names if name not in said] == []
