# mypy: allow-untyped-defs, allow-untyped-calls
"""The description is true: real requests and answers are judged by it."""

from __future__ import annotations

import asyncio
import re
from importlib import import_module

import pytest
from jsonschema import Draft202012Validator

from gateway import Message, Outcome
from gateway_chat_api.openapi import description

kit = import_module("plugins.chat-api.tests.chat_kit")
answers = import_module("plugins.chat-api.tests.test_answers")
DOCUMENT = description("https://gw.example.com/rest")


def check(value, name, *, many=False):
    """Judge by a schema of the description."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    Draft202012Validator.check_schema(schema)
    for each in value if many else [value]:
        Draft202012Validator(schema).validate(each)


@pytest.fixture
async def here(tmp_path):
    async with kit.stage(tmp_path) as here:
        yield here


async def test_it_is_served_with_the_instances_address(here):
    answer = await here.site.request("GET", f"{here.site.base}/openapi.json")

    assert answer.body == {**DOCUMENT, "servers": [{"url": here.site.base}]}


def test_it_names_every_address_and_method_there_is(tmp_path):
    async def routes():
        async with kit.stage(tmp_path) as here:
            return {(route.method, route.path) for route in here.channel.routes()}

    described = {
        (verb.upper(), path)
        for path, item in DOCUMENT["paths"].items()
        for verb in item
        if verb in {"get", "post", "put", "delete"}
    }
    assert described == asyncio.run(routes())


def test_every_reference_leads_somewhere():
    for path in re.findall(r"'\$ref': '#/([^']+)'", str(DOCUMENT)):
        found = DOCUMENT
        for part in path.split("/"):
            found = found[part]


@pytest.mark.parametrize("name", answers.REPLIES)
async def test_answers_of_every_kind_are_as_described(here, name):
    here.bot.answer = kit.saying(*answers.REPLIES[name][0])

    check(await here.site.asks("hi"), "Answer")


async def test_a_whole_dialog_is_as_described(here):
    url = here.site.keep("cat.png", kit.PNG, "image/png")
    check(await here.site.asks(None, event="/start spring", messageId="m1"), "Answer")
    check(await here.site.asks(None, event="fileEvent", data=[url], cid="p1"), "Answer")
    check(await here.site.asks("later", tail="/async"), "Taken")
    await here.gateway.settled()
    await here.with_agent()
    check(await here.site.asks("hello?"), "Answer")
    picture = answers.REPLIES["an image"][0]
    await here.desk.context.receive(kit.saying_as_agent(here.desk.session, Message(contents=picture)))
    await here.desk.ends(Outcome.RETURNED)
    await here.gateway.settled()
    check(await here.site.asks("bye"), "Answer")
    await here.gateway.settled()

    posted = here.site.called("hook")
    check(posted, "Posted", many=True)
    events, history = await here.site.reads(all="true"), await here.site.reads("history")
    check(events, "Item", many=True)
    check(history, "Item", many=True)
    assert {item["kind"] for item in history} == {"request", "reply", "status"}
    assert {item.get("event") for item in history} >= {"/start", "transferred", "queued", "joined", "left", "closed"}
    by_id = {item["id"]: item for item in history}
    assert all({**by_id[item["id"]], "token": kit.TOKEN} == item for body in posted for item in body)


async def test_refusals_are_as_described(here):
    for verb, url in (
        ("POST", here.site.at()),
        ("GET", here.site.at("/history")),
        ("POST", f"{here.site.base}/chatapi/x"),
    ):
        answer = await here.site.request(verb, url, {} if verb == "POST" else None)
        assert str(answer.status) in DOCUMENT["paths"]["/chatapi/{token}"]["post"]["responses"]
        check(answer.body, "Error")


@pytest.mark.parametrize(
    "body",
    [
        {"clientId": 7, "query": "hi"},
        {"clientId": "ann", "event": "x", "data": [1], "cid": 5, "messageId": 8},
        {"clientId": "ann", "query": "hi", "event": None, "cid": None, "messageId": None},
    ],
    ids=str,
)
async def test_requests_as_described_are_taken(here, body):
    check(body, "Ask")
    assert (await here.site.request("POST", here.site.at(), body)).status == 200
