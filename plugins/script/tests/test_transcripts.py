"""What a script does, as transcripts: the client's lines begin with `> `. The cases stand in transcripts.txt."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway_script.talk import Talk, replay

CASES = Path(__file__).with_name("transcripts.txt").read_text(encoding="utf-8")


def cases():
    for case in CASES.split("### ")[1:]:
        title, _, rest = case.partition("\n")
        source, _, transcript = rest.partition("\n=>\n")
        yield pytest.param(source, transcript.strip(), id=title)


@pytest.mark.parametrize(("source", "transcript"), list(cases()))
def test_a_dialog_goes_as_described(program, source, transcript):
    assert replay(Talk(program(source)), transcript) == transcript
