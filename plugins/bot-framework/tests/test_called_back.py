# mypy: allow-untyped-defs, allow-untyped-calls
"""What the bot says by calling the gateway, as it would call Microsoft's connector."""

from __future__ import annotations

from importlib import import_module

import pytest

from gateway import Floor, Typing

kit = import_module("plugins.bot-framework.tests.framework_kit")


@pytest.fixture
async def asked(tmp_path):
    """A turn the bot has not answered in its response."""
    async with kit.standing(tmp_path, answers="callback") as (gateway, bot):
        await gateway.channel().writes("hi")
        await bot.until(lambda: bool(bot.messages))
        await gateway.settled()
        yield gateway, bot, bot.messages[0]


def where(turn, reply=True):
    address = f"{turn['serviceUrl']}v3/conversations/{turn['conversation']['id']}/activities"
    return f"{address}/{turn['id']}" if reply else address


def words(text, **more):
    return {"type": "message", "text": text, **more}


async def test_answers_and_words_of_its_own_are_said(asked):
    gateway, bot, turn = asked
    first = await bot.post(where(turn), words("answer", replyToId=turn["id"]))
    second = await bot.post(where(turn, reply=False), words("by the way"))
    await gateway.settled()

    assert turn["deliveryMode"] == "normal"
    assert gateway.channel().texts() == ["answer", "by the way"]
    assert [first.status, second.status] == [200, 200]
    assert first.body["id"] != second.body["id"]


async def test_an_activity_with_an_id_is_said_once(asked):
    gateway, bot, turn = asked
    for _ in range(2):
        assert (await bot.post(where(turn), words("answer", id="a1"))).status == 200
    await gateway.settled()

    assert gateway.channel().texts() == ["answer"]


async def test_a_late_answer_is_refused_once_an_agent_is_there(asked):
    gateway, bot, turn = asked
    await bot.post(where(turn), {"type": "event", "name": "handoff.initiate"})
    await gateway.until(lambda: bool(gateway.platform().openings))
    await gateway.platform().joins()
    late = await bot.post(where(turn), words("late"))
    unasked = await bot.post(where(turn, reply=False), words("late"))
    await gateway.settled()

    assert [late.status, unasked.status] == [409, 409]
    assert "late" not in gateway.channel().texts()


async def test_an_answer_to_an_old_turn_is_refused_after_an_agent_has_left(asked):
    gateway, bot, turn = asked
    await bot.post(where(turn), {"type": "event", "name": "handoff.initiate"})
    await gateway.until(lambda: bool(gateway.platform().openings))
    await gateway.platform().joins()
    await gateway.platform().ends()
    await bot.until(lambda: bool(bot.called("event")))

    assert (await bot.post(where(turn), words("late"))).status == 409
    assert (await bot.post(where(turn, reply=False), words("now"))).status == 200


async def test_the_end_comes_by_callback(asked):
    gateway, bot, turn = asked
    await bot.post(where(turn), {"type": "endOfConversation", "code": "completedSuccessfully"})

    assert (await gateway.conversation()).floor is Floor.CLOSED


async def test_typing_and_what_means_nothing_are_accepted(asked):
    gateway, bot, turn = asked
    for activity in ({"type": "typing"}, {"type": "trace"}, {"type": "telepathy"}):
        assert (await bot.post(where(turn), activity)).status == 200
    await gateway.settled()

    assert gateway.channel().texts() == []


async def test_typing_is_shown(asked):
    gateway, bot, turn = asked
    seen: list[Typing] = []
    gateway.channel().context.conversations.watch_typing(seen.append)
    await bot.post(where(turn), {"type": "typing"})

    assert [signal.role.value for signal in seen] == ["bot"]


async def test_what_was_said_is_changed(asked):
    gateway, bot, turn = asked
    first = await bot.post(where(turn), words("one moment"))
    await gateway.settled()
    address = f"{where(turn, reply=False)}/{first.body['id']}"
    second = await bot.request("PUT", address, words("here it is", id=first.body["id"]))
    third = await bot.request("PUT", f"{where(turn, reply=False)}/{second.body['id']}", words("or here"))
    await gateway.settled()

    assert [second.status, third.status] == [200, 200]
    assert gateway.channel().texts() == ["one moment"]
    assert [(remote, each.message.text) for remote, each in gateway.channel().edited] == [
        ("1", "here it is"),
        ("1", "or here"),
    ]


@pytest.mark.parametrize("said", ["other", "1", "x.99", "x.0", "x.²", "x." + "9" * 30])
async def test_a_change_of_what_nobody_said_is_a_new_message(asked, said):
    gateway, bot, turn = asked
    answer = await bot.request("PUT", f"{where(turn, reply=False)}/{said}", words("here it is"))
    await gateway.settled()

    assert answer.status == 200
    assert gateway.channel().texts() == ["here it is"]


STRANGERS = {
    "no secret": ("POST", lambda url, _turn: url.split("/hooks/mine/")[0] + "/hooks/mine/v3/conversations", 404),
    "wrong secret": ("POST", lambda url, _turn: url.replace("/hooks/mine/", "/hooks/mine/x"), 404),
    "another conversation": ("POST", lambda url, turn: url.replace(turn["conversation"]["id"], "other"), 404),
    "another resource": ("GET", lambda url, _turn: url.split("/activities")[0] + "/members", 404),
    "changing nothing": ("PUT", lambda url, _turn: url.rpartition("/")[0], 405),
    "taking it back": ("DELETE", lambda url, _turn: url, 405),
}


@pytest.mark.parametrize(("verb", "change", "status"), STRANGERS.values(), ids=STRANGERS)
async def test_nothing_else_is_served(asked, verb, change, status):
    gateway, bot, turn = asked
    answer = await bot.request(verb, change(where(turn), turn), words("x"))

    assert answer.status == status
    assert gateway.channel().texts() == []


@pytest.mark.parametrize("depth", [100, 300, 900])
async def test_nothing_is_too_deep_to_be_answered(asked, depth):
    _gateway, bot, turn = asked
    value = f'{{"type": "event", "name": "handoff.initiate", "value": {"[" * depth}{"]" * depth}}}'
    answer = await bot.request("POST", where(turn), raw=value.encode())

    assert answer.status in {200, 400}


@pytest.mark.parametrize("body", [b"{", b"[]", b"5", b"{}", b'{"type": null}', b"[" * 100_000])
async def test_what_is_no_activity_is_answered_400(asked, body):
    _gateway, bot, turn = asked
    answer = await bot.request("POST", where(turn), raw=body)

    assert answer.status == 400
