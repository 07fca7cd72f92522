from __future__ import annotations

import pytest
from aiohttp import WSServerHandshakeError

from gateway_widget.frames import FRAME_BYTES
from plugins.widget.tests.stage import SHOP, Caller

EVIL = "https://evil.example.net"
PATHS = ["", "widget.js", "events"]


@pytest.mark.parametrize("path", PATHS)
async def test_a_foreign_page_may_not_read(stage, path):
    async with Caller(stage, origin=EVIL).get(path) as response:
        assert response.status == 403
        assert "Access-Control-Allow-Origin" not in response.headers
        answer = await response.json()

    assert answer["code"] == "foreign_origin"
    assert "add it to the widget's `origins`" in answer["reason"]


@pytest.mark.parametrize("path", ["session", "frames", "files"])
@pytest.mark.parametrize("origin", [EVIL, "null", "", "http://[::1"])
async def test_a_foreign_page_may_not_write(stage, path, origin):
    async with stage.client.post(stage.url(path), headers={"Origin": origin}) as response:
        assert response.status == 403


async def test_writing_needs_an_origin(stage):
    async with stage.client.post(stage.url("session")) as response:
        assert response.status == 403
        assert "Origin header is missing" in (await response.json())["reason"]


@pytest.mark.parametrize("headers", [{"Origin": EVIL}, {}])
async def test_a_foreign_page_gets_no_socket(stage, headers):
    with pytest.raises(WSServerHandshakeError) as refused:
        await stage.client.ws_connect(stage.url("socket"), headers=headers)

    assert refused.value.status == 403


async def test_a_page_of_the_shop_is_let_in(stage):
    async with Caller(stage, origin=SHOP).get("widget.js") as response:
        assert response.status == 200
        assert response.headers["Access-Control-Allow-Origin"] == SHOP
        assert "Origin" in response.headers["Vary"]


async def test_the_gateway_itself_is_let_in(stage):
    visitor = await Caller(stage).arrive()

    assert visitor.session["visitor"].startswith("v.")


async def test_the_gateways_public_address_is_let_in(stage):
    async with Caller(stage, origin="https://gw.example.com").get("widget.js") as response:
        assert response.status == 200


async def test_a_refusal_can_be_read_by_the_page(stage):
    async with Caller(stage, origin=SHOP).post("frames", json={}) as response:
        assert response.status == 401
        assert response.headers["Access-Control-Allow-Origin"] == SHOP


async def test_a_browser_may_ask_before_it_posts(stage):
    async with stage.client.options(stage.url("frames"), headers={"Origin": SHOP}) as response:
        assert response.status == 204
        assert response.headers["Access-Control-Allow-Origin"] == SHOP
        assert "Authorization" in response.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer x.y", "Basic abc"])
async def test_words_need_a_token(stage, authorization):
    headers = {"Authorization": authorization} if authorization else {}
    async with Caller(stage).post("frames", data=b'{"type":"ping"}', headers=headers) as response:
        assert response.status == 401
    assert stage.context.events == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "frame"),
        (b"{", "frame"),
        (b"[]", "frame"),
        (b'{"type":"dance"}', "frame"),
        (b'{"type":"say","text":"x"}', "say.id"),
        (b'{"type":"say","id":"../..","text":"x"}', "say.id"),
        (b'{"type":"say","id":"1","text":7}', "say.text"),
        (b'{"type":"say","id":"1","text":"x","admin":true}', "say.admin"),
        (b'{"type":"change","id":"1","attributes":{"a":"' + b"x" * 501 + b'"}}', "change.attributes.a"),
    ],
)
async def test_a_malformed_frame_is_named(stage, body, says):
    visitor = await stage.visitor()
    async with visitor.post("frames", data=body, headers=visitor.authorization) as response:
        assert response.status == 400
        assert (await response.json())["reason"].startswith(says)
    assert stage.context.events == []


async def test_a_body_is_bounded(stage):
    visitor = await stage.visitor()
    async with visitor.post("frames", data=b" " * (FRAME_BYTES + 1), headers=visitor.authorization) as response:
        assert response.status == 413


async def test_a_text_is_bounded(stage):
    visitor = await stage.visitor()

    answer = await visitor.say("x" * 4001)

    assert (answer["type"], answer["code"], answer["id"]) == ("error", "bad_input", "m1")
    assert "4000" in answer["reason"]
    assert stage.context.events == []


async def test_nothing_is_no_message(stage):
    assert (await (await stage.visitor()).say("  "))["code"] == "bad_input"


async def test_a_flood_is_slowed_down_and_ends(stage):
    visitor, other = await stage.visitor(), await stage.visitor()
    answers = [await visitor.say("x", f"m{number}") for number in range(60)]

    assert {answer["type"] for answer in answers[:40]} == {"ack"}
    assert answers[-1]["code"] == "unavailable"
    assert (await other.say("x"))["type"] == "ack"
    stage.context.clock.skip(seconds=10)
    assert (await visitor.say("again", "later"))["type"] == "ack"
