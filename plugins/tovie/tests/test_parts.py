# mypy: allow-untyped-defs, allow-untyped-calls
"""The parts that need no gateway: options, reading leniently, the README, and the fake by itself."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from gateway import BotWithAgents
from gateway.testing import Harness, plugin_host
from gateway.testing.tovie import TOKEN, FakeTovieBot
from gateway_tovie import wire
from gateway_tovie.engine import TovieBot
from gateway_tovie.options import TovieOptions
from gateway_tovie.plugin import KIND
from plugins.tovie.tests.kit import WEBHOOK_KEY, config

FOLDER = Path(__file__).parents[1]
README = (FOLDER / "README.md").read_text(encoding="utf-8")
GOOD = {"url": "https://bot.example.com/chatadapter", "token": TOKEN}

# --- options ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"url": "bot.example.com"}, "write it like https://bot.example.com/chatadapter"),
        ({"url": "https://me:pw@bot.example.com"}, "keep name and password out"),
        ({"url": "https://bot.example.com/?a=1"}, "this is no address"),
        ({"token": "ab/../cdefgh"}, "this is no token"),
        ({"token": f" {TOKEN}"}, "this is no token"),
        ({"webhook_key": "short"}, "16 to 200 letters"),
        ({"asynchronous": True}, "set webhook_key or poll_seconds"),
        ({"agents": True}, "set webhook_key or poll_seconds"),
        ({"timeouts": "tovie"}, "set webhook_key"),
        ({"start_by": "shouting"}, "'query', 'event' or 'nothing'"),
        ({"outcome_events": {"lost": "x"}}, "outcome_events"),
        ({"tokn": "x"}, "Extra inputs"),
    ],
)
def test_mistakes_are_explained(options, says):
    with pytest.raises(ValidationError, match=says):
        TovieOptions(**{**GOOD, **options})


def test_a_mistyped_token_is_not_repeated(tmp_path):
    mistyped = f"{TOKEN}/x"

    with pytest.raises(AssertionError, match=r"bots.tovie.token: .*this is no token") as raised:
        Harness(
            {**config(FakeTovieBot()), "bots": {"tovie": {**GOOD, "type": "tovie", "token": mistyped}}}, folder=tmp_path
        )

    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize("url", ["https://x.example.com/a/", "https://x.example.com/a/chatapi"])
def test_the_address_in_other_forms(url):
    options = TovieOptions(**{**GOOD, "url": url})

    assert options.url == "https://x.example.com/a"
    assert TOKEN not in repr(options)


@pytest.mark.parametrize(
    ("options", "itself"),
    [
        ({}, True),
        ({"webhook_key": WEBHOOK_KEY}, False),
        ({"poll_seconds": 1}, True),
        ({"poll_seconds": 1, "asynchronous": True}, False),
        ({"webhook_key": WEBHOOK_KEY, "timeouts": "gateway"}, True),
    ],
    ids=str,
)
def test_who_waits_at_a_timeout(options, itself):
    assert TovieOptions(**{**GOOD, **options}).waits_itself == itself


def test_it_has_agents():
    assert issubclass(TovieBot, BotWithAgents)


def test_samples_are_right():
    for sample in (KIND.sample, (FOLDER / "sample.yaml").read_text(encoding="utf-8")):
        found = yaml.safe_load(sample)

        assert found.pop("type") == KIND.name
        assert found.pop("token") == {"$env": "TOVIE_TOKEN"}
        assert TovieOptions(token=TOKEN, **found).url == found["url"]


# --- README ----------------------------------------------------------------------------------------------------------


def test_every_option_is_in_the_readme():
    section = README.partition("\n## Options\n")[2].partition("\n## ")[0]
    named = re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)

    assert set(named) == set(TovieOptions.model_fields)


@pytest.mark.parametrize("block", re.findall(r"^```yaml\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL))
def test_every_configuration_of_the_readme_is_good(tmp_path, block):
    whole = yaml.safe_load(
        re.sub(r"\{ \$env: (\w+) \}", lambda found: WEBHOOK_KEY if "KEY" in found[1] else TOKEN, block)
    )
    whole.pop("server", None)

    Harness(whole, folder=tmp_path)


async def test_the_program_of_the_readme_runs(tmp_path):
    [program] = re.findall(r"^```python\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        told = yaml.safe_load(b"".join([await process.stdout.readline(), await process.stdout.readline()]))
        assert told["token"] == TOKEN
        whole = config(FakeTovieBot())
        whole["bots"]["tovie"] |= told
        async with Harness(whole, folder=tmp_path, host=plugin_host("plugins.tovie.tests.kit")) as gateway:
            await gateway.channel().writes("hello")
            await gateway.until(lambda: gateway.channel().texts() == ["You said: hello"])
    finally:
        process.kill()
        await process.wait()


# --- reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "name"),
    [
        ({"employee": {"employeeId": 7, "firstName": "Bo", "lastName": "Ek"}}, "Bo Ek"),
        ({"operator": {"name": "Bo"}}, "Bo"),
        ({"data": {"employee": {"fullName": "Bo Ek"}, "replies": []}}, "Bo Ek"),
        ({"eventType": "OPERATOR_MESSAGE"}, ""),
        ({"data": {"replies": [{"type": "text", "text": "a", "from": "operator"}]}}, ""),
        ({"kind": "reply", "author": {"role": "agent", "name": "Bo"}, "data": {"replies": []}}, "Bo"),
        ({"type": "agentReply", "message": {"clientId": "a:b", "data": {"replies": []}}}, ""),
    ],
    ids=str,
)
def test_an_agent_in_every_plausible_form(item, name):
    found = wire.item_of({"clientId": "a:b", **item})

    assert found is not None
    assert found.agent is not None
    assert found.agent.name == name


@pytest.mark.parametrize(
    "item",
    [{"clientId": "a:b", "type": "clientRequest"}, {"clientId": "a:b", "event": "widgetState"}, {"data": {}}, {}],
    ids=str,
)
def test_what_is_nobodys_word_to_the_client(item):
    assert wire.item_of(item) is None


@pytest.mark.parametrize(
    ("answer", "question"),
    [
        ({"questionId": "q"}, "q"),
        ({"messageId": 5}, "5"),
        ({"id": "q"}, "q"),
        ({"data": {"questionId": "q"}}, "q"),
        ("q", "q"),
        (None, ""),
        ([], ""),
    ],
    ids=str,
)
def test_the_id_of_a_question_in_every_plausible_form(answer, question):
    assert wire.question_id_in(answer) == question


def test_an_item_is_the_same_whichever_way_it_comes():
    item = {"clientId": "a:b", "questionId": "q", "data": {"replies": [], "token": "x"}, "timestamp": "t"}

    assert wire.identity({**item, "token": "one"}) == wire.identity(dict(reversed(item.items())))
    assert wire.identity(item) != wire.identity({**item, "timestamp": "u"})
    assert "token" not in str(wire.bare(item))


# --- the fake --------------------------------------------------------------------------------------------------------


async def test_the_fake_answers_by_get_too():
    async with FakeTovieBot() as tovie:
        raw = f"{tovie.api_url}/chatapi/{TOKEN}"
        encoded = f"{tovie.api_url}/chatapi/{TOKEN.replace(':', '%3A')}"
        by_get = await tovie.request("GET", f"{raw}?clientId=ann&query=hello")
        by_post = await tovie.request("POST", encoded, {"clientId": 7, "event": "x"})

        assert by_get.body["data"]["replies"] == [{"type": "text", "text": "echo hello", "state": "/Echo"}]
        assert by_post.body["clientId"] == "7"
        assert set(by_post.body) == {"questionId", "clientId", "data", "timestamp"}


@pytest.mark.parametrize(
    ("verb", "tail", "body", "status"),
    [
        ("POST", "x", {"clientId": "a", "query": "b"}, 404),
        ("POST", "", {"query": "b"}, 400),
        ("POST", "", {"clientId": "a"}, 400),
        ("PUT", "", {"clientId": "a", "query": "b"}, 405),
        ("GET", "/async", None, 405),
        ("POST", "/events", None, 405),
    ],
)
async def test_the_fake_minds_the_form(verb, tail, body, status):
    async with FakeTovieBot() as tovie:
        assert (await tovie.request(verb, f"{tovie.api_url}/chatapi/{TOKEN}{tail}", body)).status == status


async def test_the_fake_tells_agents_words_unless_asked_for_everything():
    async with FakeTovieBot() as tovie:
        url = f"{tovie.api_url}/chatapi/{TOKEN}"
        tovie.forgets = False
        await tovie.request("POST", f"{url}/async", {"clientId": "ann", "query": "hello"})
        await tovie.until(lambda: bool(tovie.events))
        await tovie.agent_says("hi", client="ann")

        assert len((await tovie.request("GET", f"{url}/events")).body) == 1
        assert len((await tovie.request("GET", f"{url}/events?all=true")).body) == 2
        assert (await tovie.request("GET", f"{url}/events?all=true&cid=other")).body == []
