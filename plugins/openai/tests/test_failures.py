"""What goes wrong on the other side, and what the client hears of it: all of an answer, or nothing."""

from __future__ import annotations

import json
import time

import pytest

from gateway.testing import Harness
from plugins.openai.tests.kit import KEY, Endpoint, call, config, refused, standing, until, words


async def failure(place):
    """Say something, and return why the bot could not answer."""
    said = await place.says("Where is it?")
    [entry] = [entry.body for entry in await place.gateway.log() if entry.body.type == "bot_failed"]
    assert len(said) == 1  # the route's text
    return entry.reason


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_a_tired_endpoint_is_asked_again(tmp_path, status, stream):
    async with standing(tmp_path, stream=stream) as place:
        place.model.refuse("chat", status, times=2)

        assert await place.says("hello") == ["echo hello"]


async def test_the_delay_it_asks_for_is_kept(place):
    place.model.limit("chat", 2)
    started = time.monotonic()

    assert await place.says("hello") == ["echo hello"]
    assert time.monotonic() - started > 1.9  # our own first pause is half a second


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_is_said_and_never_shown(place, status, capfd):
    place.model.answers(refused(status, message=f"Incorrect API key provided: {KEY}"))
    await place.channel.writes("hello")
    running = place.gateway.gateway.instances["bot"]
    await until(lambda: not running.healthy)

    assert "`key`" in running.reason
    output = capfd.readouterr()
    assert KEY not in running.reason + output.out + output.err + repr(running.component)


@pytest.mark.parametrize(
    "reply",
    [
        words("It is ", cut=True),
        words("It is ", finish=None, body=b'data: {"choices":[{"delta":{"content":"It is"}}]}\n\n'),
        words(body=b"data: {broken\n\n"),
        words(body=b"data: \xff\xfe\n\n"),
        words(body=b'data: "a string"\n\n'),
        words(body=b'data: {"choices":["x"]}\n\n'),
        words(body=b"<html>", content_type="text/html"),
        words(body=b'data: {"choices":[{"delta":{"content":"It"}}]}\n\ndata: {"error":{"code":"server_error"}}\n\n'),
        words(body=b"", content_type="text/event-stream"),
        words(""),
        words(body=b"data: [DONE]\n\n"),
    ],
    ids=[
        "cut", "ends early", "no JSON", "no text", "a string", "no choice", "HTML", "an error", "nothing", "no words",
        "only the end",
    ],
)  # fmt: skip
async def test_half_an_answer_is_none(place, reply):
    place.model.answers(reply, words("Here I am."))

    assert await place.says("Where is it?") == ["Here I am."]
    assert len(place.model.asked) == 2


@pytest.mark.parametrize("body", [b"{broken", b"[]", b'{"choices":[]}', b'{"choices":[{"message":{"content":null}}]}'])
async def test_half_a_whole_answer_is_none(tmp_path, body):
    async with standing(tmp_path, stream=False) as place:
        place.model.answers(words(body=body, content_type="application/json"), words("Here I am."))

        assert await place.says("Where is it?") == ["Here I am."]


@pytest.mark.parametrize(
    "reply",
    [
        words(body=b'data: {"choices":[{"delta":{"content":"Here"},"finish_reason":"stop"}]}\r\n\r\n'),
        words(body=b'data: {"choices":[{"delta":{"content":"Here"}}]}\n\ndata: [DONE]'),
        words(
            body=b'data:{"choices":[{"delta":\ndata:{"content":[{"type":"text","text":"Here"}]}}]}\n\ndata:[DONE]\n\n'
        ),
        words(body=b'{"choices":[{"message":{"refusal":"Here"}}]}', content_type="application/json"),
    ],
    ids=["no end, but a reason", "an end, but no reason", "parts and lines", "a refusal"],
)
async def test_servers_of_other_habits_are_understood(place, reply):
    place.model.answers(reply)

    assert await place.says("Where is it?") == ["Here"]
    assert len(place.model.asked) == 1


async def test_an_answer_that_was_cut_for_length_is_said_and_marked(place):
    place.model.answers(words("It is on", finish="length"))

    assert await place.says("Where is it?") == ["It is on …"]


async def test_all_tokens_spent_on_thinking_is_told(place):
    place.model.answers(words("", finish="length"))

    assert "max_tokens" in await failure(place)


@pytest.mark.parametrize(
    "reply",
    [
        words("It is", finish="content_filter"),
        refused(400, code="content_filter", message="filtered"),
        words(body=b'data: {"error":{"code":"content_filter"}}\n\n'),
    ],
    ids=["of the answer", "of the question", "in the middle"],
)
async def test_a_content_filter_is_told_and_not_asked_again(place, reply):
    place.model.answers(reply)

    assert "content filter" in await failure(place)
    assert len(place.model.asked) == 1


@pytest.mark.parametrize(
    "error",
    [
        {"code": "context_length_exceeded", "message": "too long"},
        {"type": "BadRequestError", "message": "This model's maximum context length is 4096 tokens. However, …"},
        {"message": "the request exceeds the available context size. try increasing the context size"},
    ],
    ids=["OpenAI", "vLLM", "llama.cpp"],
)
async def test_what_is_too_long_is_asked_once_more_with_half_of_it(place, error):
    for text in "ab":
        await place.says(text)
    place.model.answers(refused(400, **error))

    assert await place.says("c") == ["echo c"]
    assert place.model.heard == [("user", "b"), ("assistant", "echo b"), ("user", "c")]
    assert len(place.model.asked) == 4


async def test_what_is_too_long_also_when_halved_fails(place):
    place.model.answers(*(refused(400, code="context_length_exceeded") for _ in range(2)))

    assert "too long" in await failure(place)
    assert len(place.model.asked) == 2


async def test_one_long_question_keeps_its_end(place):
    place.model.answers(refused(400, code="context_length_exceeded"))
    await place.says("x" * 50 + "y" * 50)

    assert place.model.heard == [("user", "… " + "y" * 50)]


async def test_a_refusal_names_its_codes_and_nothing_else(place):
    message = "you wrote: Where is it?"
    place.model.answers(refused(400, code="unsupported_parameter", param="max_tokens", message=message))
    reason = await failure(place)

    assert "unsupported_parameter" in reason and "max_tokens" in reason
    assert "Where is it" not in reason


async def test_a_server_that_tells_no_usage_is_not_asked_for_it_again(place):
    place.model.answers(refused(422, message="extra fields not permitted: stream_options"))

    assert await place.says("one") == ["echo one"]
    assert await place.says("two") == ["echo two"]
    assert ["stream_options" in body for body in place.model.asked] == [True, False, False]


@pytest.mark.parametrize("code", ["", "model_not_found"])
async def test_an_unknown_model_is_told_with_its_cure(place, code):
    place.model.answers(refused(404, message="The model `small` does not exist", code=code))

    reason = await failure(place)

    assert "`model`" in reason and code in reason


async def test_another_kind_of_server_at_the_address_is_told_with_its_cure(tmp_path):
    async with standing(tmp_path, route={"bot_expire_seconds": 0.01}) as place:
        page = words(body=b"<html>", content_type="text/html")
        place.model.answers(*[page] * 5)  # the last try may be one of several

        assert "`url`" in await failure(place)


async def test_no_endpoint_is_a_failed_turn(tmp_path, unused_tcp_port):
    url = f"http://127.0.0.1:{unused_tcp_port}/v1"
    async with standing(tmp_path, url=url, route={"bot_expire_seconds": 0.01}) as place:
        reason = await failure(place)

    assert "cannot be reached" in reason and str(unused_tcp_port) not in reason


async def test_a_slow_model_is_not_waited_for_without_end(tmp_path):
    async with standing(tmp_path, request_seconds=0.2, route={"bot_expire_seconds": 0.01}) as place:
        place.model.delay("chat", times=10)

        assert "did not answer within 0.2 s" in await failure(place)


async def test_a_stream_that_stops_is_not_waited_for_without_end(tmp_path):
    async with standing(tmp_path, request_seconds=0.2, route={"bot_expire_seconds": 0.01}) as place:
        place.model.answers(*(words("It ", "is", hold=1) for _ in range(5)))
        replies = list(place.model.script)

        assert "did not answer within 0.2 s" in await failure(place)
        for reply in replies:
            reply.released.set()


async def test_failures_in_a_row_call_a_human(place):
    for _ in range(3):
        place.model.answers(refused(400, code="nonsense"))
        await place.says("hello?")

    [opening] = place.desk.openings
    assert "nonsense" in opening.transfer.reason


async def test_a_turn_that_was_lost_in_a_crash_asks_the_model_again(tmp_path):
    """The gateway stops while the model answers; the next one asks again, and the client hears one answer."""
    async with Endpoint() as model:
        lost = model.answers(words("lost", hold=0))
        async with Harness(config(model.url), folder=tmp_path) as gateway:
            await gateway.channel().writes("hello")
            await lost.held.wait()
        lost.released.set()
        async with Harness(config(model.url), folder=tmp_path) as gateway:
            await gateway.settled()
            assert gateway.channel().texts() == ["echo hello"]

    assert [json.dumps(body["messages"]) for body in model.asked] == [json.dumps(model.asked[0]["messages"])] * 2


async def test_a_tool_call_that_is_cut_does_nothing(place):
    place.model.answers(call("transfer_to_agent", {"reason": "r", "summary": "s"}, cut=True))

    assert await place.says("a human!") == ["echo a human!"]
    assert place.desk.openings == []
