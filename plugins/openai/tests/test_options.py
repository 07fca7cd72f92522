"""What stands in the config is checked before anything runs, and the answer says what to write."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from gateway import UserMistake
from gateway_openai import prompt
from gateway_openai.addresses import is_ours
from gateway_openai.options import OpenAIOptions
from plugins.openai.tests.kit import KEY

OURS = {"url": "http://127.0.0.1:11434/v1", "model": "llama", "prompt": "You sell pots."}
TOOL = {"name": "look", "description": "Looks.", "url": "http://shop.internal/look"}


def refers(to):
    return {"type": "object", "properties": {"a": {"anyOf": [{"$ref": to}]}}, "$defs": {"a": {"type": "string"}}}


def complaint(**options):
    with pytest.raises(ValidationError) as raised:
        OpenAIOptions(**{**OURS, **options})
    return raised.value.errors()[0]["msg"]


def test_little_is_needed():
    assert OpenAIOptions(model="small", prompt="Hi.", key=KEY).url == "https://api.openai.com/v1"
    assert OpenAIOptions(**OURS).key is None


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("http://localhost:8000/v1", True),
        ("http://ollama:11434/v1", True),
        ("http://[::1]/v1", True),
        ("http://10.1.2.3/v1", True),
        ("http://192.168.0.9/v1", True),
        ("http://gpu.internal/v1", True),
        ("https://api.openai.com/v1", False),
        ("https://8.8.8.8/v1", False),
        ("https://localhost.evil.com/v1", False),
        ("https://10.1.2.3.evil.com/v1", False),
    ],
)
def test_which_endpoints_may_go_without_a_key(url, ours):
    assert is_ours(url) is ours
    if ours:
        assert OpenAIOptions(**{**OURS, "url": url}).url == url
    else:
        assert "key: { $env: OPENAI_API_KEY }" in complaint(url=url)


def test_a_header_can_be_the_key():
    options = OpenAIOptions(**{**OURS, "url": "https://pots.openai.azure.com/openai/v1", "headers": {"api-key": KEY}})

    assert options.key is None
    assert KEY not in repr(options)


def test_a_key_does_not_travel_in_the_open():
    assert "https://" in complaint(url="http://api.example.com/v1", key=KEY)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"url": "api.openai.com"}, "no address"),
        ({"url": "http://127.0.0.1/v1/chat/completions/"}, "leave /chat/completions out"),
        ({"url": "http://127.0.0.1/openai/deployments/d/chat/completions?api-version=1"}, "has no query"),
        ({"url": "http://me:secret@127.0.0.1/v1"}, "headers"),
        ({"key": " "}, "no key"),
        ({"key": "two\nlines"}, "no key"),
        ({"prompt": ""}, "either in `prompt`"),
        ({"prompt_file": "too.md"}, "either in `prompt`"),
        ({"extra": {"messages": []}}, "sets it itself"),
        ({"headers": {"Host": "x"}}, "cannot be set"),
        ({"headers": {"X-A": "one\ntwo"}}, "not one line"),
        ({"tools": [{**TOOL, "name": "remember"}]}, "of the bot's own"),
        ({"tools": [TOOL, TOOL]}, "two tools"),
        ({"tools": [{**TOOL, "name": "a b"}]}, "pattern"),
        ({"tools": [{**TOOL, "parameters": {"type": "nonsense"}}]}, "no JSON Schema"),
        ({"tools": [{**TOOL, "parameters": {"type": "array"}}]}, "`type: object`"),
        ({"tools": [{**TOOL, "parameters": {}}]}, "`type: object`"),
        ({"tools": [{**TOOL, "parameters": refers("https://evil.example.com/schema")}]}, "only refer to itself"),
        ({"tools": [{**TOOL, "parameters": refers("#/$defs/none")}]}, "only refer to itself"),
        ({"temprature": 1}, "not permitted"),
    ],
)
def test_a_mistake_is_told_with_its_cure(options, words):
    assert words in complaint(**options)


def test_a_schema_may_refer_to_itself():
    assert OpenAIOptions(**OURS, tools=[{**TOOL, "parameters": refers("#/$defs/a")}]).tools[0].name == "look"


def test_secrets_are_never_shown():
    options = OpenAIOptions(**OURS, key=KEY, tools=[{**TOOL, "headers": {"X-Key": "tool-secret"}}])

    assert KEY not in f"{options!r}{options}" and "tool-secret" not in f"{options!r}{options}"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\xff\xfe", "UTF-8"),
        (b"x" * 500_001, "longer than"),
    ],
    ids=["missing", "empty", "blank", "no text", "too long"],
)
def test_a_prompt_that_cannot_be_used_is_found_by_the_check(tmp_path, content, words):
    options = OpenAIOptions(**{**OURS, "prompt": "", "prompt_file": "prompt.md"})
    if content is not None:
        (tmp_path / "prompt.md").write_bytes(content)
    [line] = prompt.check(str(tmp_path), options)

    assert line.startswith(f"{tmp_path / 'prompt.md'}:1:1: ") and words in line
    with pytest.raises(UserMistake):
        prompt.load(str(tmp_path), options)


def test_a_good_prompt_is_nothing_to_complain_about(tmp_path):
    (tmp_path / "prompt.md").write_text("You sell pots.", encoding="utf-8")

    assert list(prompt.check(str(tmp_path), OpenAIOptions(**{**OURS, "prompt": "", "prompt_file": "prompt.md"}))) == []
