# mypy: allow-untyped-defs, allow-untyped-calls
"""The README tells the truth: its calls work, its client runs, its config is one."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import sys
from importlib import import_module
from pathlib import Path
from urllib.parse import urlencode

import pytest
import yaml

from gateway_chat_api import plugin
from gateway_chat_api.options import ChatApiOptions

kit = import_module("plugins.chat-api.tests.chat_kit")
FOLDER = Path(__file__).parents[1]
README = (FOLDER / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


CALLS = [line for block in blocks("sh") for line in block.splitlines()]
[CLIENT] = blocks("python")
[ANSWER] = blocks("json")


def as_request(command, base):
    """Read a curl command as the README writes them."""
    words = iter(shlex.split(command.replace("$BASE", base))[1:])
    get, url, query, body, headers = False, "", [], None, {}
    for word in words:
        match word:
            case "-G":
                get = True
            case "--json":
                body = json.loads(next(words))
            case "-d" | "--data-urlencode":
                name, _, value = next(words).partition("=")
                query.append((name, value))
            case "-H":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            case _:
                url = word
    return "GET" if get else "POST", url + (f"?{urlencode(query)}" if get else ""), body, headers


@pytest.fixture
async def here(tmp_path):
    async with kit.stage(tmp_path) as here:
        yield here


async def test_the_calls_work_one_after_another(here):
    assert len(CALLS) == 10
    found = []
    for call in CALLS:
        verb, url, body, headers = as_request(call, here.site.at())
        answer = await here.site.request(verb, url, body, headers=headers)
        assert answer.status == 200, (call, answer)
        found.append(answer.body)

    said = [each["data"]["answer"] for each in found if isinstance(each, dict) and "data" in each]
    assert said[:4] == ["echo hello", "echo where is my order?", "hello", "echo orderPaid"]
    assert all(isinstance(each, list) for each in found[-3:])


async def test_the_answer_shown_is_one(here):
    shown = json.loads(ANSWER)
    _, _, body, _ = as_request(CALLS[0], here.site.at())
    answer = await here.site.request("POST", here.site.at(), body)
    changing = {"questionId", "timestamp", "conversationId", "lastEventId"}

    assert set(shown) == set(answer.body)
    assert {name: value for name, value in shown.items() if name not in changing} == {
        name: value for name, value in answer.body.items() if name not in changing
    }


async def test_the_client_runs(here):
    environment = {**os.environ, "BASE": here.site.at(), "CLIENT": "ann"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CLIENT, env=environment, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin and process.stdout
    try:
        async with asyncio.timeout(60):
            process.stdin.write(b"hi\nagent\n")
            lines = [(await process.stdout.readline()).decode().strip()]
            await here.gateway.until(lambda: bool(here.desk.openings))
            await here.desk.joins()
            await here.desk.writes("good day")
            while lines[-1] != "[Bo] good day":
                lines.append((await process.stdout.readline()).decode().strip())
    finally:
        process.kill()
        await process.wait()

    assert "echo hi" in lines
    assert lines.count("[Bo] good day") == 1


def test_the_configs_are_some():
    to_keep, to_try, script = map(yaml.safe_load, blocks("yaml"))
    for config in (to_keep, to_try):
        options = {**config["channels"]["rest"], "token": kit.TOKEN}
        del options["type"]

        assert ChatApiOptions.model_validate(options).wait_seconds == 20
    assert script["fallback"]


def test_the_sample_is_ours():
    sample = yaml.safe_load((FOLDER / "sample.yaml").read_text(encoding="utf-8"))

    assert sample == yaml.safe_load(plugin.KIND.sample)
    assert sample["type"] == plugin.KIND.name


def test_every_option_is_explained_with_its_default():
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+?) \|", README, flags=re.MULTILINE))
    defaults = {name: field.default for name, field in ChatApiOptions.model_fields.items()}

    assert {name for name in defaults if name not in rows} == set()
    assert float(rows["wait_seconds"]) == defaults["wait_seconds"]
    assert int(rows["text_length"]) == defaults["text_length"]
