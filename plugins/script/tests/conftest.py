from __future__ import annotations

import pytest

from gateway_script.loading import load
from gateway_script.program import compiled


@pytest.fixture
def program(tmp_path):
    """Makes a program of a script's text."""

    def make(source):
        (tmp_path / "kettle.png").write_bytes(b"png")
        file = tmp_path / "faq.yaml"
        file.write_text(source, encoding="utf-8")
        loaded = load(file)
        assert loaded.mistakes == []
        return compiled(loaded.script)

    return make
