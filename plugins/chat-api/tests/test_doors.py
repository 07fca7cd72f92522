# mypy: allow-untyped-defs, allow-untyped-calls
"""Who does not get in, and what is not taken."""

from __future__ import annotations

import contextlib
import json
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway import BadInput
from gateway_chat_api.options import ChatApiOptions
from gateway_chat_api.wire import Cursor, cid_of, facts_in, files_in, given_id, message_id

kit = import_module("plugins.chat-api.tests.chat_kit")
PATHS = ["", "/async", "/events", "/history"]


@pytest.fixture
async def here(tmp_path):
    async with kit.stage(tmp_path) as here:
        yield here


@pytest.mark.parametrize("token", ["wrong", kit.TOKEN[:-1], kit.TOKEN + "x", "%00", "%FF%FE", "%20"])
@pytest.mark.parametrize("path", PATHS)
async def test_a_wrong_token_learns_nothing(here, token, path):
    url = f"{here.site.base}/chatapi/{token}{path}"
    verb = "GET" if path in {"/events", "/history"} else "POST"
    for body in ({"clientId": "ann", "query": "hi"}, {"nonsense": 1}):
        answer = await here.site.request(verb, url, body if verb == "POST" else None)
        assert (answer.status, answer.body) == (401, {"error": "this token opens nothing here"})
    assert (await here.site.request("GET", url.replace(path, "") if path else url)).status == 401
    assert here.bot.turns == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"clientId": "ann"},
        {"clientId": "ann", "query": "", "event": ""},
        {"clientId": "ann", "query": "  "},
        {"clientId": "", "query": "hi"},
        {"clientId": None, "query": "hi"},
        {"clientId": True, "query": "hi"},
        {"clientId": 1.5, "query": ["hi"]},
        {"clientId": "a" * 201, "query": "hi"},
        {"clientId": "\ud800", "query": "hi"},
        {"clientId": "ann", "query": {"text": "hi"}},
        {"clientId": "ann", "query": "hi", "messageId": "m" * 201},
        {"clientId": "ann", "query": "hi", "cid": "\udfff"},
        {"clientId": "ann", "query": "hi", "data": {str(number): number for number in range(101)}},
        {"clientId": "ann", "event": "fileEvent", "data": ["https://c.example/"] * 11},
        [],
        "hi",
        None,
    ],
    ids=lambda body: json.dumps(body)[:60],
)
async def test_what_is_malformed_is_refused(here, body):
    for path in ("", "/async"):
        answer = await here.site.request("POST", here.site.at(path), raw=json.dumps(body).encode())
        assert answer.status == 400
        assert answer.body["error"]
    assert here.bot.turns == []


async def test_nothing_said_is_told_in_plain_words(here):
    answer = await here.site.request("POST", here.site.at(), {"clientId": "ann"})

    assert answer.body == {"error": "the body: one of `query` and `event` is needed"}


async def test_a_wrong_webhook_address_is_told_with_its_cure(here):
    here.site.refuse("hook", 404)
    await here.site.asks("hi", tail="/async")
    await here.gateway.settled()

    [lost] = await here.gateway.gateway.store.dead_letters()
    assert "correct the option `webhook`" in lost.failures[-1][1]


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"clientId": ' + b"9" * 5000 + b"}"], ids=len
)
async def test_what_is_no_json_is_refused(here, raw):
    assert (await here.site.request("POST", here.site.at(), raw=raw)).status == 400


async def test_half_a_character_in_a_query_is_taken(here):
    raw = json.dumps({"clientId": "ann", "query": "a\ud800b"}).encode()
    answer = await here.site.request("POST", here.site.at(), raw=raw)

    assert answer.body["data"]["answer"] == "echo a?b"


async def test_long_texts_and_bodies_are_too_large(tmp_path):
    async with kit.stage(tmp_path, text_length=10) as here:
        bodies = [{"query": "12345678901"}, {"event": "12345678901"}]
        answers = [await here.site.request("POST", here.site.at(), {"clientId": "ann", **body}) for body in bodies]
        limit = here.gateway.gateway.settings.server.max_body_bytes
        answers.append(await here.site.request("POST", here.site.at(), raw=b" " * (limit + 1)))

        assert [answer.status for answer in answers] == [413, 413, 413]
        assert await here.site.asks("1234567890")


@pytest.mark.parametrize(("verb", "path"), [("PUT", ""), ("DELETE", ""), ("GET", "/async"), ("POST", "/events")])
async def test_another_verb_is_wanted(here, verb, path):
    assert (await here.site.request(verb, here.site.at(path))).status == 405


async def test_a_get_needs_its_parameters(here):
    assert (await here.site.request("GET", here.site.at(query="hi"))).status == 400
    assert (await here.site.request("GET", here.site.at(clientId="ann"))).status == 400
    assert (await here.site.request("GET", here.site.at("/history"))).status == 400


async def test_unknown_members_do_no_harm(here):
    assert await here.site.asks("hi", whatever={"a": [1]}, rawRequest=None)


async def test_the_token_is_in_no_log_and_no_metric(here, capsys):
    await here.site.asks("hi", tail="/async")
    await here.site.hears("echo hi")
    here.site.refuse("hook", 400)
    await here.site.asks("hi", tail="/async")
    await here.gateway.settled()
    await here.site.request("POST", here.site.at(), {"clientId": "ann"})

    shown = "".join(capsys.readouterr()) + here.gateway.gateway.metrics.render()[0].decode()
    assert kit.TOKEN not in shown
    assert kit.TOKEN.split(":")[1] not in shown
    assert here.site.hook not in shown


@pytest.mark.parametrize("token", ["short", "has a blank in it ....", "slash/slash/slash/slash", "ключключключключ"])
def test_a_token_that_could_not_stand_in_an_address(token):
    with pytest.raises(ValidationError, match="16 to 200"):
        ChatApiOptions.model_validate({"token": token})


@pytest.mark.parametrize("url", ["shop.example.com", "ftp://shop.example.com", "https://", "https://x/#y", ""])
def test_a_webhook_that_is_none(url):
    with pytest.raises(ValidationError, match="this is no address"):
        ChatApiOptions.model_validate({"token": kit.TOKEN, "webhook": url})


def test_secrets_do_not_show():
    hook = "https://shop.example.com/secret"
    shown = repr(
        ChatApiOptions.model_validate({"token": kit.TOKEN, "webhook": hook, "webhook_headers": {"X-Key": "geheim"}})
    )

    assert kit.TOKEN not in shown and hook not in shown and "geheim" not in shown


# --- reading, whatever comes ---

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("https://c.example/a"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["url", "files", "file", "name", "size", "type", "data"]) | st.text(), inner)
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_data_is_read(data):
    facts = facts_in(data)
    assert all(isinstance(value, str) for value in facts.attributes.values())
    with contextlib.suppress(BadInput):
        assert all(link.url.startswith("http") for link in files_in(data))


@given(st.text(), st.text())
def test_an_id_keeps_both_its_parts(given_one, cid):
    logged = message_id(given_one, cid)

    assert (given_id(logged), cid_of(logged)) == (given_one, cid)


@given(st.text(alphabet="0123456789.abc² ", max_size=30))
def test_a_place_is_read_or_refused(text):
    with contextlib.suppress(BadInput):
        assert Cursor.read(text, newest="c1").number >= 0
