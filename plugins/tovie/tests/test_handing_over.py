# mypy: allow-untyped-defs, allow-untyped-calls
"""A script hands over to agent platforms of the gateway: everything a switch may say, and the way back."""

from __future__ import annotations

import pytest

from gateway import Floor, Outcome
from gateway.testing.tovie import text
from plugins.tovie.tests.kit import saying, talking


@pytest.fixture
async def here(tmp_path):
    async with talking(tmp_path) as here:
        yield here


async def opened(here, **switch):
    """The script hands over, and the desk has the dialog."""
    here.tovie.script = lambda question: (
        [text("One moment"), {"type": "switch", "state": "/Agent", **switch}]
        if question.query == "agent"
        else [text(f"back: {question.query or question.event}")]
    )
    before = len(here.desk.openings)
    await here.ann.writes("agent")
    await here.gateway.until(lambda: len(here.desk.openings) > before)
    await here.gateway.settled()
    return here.desk.openings[-1]


async def test_everything_a_switch_says_reaches_the_platform(here):
    await here.ann.writes("a")
    await here.sees("echo a")
    opening = await opened(
        here,
        firstMessage="wants a refund",
        lastMessage="Bye then",
        closeChatPhrases=["Back to the bot", "leave"],
        appendCloseChatButton=True,
        ignoreOffline=True,
        destination="42",
        theme="refunds",
        sendMessagesToOperator=True,
        sendMessageHistoryAmount=2,
        attributes={"E-Mail": "ann@example.com", "order": 7},
        hiddenAttributes={"tier": "gold"},
        customData={"any": {"nested": [1]}},
    )

    transfer = opening.transfer
    assert opening.first_message == "wants a refund"
    assert opening.destination == "42"
    assert [entry.body.message.text for entry in opening.history] == ["agent", "One moment"]
    assert opening.attributes == {"E-Mail": "ann@example.com", "order": "7"}
    assert transfer.hidden_attributes == {"tier": "gold"}
    assert transfer.custom_data == {"any": {"nested": [1]}}
    assert transfer.theme == "refunds"
    assert transfer.last_message == "Bye then"
    assert transfer.close_phrases == ("Back to the bot", "leave")
    assert transfer.close_button
    assert transfer.ignore_offline is True


@pytest.mark.parametrize(
    ("switch", "amount", "offline"),
    [
        ({}, 0, False),
        ({"sendMessageHistoryAmount": 5}, 0, False),
        ({"sendMessagesToOperator": True}, 20, False),
        ({"sendMessagesToOperator": "true", "sendMessageHistoryAmount": "3"}, 3, False),
        ({"ignoreOffline": "true"}, 0, True),
        ({"ignoreOffline": False}, 0, False),
    ],
)
async def test_what_a_switch_does_not_say_is_as_documented(here, switch, amount, offline):
    opening = await opened(here, **switch)

    assert opening.transfer.history == amount
    assert opening.transfer.ignore_offline == offline


async def test_without_a_first_message_the_agent_reads_the_last_words(here):
    assert (await opened(here)).first_message == "agent"


async def test_where_a_switch_says_nothing_the_route_decides_about_waiting(tmp_path):
    async with talking(tmp_path, route={"when_offline": "wait"}) as here:
        here.desk.online = False

        assert (await opened(here)).transfer.ignore_offline is True


async def test_nobody_online_is_an_event(here):
    here.desk.online = False
    here.tovie.script = lambda question: [{"type": "switch"}] if question.query else [text("Nobody is here")]
    await here.ann.writes("agent")
    await here.sees("Nobody is here")

    question = await here.asked("agent", "<noLivechatOperatorsOnline>")
    assert question.data["livechat"]["outcome"] == "offline"


async def test_the_end_of_an_agents_turn_is_an_event_with_what_was_said(here):
    await opened(here)
    await here.desk.joins()
    await here.desk.writes("Good day")
    await here.ann.writes("hi Bo")
    await here.gateway.until(lambda: here.desk.texts() == ["hi Bo"])
    await here.desk.ends(note="solved")
    await here.sees("back: livechatFinished")

    assert here.tovie.questions[-1].data["livechat"] == {
        "outcome": "returned",
        "note": "solved",
        "agent": "Bo",
        "messages": [
            {"from": "system", "text": here.ann.texts()[1]},
            {"from": "system", "text": here.ann.texts()[2]},
            {"from": "agent", "text": "Good day"},
            {"from": "client", "text": "hi Bo"},
        ],
    }
    assert here.tovie.asked() == ["agent", "<livechatFinished>"]


async def test_a_close_phrase_is_handled_by_the_script(here):
    await opened(here, closeChatPhrases=["leave"], lastMessage="Bye then")
    await here.desk.joins()
    await here.ann.writes("Leave!")
    await here.sees("back: leave")

    assert "Bye then" in here.ann.texts()
    assert [closing.text for closing in here.desk.closed] == ["Bye then"]
    assert await here.floor() is Floor.BOT


async def test_the_button_back_is_an_event(here):
    await opened(here)
    await here.desk.joins()
    await here.ann.leaves_agent()

    await here.sees("back: livechatFinished")


async def test_nobody_in_time_is_an_event_of_the_operators_choice(tmp_path):
    async with talking(tmp_path, outcome_events={"wait_timeout": "nobodyInTime"}) as here:
        await opened(here)
        here.gateway.advance(601)

        await here.sees("back: nobodyInTime")


async def test_an_agent_who_falls_silent_has_been_there(here):
    await opened(here)
    await here.desk.joins()
    here.gateway.advance(1801)

    await here.sees("back: livechatFinished")


async def test_a_one_time_message_leaves_the_client_with_the_script(here):
    opening = await opened(here, oneTimeMessage=True, firstMessage="call Ann")
    await here.ann.writes("and now?")
    await here.sees("back: and now?")

    assert opening.first_message == "call Ann"
    assert opening.transfer.one_time_message
    assert await here.floor() is Floor.BOT


async def test_a_script_may_hand_over_again_and_again(here):
    for _ in range(3):
        await opened(here)
        await here.desk.joins()
        await here.desk.ends(outcome=Outcome.CLOSED)
        await here.sees("back: livechatFinished")

    assert len(here.desk.openings) == 3


async def test_what_stood_beside_a_switch_is_said_before(here):
    here.tovie.script = saying(text("One moment"), {"type": "switch"}, text("Really"))
    await here.ann.writes("agent")
    await here.gateway.until(lambda: bool(here.desk.openings))
    await here.gateway.settled()

    assert here.ann.texts()[:2] == ["One moment", "Really"]
