# mypy: allow-untyped-defs, allow-untyped-calls
"""Whole dialogs: the bot answers, an agent is invited, comes, speaks, and gives the dialog back."""

from __future__ import annotations

import asyncio

import pytest

from gateway import Closed, Floor, Joined, Left, Outcome, Role, Said
from gateway.testing.jivo import FakeJivo
from plugins.jivo.tests.kit import place, standing

QUEUED = "We are finding somebody to help you."
BACK = "You are back with the assistant."


async def test_the_bot_answers_in_jivo(tmp_path):
    async with standing(tmp_path) as here:
        chat = here.jivo.chat()
        answer = await chat.says("hello")

        await here.sees(chat, "hi hello")
        assert (answer.status, answer.body) == (200, {})


async def test_two_clients_do_not_get_mixed_up(tmp_path):
    async with standing(tmp_path) as here:
        ann, ben = here.jivo.chat("Ann"), here.jivo.chat("Ben", channel="telegram")
        await asyncio.gather(ann.says("a"), ben.says("b"))

        await here.sees(ann, "hi a")
        await here.sees(ben, "hi b")


async def test_an_invited_agent_takes_over_and_the_bot_is_silent(tmp_path):
    async with standing(tmp_path) as here:
        chat = here.jivo.chat()
        await here.invited(chat)
        await chat.joins()
        await chat.agent_says("I am here")
        assert (await chat.says("at last")).status == 204
        await here.gateway.settled()

        assert here.tried() == [QUEUED]
        assert await here.transcript(chat) == [
            "client: agent",
            "transferred",
            "queued",
            f"system: {QUEUED}",
            "joined",
            "agent: I am here",
        ]
        assert (await here.conversation(chat)).floor is Floor.AGENT


async def test_a_late_answer_of_the_bot_is_never_sent_once_an_agent_has_joined(tmp_path):
    async with standing(tmp_path) as here:
        chat = here.jivo.chat()
        here.bot.gate.clear()
        await chat.says("hello")
        await here.hears()
        await chat.joins()
        here.bot.gate.set()
        await here.gateway.settled()

        assert here.tried() == []
        assert (await here.logs(Joined)).takeover


async def test_words_that_wait_for_jivo_are_not_sent_once_an_agent_has_joined(tmp_path):
    async with standing(tmp_path) as here:
        chat = here.jivo.chat()
        here.jivo.limit("BOT_MESSAGE", 60)
        await chat.says("hello")
        await here.jivo.until(lambda: len(here.jivo.calls) == 1)
        await chat.joins()
        here.gateway.advance(61)
        await here.gateway.settled()

        assert here.tried() == ["hi hello"]  # once, before the agent came
        assert (await here.transcript(chat))[-1] == "delivery"


async def test_a_notice_that_somebody_will_come_is_not_sent_once_an_agent_has_joined(tmp_path):
    async with standing(tmp_path) as here:
        chat = here.jivo.chat()
        here.jivo.limit("BOT_MESSAGE", 60)
        await chat.says("agent")
        await here.jivo.until(lambda: any(call.status == 429 for call in here.jivo.calls))
        await chat.joins()
        here.gateway.advance(61)
        await here.gateway.settled()

        assert here.tried() == [QUEUED]  # once, before the agent came


async def test_nobody_can_come_and_the_bot_goes_on(tmp_path):
    async with standing(tmp_path) as here:
        here.jivo.on_invite = "unavailable"
        chat = here.jivo.chat()
        await chat.says("agent")

        await here.jivo.until(lambda: "back: offline" in chat.texts())
        assert (await here.logs(Left)).outcome is Outcome.OFFLINE
        await chat.says("well then")
        await here.jivo.until(lambda: chat.texts()[-1] == "hi well then")


async def test_nobody_can_come_and_the_next_platform_is_asked(tmp_path):
    async with standing(tmp_path, handoff=("jivo", "desk")) as here:
        here.jivo.on_invite = "unavailable"
        chat = here.jivo.chat()
        await chat.says("agent")
        await here.gateway.until(lambda: bool(here.gateway.platform().openings))
        await here.gateway.platform().writes("desk speaking")

        await here.jivo.until(lambda: "desk speaking" in chat.texts())


async def test_a_nobody_that_comes_late_does_not_take_the_dialog_from_the_agent(tmp_path):
    async with standing(tmp_path) as here:
        chat = here.jivo.chat()
        await here.invited(chat)
        await chat.joins()
        await chat.nobody_comes()

        assert (await here.conversation(chat)).floor is Floor.AGENT


async def test_an_agent_who_joins_after_all_takes_over(tmp_path):
    async with standing(tmp_path) as here:
        here.jivo.on_invite = "unavailable"
        chat = here.jivo.chat()
        await chat.says("agent")
        await here.jivo.until(lambda: "back: offline" in chat.texts())
        await chat.joins()

        assert (await here.conversation(chat)).floor is Floor.AGENT


async def test_nobody_is_online_so_nobody_is_invited(tmp_path):
    async with standing(tmp_path) as here:
        here.jivo.agents_online = False
        chat = here.jivo.chat()
        await chat.says("agent")

        await here.sees(chat, "back: offline")
        assert not here.jivo.called("INVITE_AGENT")
        assert [turn.agents_online for turn in here.bot.turns] == [False, False]


async def test_what_jivo_says_about_who_is_online_need_not_be_believed(tmp_path):
    async with standing(tmp_path, agents_online=False) as here:
        here.jivo.agents_online = False
        chat = here.jivo.chat()
        await chat.says("agent")

        await here.jivo.until(lambda: chat.invited == 1)


async def test_who_is_online_is_known_after_a_restart(tmp_path):
    async with FakeJivo() as jivo:
        jivo.agents_online = False
        async with place(tmp_path, jivo) as here:
            chat = jivo.chat()
            await chat.says("hello")
            await here.sees(chat, "hi hello")
        async with place(tmp_path, jivo) as again:
            availability = await again.gateway.gateway.instances["jivo"].component.availability("")

            assert not availability.online


# --- the way back ----------------------------------------------------------------------------------------------------


async def with_agent(here, chat):
    await here.invited(chat)
    await chat.joins()
    await chat.agent_says("done")


async def test_a_clients_word_after_an_agent_means_that_the_bot_has_the_dialog_again(tmp_path):
    async with standing(tmp_path) as here:
        chat = here.jivo.chat()
        await with_agent(here, chat)
        here.gateway.advance(60)
        chat.returns()
        await chat.says("one more thing")

        await here.sees(chat, QUEUED, BACK, "back: returned", "hi one more thing")
        left = next(turn for turn in here.bot.turns if isinstance(turn.cause.body, Left))
        assert [entry.body.message.text for entry in left.transcript if entry.body.role is Role.AGENT] == ["done"]


async def test_a_word_said_before_the_agent_joined_is_no_return(tmp_path):
    """Jivo tries again for 9 s, so it may come after AGENT_JOINED."""
    async with standing(tmp_path) as here:
        chat = here.jivo.chat()
        await with_agent(here, chat)
        chat.returns()
        await chat.says("late")
        await here.gateway.settled()

        assert (await here.conversation(chat)).floor is Floor.AGENT
        assert here.tried() == [QUEUED]
        assert (await here.transcript(chat))[-1] == "client: late"


async def test_how_late_a_word_may_be_is_an_option(tmp_path):
    async with standing(tmp_path, late_seconds=0) as here:
        chat = here.jivo.chat()
        await with_agent(here, chat)
        chat.returns()
        await chat.says("one more thing")

        await here.sees(chat, QUEUED, BACK, "back: returned", "hi one more thing")


async def test_a_bot_that_is_let_listen_stays_silent(tmp_path):
    async with standing(tmp_path, client_message="overheard") as here:
        here.jivo.overheard = True
        chat = here.jivo.chat()
        await with_agent(here, chat)
        here.gateway.advance(60)
        await chat.says("thanks, Bo")
        await here.gateway.settled()

        assert here.tried() == [QUEUED]
        assert (await here.transcript(chat))[-2:] == ["agent: done", "client: thanks, Bo"]


async def test_an_agent_who_is_not_heard_of_for_long_keeps_the_dialog(tmp_path):
    """Jivo need not tell what agents say, so their silence means nothing."""
    async with standing(tmp_path, route={"agent_timeout_seconds": 60}) as here:
        chat = here.jivo.chat()
        await here.invited(chat)
        await chat.joins()
        timers = await here.gateway.gateway.store.timers()
        here.gateway.advance(3600)
        await chat.agent_says("still here")

        assert [timer.name for timer in timers] == ["idle"]
        assert (await here.transcript(chat))[-2:] == ["joined", "agent: still here"]
        assert here.tried() == [QUEUED]


async def test_agent_and_client_who_talk_unheard_are_not_disturbed_at_the_end(tmp_path):
    async with standing(tmp_path) as here:
        chat = here.jivo.chat()
        await here.invited(chat)
        await chat.joins()
        here.gateway.advance(86_400 + 60)
        closed = await here.logs(Closed)
        await here.gateway.settled()

        assert closed.by is Role.SYSTEM
        assert here.tried() == [QUEUED]


# --- the end ---------------------------------------------------------------------------------------------------------


async def test_a_closed_chat_is_a_closed_conversation(tmp_path):
    async with standing(tmp_path) as here:
        chat = here.jivo.chat()
        await chat.says("hello")
        await here.sees(chat, "hi hello")
        await chat.closes()
        closed = await here.logs(Closed)

        assert closed.by is Role.CLIENT
        assert (await here.conversation(chat)).floor is Floor.CLOSED


async def test_a_new_chat_of_the_same_client_is_a_new_conversation(tmp_path):
    async with standing(tmp_path) as here:
        first = here.jivo.chat()
        await first.says("a")
        await here.sees(first, "hi a")
        second = first.anew()
        await second.says("b")
        await here.sees(second, "hi b")

        one, two = await here.conversation(first), await here.conversation(second)
        assert one.id != two.id
        assert one.attributes["jivo_client"] == two.attributes["jivo_client"] == first.client_id
        assert first.texts() == ["hi a"]


async def test_a_chat_that_goes_on_after_its_end_is_a_new_conversation(tmp_path):
    async with standing(tmp_path) as here:
        chat = here.jivo.chat()
        await chat.says("a")
        await here.sees(chat, "hi a")
        before = (await here.conversation(chat)).id
        await chat.closes()
        chat.is_closed = False
        await chat.says("b")
        await here.sees(chat, "hi a", "hi b")

        assert (await here.conversation(chat)).id != before


async def test_a_chat_closed_because_an_agent_took_it(tmp_path):
    """So does a known stand-in for Jivo, which has no AGENT_JOINED; the bot then keeps its memory."""
    async with standing(tmp_path, chat_closed="taken") as here:
        chat = here.jivo.chat()
        await here.invited(chat)
        await chat.tells("CHAT_CLOSED")

        conversation = await here.conversation(chat)
        assert conversation.floor is Floor.AGENT and conversation.handoff.agent.name == ""

        await chat.tells("CHAT_CLOSED")
        assert (await here.conversation(chat)).floor is Floor.CLOSED


@pytest.mark.parametrize("event", ["CHAT_CLOSED", "AGENT_UNAVAILABLE", "CLIENT_RATED"])
async def test_what_concerns_a_chat_nobody_knows_is_acknowledged(tmp_path, event):
    async with standing(tmp_path) as here:
        answer = await here.jivo.chat().tells(event)

        assert answer.status == 200 and not here.entries


async def test_an_agent_who_writes_in_a_chat_the_bot_never_saw(tmp_path):
    async with standing(tmp_path) as here:
        chat = here.jivo.chat()
        await chat.agent_says("Good morning!")

        assert await here.transcript(chat) == ["joined", "agent: Good morning!"]
        said = (await here.log(chat))[-1]
        assert isinstance(said, Said) and said.author.name == "Bo Ek"
