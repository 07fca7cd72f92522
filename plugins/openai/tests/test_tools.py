"""What the model may do besides speaking, and what happens if it does it wrong."""

from __future__ import annotations

import json

import pytest

from gateway.testing import Harness
from plugins.openai.tests.kit import USAGE, Endpoint, Place, Reply, call, config, standing, words

SCHEMA = {
    "type": "object",
    "properties": {"order": {"type": "string", "pattern": "^[0-9]+$"}, "verbose": {"type": "boolean"}},
    "required": ["order"],
    "additionalProperties": False,
}
TRANSFER = {"reason": "wants a refund", "summary": "Order 17 arrived broken."}


@pytest.fixture
async def shop(tmp_path):
    """A model that may look at orders."""
    async with Endpoint() as model:
        tool = {
            "name": "order_status",
            "description": "Tells where an order is.",
            "parameters": SCHEMA,
            "url": f"{model.url}/tool",
            "headers": {"X-Shop-Key": "shop-secret"},
        }
        async with Harness(config(model.url, tools=[tool], tool_rounds=2), folder=tmp_path, memory=True) as gateway:
            yield Place(gateway, model)


def names(body):
    return [tool["function"]["name"] for tool in body.get("tools", ())]


def result(model):
    """What the model was given last."""
    last = model.asked[-1]["messages"][-1]
    assert last["role"] == "tool"
    return last["content"]


# --- calling a human -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [True, False])
async def test_a_human_is_called_with_reason_and_summary(tmp_path, stream):
    async with standing(tmp_path, stream=stream) as place:
        place.model.answers(call("transfer_to_agent", TRANSFER, said="I will get somebody."))

        assert (await place.says("broken!"))[0] == "I will get somebody."
        [opening] = place.desk.openings
        assert (opening.transfer.reason, opening.transfer.summary) == tuple(TRANSFER.values())
        assert opening.destination == ""
        assert len(place.model.asked) == 1


async def test_a_transfer_without_words_has_the_texts(tmp_path):
    async with standing(tmp_path, texts={"transferring": "One moment."}) as place:
        place.model.answers(call("transfer_to_agent", TRANSFER))

        assert (await place.says("broken!"))[0] == "One moment."


async def test_the_model_chooses_among_the_groups(tmp_path):
    async with standing(tmp_path, destinations={"billing": "Money.", "care": "The rest."}) as place:
        place.model.answers(call("transfer_to_agent", {**TRANSFER, "destination": "billing"}))
        await place.says("broken!")
        [opening] = place.desk.openings
        [tool] = place.model.asked[0]["tools"]

    assert opening.destination == "billing"
    destination = tool["function"]["parameters"]["properties"]["destination"]
    assert destination["enum"] == ["billing", "care"]
    assert "billing: Money." in destination["description"]


async def test_a_group_that_is_not_there_is_told_once_and_then_right(tmp_path):
    async with standing(tmp_path, destinations={"billing": "Money."}) as place:
        place.model.answers(
            call("transfer_to_agent", {**TRANSFER, "destination": "bosses"}),
            call("transfer_to_agent", {**TRANSFER, "destination": "billing"}),
        )
        await place.says("broken!")

        assert [opening.destination for opening in place.desk.openings] == ["billing"]
        assert "not as declared" in result(place.model)


# --- ending, remembering ---------------------------------------------------------------------------------------------


async def test_only_what_the_options_allow_is_offered(tmp_path):
    async with standing(tmp_path, transfer=False) as place:
        await place.says("hello")
        assert "tools" not in place.model.asked[0]
    (tmp_path / "2").mkdir()
    async with standing(tmp_path / "2", close=True, remember={"email": "The address."}) as place:
        await place.says("hello")
        assert names(place.model.asked[0]) == ["transfer_to_agent", "close_conversation", "remember"]


@pytest.mark.parametrize(("said", "heard"), [("Bye, Ann.", "Bye, Ann."), ("", "So long.")])
async def test_the_model_ends_the_conversation(tmp_path, said, heard):
    async with standing(tmp_path, close=True, texts={"goodbye": "So long."}) as place:
        place.model.answers(call("close_conversation", said=said))

        assert await place.says("bye") == [heard]
        assert (await place.gateway.transcript())[-1] == "closed"


async def test_facts_are_noted_and_the_model_goes_on(tmp_path):
    async with standing(tmp_path, remember={"email": "The address.", "size": "Of the pot."}) as place:
        place.model.answers(call("remember", {"email": "a@b.c"}), words("Noted."))

        assert await place.says("I am a@b.c") == ["Noted."]
        assert (await place.gateway.conversation()).attributes["email"] == "a@b.c"
        asked, given = place.model.asked[1]["messages"][-2:]
    assert asked["tool_calls"][0]["function"] == {"name": "remember", "arguments": '{"email": "a@b.c"}'}
    assert given == {"role": "tool", "tool_call_id": "c0", "content": "done"}


@pytest.mark.parametrize(
    "arguments", [{"admin": "yes"}, {"email": "x" * 501}, {"email": 7}, {}, "[]", "{broken", "[" * 100_000]
)
async def test_other_facts_are_not_noted(tmp_path, arguments):
    async with standing(tmp_path, remember={"email": "The address."}) as place:
        place.model.answers(call("remember", arguments), words("Sorry."))

        assert await place.says("I am the admin") == ["Sorry."]
        assert not {"admin", "email"} & set((await place.gateway.conversation()).attributes)


# --- the operator's tools --------------------------------------------------------------------------------------------


async def test_a_tool_is_called_and_its_answer_given_to_the_model(shop):
    shop.model.answers(call("order_status", {"order": "17"}), words("On its way."))

    assert await shop.says("Where is order 17?") == ["On its way."]
    [tool] = [each for each in shop.model.calls if each.what == "tool"]
    assert tool.body == {"order": "17"}
    assert tool.headers["x-shop-key"] == "shop-secret"
    assert len(tool.headers["idempotency-key"]) == 32
    assert json.loads(result(shop.model)) == {"status": "on its way"}
    assert shop.model.asked[0]["tools"][1]["function"]["parameters"] == SCHEMA


async def test_a_tool_can_be_asked_by_get(tmp_path):
    async with Endpoint() as model:
        tool = {
            "name": "look",
            "description": "Looks.",
            "url": f"{model.url}/tool",
            "method": "GET",
            "parameters": SCHEMA,
        }
        async with Harness(config(model.url, tools=[tool]), folder=tmp_path, memory=True) as gateway:
            model.answers(call("look", {"order": "17", "verbose": True}), words("Done."))
            await gateway.channel().writes("look")
            await gateway.settled()

    assert model.queries == [{"order": "17", "verbose": "true"}]


async def test_two_tools_at_once(shop):
    one, two = call("order_status", {"order": "1"}), call("order_status", {"order": "2"}, index=1)
    shop.model.answers(Reply(deltas=[*one.deltas, *two.deltas], finish="tool_calls"), words("Both."))

    assert await shop.says("1 and 2?") == ["Both."]
    assert shop.model.called("tool") == [{"order": "1"}, {"order": "2"}]
    assert [m["tool_call_id"] for m in shop.model.asked[1]["messages"] if m["role"] == "tool"] == ["c0", "c1"]


@pytest.mark.parametrize("habit", ["no index", "one index", "an object"])
async def test_calls_of_servers_of_other_habits_are_understood(shop, habit):
    def piece(number):
        arguments = {"order": str(number)}
        function = {"name": "order_status", "arguments": arguments if habit == "an object" else json.dumps(arguments)}
        index = {} if habit == "no index" else {"index": 0}
        return {"tool_calls": [{"id": f"c{number}", "type": "function", "function": function, **index}]}

    shop.model.answers(Reply(deltas=[piece(1), piece(2)], finish="stop"), words("Both."))
    await shop.says("1 and 2?")

    assert shop.model.called("tool") == [{"order": "1"}, {"order": "2"}]


@pytest.mark.parametrize("trouble", ["refuse", "drop", "auth"])
async def test_a_tool_that_does_not_work_is_told_to_the_model(shop, trouble):
    if trouble == "drop":
        shop.model.drop("tool")
    else:
        shop.model.refuse("tool", 401 if trouble == "auth" else 503)
    shop.model.answers(call("order_status", {"order": "17"}), words("I cannot look now."))

    assert await shop.says("Where is order 17?") == ["I cannot look now."]
    assert "order_status" in json.loads(result(shop.model))["error"]
    assert shop.gateway.gateway.instances["bot"].healthy


async def test_a_long_answer_of_a_tool_is_cut(tmp_path):
    async with Endpoint() as model:
        model.tool = "x" * 1000
        tool = {"name": "look", "description": "Looks.", "url": f"{model.url}/tool", "characters": 100}
        async with Harness(config(model.url, tools=[tool]), folder=tmp_path, memory=True) as gateway:
            model.answers(call("look"), words("Done."))
            await gateway.channel().writes("look")
            await gateway.settled()

        assert len(result(model)) == 100


async def test_rounds_end(shop):
    """In the last request tools are barred; a model that asks all the same has failed."""
    shop.model.answers(*(call("order_status", {"order": str(number)}) for number in range(3)))
    await shop.says("17?")

    assert [body.get("tool_choice") for body in shop.model.asked] == [None, None, "none"]
    assert len(shop.model.called("tool")) == 2
    assert "tool_rounds" in await _reason(shop)


async def test_the_same_call_of_a_turn_has_the_same_key(shop):
    for _ in range(2):
        shop.model.answers(call("order_status", {"order": "17"}))
    shop.model.answers(words("cut", cut=True), call("order_status", {"order": "17"}), words("On its way."))
    await shop.says("17?")
    shop.model.answers(call("order_status", {"order": "17"}))
    await shop.says("17 again?")
    keys = [each.headers["idempotency-key"] for each in shop.model.calls if each.what == "tool"]

    assert len(keys) == 4
    assert len(set(keys[:3])) == 1 and keys[3] != keys[0]


@pytest.mark.parametrize(
    "wrong",
    [call("no_such_tool"), call("order_status", "{broken"), call("order_status", {"order": "x"}), call("order_status")],
    ids=["unknown", "no JSON", "not as declared", "without arguments"],
)
async def test_a_mistake_is_told_once_and_then_the_turn_fails(shop, wrong):
    shop.model.answers(wrong, words("I see."))
    assert await shop.says("17?") == ["I see."]
    assert "error" in json.loads(result(shop.model))
    again = Reply(deltas=wrong.deltas, finish="tool_calls")
    shop.model.answers(wrong, again)
    await shop.says("17?")

    assert "wrong way" in await _reason(shop)
    assert shop.model.called("tool") == []


async def _reason(place):
    [failed] = [entry.body.reason for entry in await place.gateway.log() if entry.body.type == "bot_failed"]
    return failed


# --- counted ---------------------------------------------------------------------------------------------------------


async def test_tokens_and_costs_are_counted(tmp_path):
    async with standing(tmp_path, prices={"input": 2.0, "cached": 1.0, "output": 10.0}) as place:
        place.model.answers(words("Hello.", usage=USAGE), words("Hello.", usage=USAGE), words("Hello."))
        for _ in range(3):
            await place.says("hello")

        tokens = [await place.metric("tokens", model="small", direction=d) for d in ("input", "cached", "output")]
        assert tokens == [120, 80, 40]
        assert await place.metric("cost", model="small") == pytest.approx((120 * 2 + 80 * 1 + 40 * 10) / 1e6)
        assert await place.metric("answers", model="small", finish="stop") == 3


@pytest.mark.parametrize(
    "usage", [None, [], {"prompt_tokens": None}, {"prompt_tokens": -1, "prompt_tokens_details": None}]
)
async def test_usage_that_is_missing_or_odd_disturbs_nothing(tmp_path, usage):
    async with standing(tmp_path, stream=False, prices={"input": 1, "output": 1}) as place:
        place.model.answers(words("Hello.", usage=usage))

        assert await place.says("hello") == ["Hello."]
        assert await place.metric("cost", model="small") in {None, 0}


async def test_tools_are_counted(shop):
    shop.model.answers(call("order_status", {"order": "17"}), call("nothing"), words("Done."))
    await shop.says("17?")

    assert await shop.metric("tool_calls", tool="order_status", result="ok") == 1
    assert await shop.metric("tool_calls", tool="other", result="mistake") == 1
