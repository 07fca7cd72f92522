"""The README tells the truth: every option, every metric, and configurations that can be served."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway import Counted
from gateway_openai import usage
from gateway_openai.options import History, HttpTool, OpenAIOptions, Prices, Texts
from gateway_openai.plugin import SAMPLE

FOLDER = Path(__file__).parents[1]
README = (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("model", "prefix"),
    [
        (OpenAIOptions, ""),
        (History, "history."),
        (Texts, "texts."),
        (Prices, "prices."),
        (HttpTool, "tools[]."),
    ],
)
def test_every_option_is_explained(model, prefix):
    rows = set(re.findall(r"^\| `([^`]+)`", README, flags=re.MULTILINE))
    nested = {"history", "texts", "prices", "tools"} if model is OpenAIOptions else set()

    assert {f"{prefix}{name}" for name in model.model_fields} - nested - rows == set()


def test_no_other_option_is_explained():
    table = README.partition("## Options")[2].partition("\n## ")[0]
    models: dict[str, Any] = {
        "": OpenAIOptions,
        "history.": History,
        "texts.": Texts,
        "prices.": Prices,
        "tools[].": HttpTool,
    }
    known = {f"{prefix}{name}" for prefix, model in models.items() for name in model.model_fields}

    assert set(re.findall(r"^\| `([^`]+)`", table, flags=re.MULTILINE)) - known == set()


def test_every_metric_is_explained():
    counters = [value for value in vars(usage).values() if isinstance(value, Counted)]

    assert len(counters) == 4
    for counter in counters:
        assert f"`gateway_openai_{counter.name}_total`" in README


def test_the_sample_is_the_file():
    assert (FOLDER / "sample.yaml").read_text(encoding="utf-8").partition("\n")[2] == SAMPLE
    options = {**yaml.safe_load(SAMPLE), "key": "k"}
    assert options.pop("type") == "openai"
    assert OpenAIOptions(**options).model == "gpt-4o-mini"
