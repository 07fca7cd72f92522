# mypy: allow-untyped-defs, allow-untyped-calls
"""Options that cannot work are refused, and the README has them all."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from gateway_bot_framework.options import BotFrameworkOptions
from gateway_bot_framework.plugin import SAMPLE

FOLDER = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"url": "bot.example.com"}, "not the address"),
        ({"url": "ftp://bot.example.com"}, "not the address"),
        ({"url": "https://me:pw@bot.example.com"}, "`token`"),
        ({"token": "one\ntwo"}, "more than one line"),
        ({"answers": "later"}, "inline"),
        ({"channel_id": "a b"}, "pattern"),
        ({"app_id": "1"}, "Extra inputs"),
    ],
)
def test_what_cannot_work_is_refused(options, complaint):
    with pytest.raises(ValidationError, match=complaint):
        BotFrameworkOptions(**{"url": "https://bot.example.com/api/messages", **options})


def test_the_readme_has_every_option():
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")

    assert [name for name in BotFrameworkOptions.model_fields if f"| `{name}` |" not in readme] == []


def test_the_samples_are_the_same():
    assert yaml.safe_load(SAMPLE) == yaml.safe_load((FOLDER / "sample.yaml").read_text(encoding="utf-8"))
