"""Mistakes in the config are told with the cure, and never with the token."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from gateway_desk.options import DeskOptions
from gateway_desk.plugin import KIND, register_agent_platforms

TOKEN = "secret-canary-0123456789"
ANNA = {"id": "anna", "name": "Anna", "token": TOKEN}


def mistakes(**options):
    with pytest.raises(ValidationError) as raised:
        DeskOptions.model_validate(options)
    assert "canary" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "agents\n  Field required"),
        ({"agents": []}, "at least 1 item"),
        ({"agents": [{**ANNA, "token": "canary"}]}, "agents.0.token\n  Value should have at least 16 items"),
        ({"agents": [ANNA, {**ANNA, "name": "Other"}]}, "two agents have the id 'anna'"),
        ({"agents": [ANNA, {**ANNA, "id": "ben"}]}, "anna and ben share one token"),
        ({"agents": [{**ANNA, "groups": ["sales"]}]}, "agent 'anna' is in group 'sales', which is not under `groups`"),
        ({"agents": [ANNA], "groups": {"anna": {"name": "A"}}}, "'anna' is both an agent and a group"),
        ({"agents": [{**ANNA, "id": "Anna B"}]}, "agents.0.id"),
        ({"agents": [{**ANNA, "avatar": "javascript:x"}]}, "agents.0.avatar"),
        ({"agents": [ANNA], "colour": "red"}, "colour"),
        ({"agents": [ANNA], "canned": [{"name": "two words", "text": "x"}]}, "canned.0.name"),
        ({"agents": [ANNA], "canned": [{"name": "a", "text": "x"}] * 2}, "two canned replies are named 'a'"),
        ({"agents": [ANNA], "asignment": "auto"}, "asignment"),
    ],
)
def test_a_mistake_is_told(options, words):
    assert words in mistakes(**options)


def test_the_token_is_not_shown():
    assert "canary" not in repr(DeskOptions.model_validate({"agents": [ANNA]}))


def test_the_sample_is_valid_and_the_same_everywhere():
    file = Path(__file__).parents[1] / "sample.yaml"
    sample = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert sample == yaml.safe_load(KIND.sample)
    del sample["type"]
    for number, agent in enumerate(sample["agents"]):
        agent["token"] = f"{TOKEN}{number}"
    DeskOptions.model_validate(sample)


def test_the_hook_offers_the_kind():
    assert list(register_agent_platforms()) == [KIND]


def test_every_option_is_described():
    fields = DeskOptions.model_fields
    assert [name for name, field in fields.items() if not field.description] == []
