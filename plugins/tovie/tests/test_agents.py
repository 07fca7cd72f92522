# mypy: allow-untyped-defs, allow-untyped-calls
"""Tovie has agents of its own: it hands over by itself, and the gateway keeps the floor right."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from gateway import Attachment, Floor, Joined, Left, Media, MediaKind, Outcome
from gateway.testing.tovie import FakeTovieBot, text
from plugins.tovie.tests.kit import PNG, WEBHOOK_KEY, beside, saying

HANDOFF = ("tovie",)


@asynccontextmanager
async def staffed(folder, *, handoff=HANDOFF, script=None, **more):
    async with FakeTovieBot() as tovie:
        tovie.staffed = True
        tovie.script = script or tovie.script
        more = {"webhook_key": WEBHOOK_KEY, **more}
        async with beside(folder, tovie, agents=True, handoff=handoff, **more) as here:
            yield here


async def handed_over(here, words="agent"):
    await here.ann.writes(words)
    await here.tovie.until(lambda: bool(here.tovie.dialogs))
    await here.gateway.settled()
    assert await here.floor() is Floor.WAITING


async def test_an_agent_of_tovie_takes_over_and_gives_back(tmp_path):
    async with staffed(tmp_path) as here:
        await handed_over(here)
        await here.tovie.agent_says("Good day")
        await here.sees("Good day")
        assert await here.floor() is Floor.AGENT

        await here.ann.writes("my order")
        await here.tovie.until(lambda: here.tovie.reads() == ["my order"])
        await here.tovie.agent_says("It is on its way")
        await here.sees("It is on its way")
        await here.tovie.agent_closes()
        await here.sees("event livechatFinished")
        await here.gateway.settled()

        assert await here.floor() is Floor.BOT
        assert (await here.logs(Left)).outcome is Outcome.RETURNED
        assert here.tovie.asked() == ["agent", "my order", "<livechatFinished>"]
        await here.ann.writes("thanks")
        await here.sees("echo thanks")


async def test_what_is_told_again_later_changes_nothing(tmp_path):
    """Whoever did not hear our answer posts again, perhaps when the world has changed."""
    async with staffed(tmp_path) as here:
        await here.ann.writes("hi")
        await here.sees("echo hi")
        await here.tovie.script_goes_on("news", client="web:ann")
        await here.sees("event news")
        scripts, _ = here.tovie.posted[-1]
        await handed_over(here)
        await here.tovie.agent_says("Good day")
        await here.sees("Good day")
        agents, _ = here.tovie.posted[-1]

        assert (await here.tovie.post(here.tovie.webhook, [scripts])).status == 200
        assert await here.floor() is Floor.AGENT
        await here.tovie.agent_closes()
        await here.sees("event livechatFinished")
        before = await here.transcript()
        assert (await here.tovie.post(here.tovie.webhook, [agents])).status == 200
        await here.gateway.settled()

        assert await here.floor() is Floor.BOT
        assert await here.transcript() == before


async def test_words_said_before_an_agent_comes_reach_the_agent(tmp_path):
    async with staffed(tmp_path) as here:
        await handed_over(here)
        await here.ann.writes("one")
        await here.ann.writes("two")

        await here.tovie.until(lambda: here.tovie.reads() == ["one", "two"])


async def test_an_agent_who_is_named_is_shown(tmp_path):
    async with staffed(tmp_path) as here:
        await handed_over(here)
        await here.tovie.agent_says("Good day", employee={"employeeId": "7", "firstName": "Bo", "lastName": "Ek"})
        joined = await here.logs(Joined)

        assert (joined.agent.id, joined.agent.name) == ("7", "Bo Ek")


async def test_files_go_both_ways(tmp_path):
    async with staffed(tmp_path) as here:
        await handed_over(here)
        await here.tovie.agent_sends(here.tovie.keep("a.png", PNG))
        await here.gateway.until(lambda: any(isinstance(c, Media) for o in here.ann.sent for c in o.message.contents))
        file = Attachment(url="https://files.example.com/b.pdf", name="b.pdf", media_type="application/pdf")
        await here.sends(Media(kind=MediaKind.DOCUMENT, attachment=file))

        question = await here.asked("<fileEvent>")
        assert question.data[0]["url"] == file.url


async def test_a_close_phrase_leads_back_once(tmp_path):
    async with staffed(tmp_path) as here:
        await handed_over(here)
        await here.tovie.agent_says("Good day")
        await here.sees("Good day")
        await here.ann.writes("Back!")
        await here.sees("echo back")
        await here.gateway.settled()

        assert here.tovie.asked() == ["agent", "back"]
        assert here.tovie.dialogs == {}
        assert await here.floor() is Floor.BOT


async def test_the_button_back_says_the_phrase(tmp_path):
    async with staffed(tmp_path) as here:
        await handed_over(here)
        await here.tovie.agent_says("Good day")
        await here.sees("Good day")
        await here.ann.leaves_agent()
        await here.sees("echo back")

        assert here.tovie.dialogs == {}


async def test_a_client_who_goes_away_leaves_the_agent(tmp_path):
    async with staffed(tmp_path) as here:
        await handed_over(here)
        await here.tovie.agent_says("Good day")
        await here.sees("Good day")
        await here.ann.ends()
        await here.asked("back")
        await here.gateway.settled()

        assert here.tovie.dialogs == {}
        assert await here.floor() is Floor.CLOSED


async def test_the_script_that_answers_a_word_has_the_client_again(tmp_path):
    """The end was not told: the agent's dialog had been closed when the client wrote."""
    async with staffed(tmp_path) as here:
        await handed_over(here)
        await here.tovie.agent_says("Good day")
        await here.sees("Good day")
        here.tovie.dialogs.clear()
        await here.ann.writes("still there?")
        await here.sees("echo still there?")
        await here.gateway.settled()

        assert here.tovie.asked() == ["agent", "still there?"]
        assert await here.floor() is Floor.BOT
        await here.ann.writes("next")
        await here.sees("echo still there?", "echo next")


async def test_an_agent_may_come_without_being_called(tmp_path):
    async with staffed(tmp_path, poll_seconds=0.05) as here:
        here.tovie.webhook = ""
        await here.ann.writes("hello")
        await here.sees("echo hello")
        await here.tovie.agent_says("May I help?")
        await here.sees("May I help?")

        assert await here.floor() is Floor.AGENT


async def test_the_handoff_is_noticed_even_if_the_switch_is_not_shown(tmp_path):
    async with staffed(tmp_path) as here:
        here.tovie.shows_switch = False
        await here.ann.writes("agent")
        await here.sees("One moment")
        await here.tovie.agent_says("Good day", operator={"name": "Bo"})
        await here.sees("Good day")
        assert await here.floor() is Floor.AGENT

        await here.ann.writes("hi")
        await here.tovie.until(lambda: here.tovie.reads() == ["hi"])


async def test_nobody_online_is_what_the_script_says_about_it(tmp_path):
    async with staffed(tmp_path) as here:
        here.tovie.online = False
        here.tovie.shows_switch = False
        await here.ann.writes("agent")
        await here.sees("event noLivechatOperatorsOnline")

        assert await here.floor() is Floor.BOT
        assert here.tovie.asked() == ["agent", "<noLivechatOperatorsOnline>"]


async def test_tovie_is_asked_nothing_about_a_dialog_it_has_not_handed_over(tmp_path):
    """The bot fails, so the gateway calls a human: Tovie's agents cannot be brought the client, the desk can."""
    async with staffed(tmp_path, handoff=("tovie", "desk"), route={"bot_failures_before_handoff": 1}) as here:
        here.tovie.refuse("sync", 400)
        await here.ann.writes("hello")
        await here.gateway.until(lambda: bool(here.desk.openings))

        assert here.tovie.asked() == []


async def test_a_one_time_message_stays_with_tovie(tmp_path):
    async with staffed(tmp_path, script=saying(text("Noted"), {"type": "switch", "oneTimeMessage": True})) as here:
        await here.ann.writes("call me")
        await here.sees("Noted")
        await here.gateway.settled()

        assert len(here.tovie.left_messages) == 1
        assert await here.floor() is Floor.BOT


async def test_agents_replies_come_by_polling(tmp_path):
    async with staffed(tmp_path, poll_seconds=0.05, webhook_key=None) as here:
        await handed_over(here)
        await here.tovie.agent_says("Good day")
        await here.sees("Good day")
        await here.ann.writes("back")
        await here.sees("echo back")

        assert await here.floor() is Floor.BOT


async def test_an_agents_word_that_comes_twice_is_said_once(tmp_path):
    async with staffed(tmp_path, poll_seconds=0.05) as here:
        await handed_over(here)
        here.tovie.duplicate(1)
        await here.tovie.agent_says("Good day")
        await here.sees("Good day")
        before = len(here.tovie.calls)
        await here.tovie.until(lambda: len(here.tovie.calls) > before + 2)
        await here.gateway.settled()

        assert here.ann.texts().count("Good day") == 1


async def test_three_times_in_a_row(tmp_path):
    async with staffed(tmp_path) as here:
        for number in range(3):
            await handed_over(here)
            await here.tovie.agent_says(f"Good day {number}")
            await here.sees(f"Good day {number}")
            await here.tovie.agent_closes()
            await here.sees("event livechatFinished")
            await here.gateway.settled()


async def test_an_agent_who_falls_silent_is_left(tmp_path):
    async with staffed(tmp_path) as here:
        await handed_over(here)
        await here.tovie.agent_says("Good day")
        await here.sees("Good day")
        await here.ann.writes("and?")
        await here.tovie.until(lambda: here.tovie.reads() == ["and?"])
        await here.gateway.settled()
        here.gateway.advance(1801)
        await here.sees("echo back")

        assert here.tovie.dialogs == {}


async def test_another_system_that_names_who_speaks_is_understood(tmp_path):
    """The Chat API of a gateway tells the author of an item, who came, and when a dialog is over."""
    async with staffed(tmp_path) as here:
        bo = {"role": "agent", "id": "7", "name": "Bo"}
        await here.ann.writes("hello")
        await here.sees("echo hello")
        await here.tovie.tells([], kind="status", event="joined", author=bo)
        assert (await here.logs(Joined)).agent.name == "Bo"
        await here.tovie.tells([text("Bo is here")], kind="reply", author={"role": "system"})
        await here.tovie.tells([{"type": "text", "text": "Good day"}], kind="reply", author=bo)
        await here.sees("Good day")
        await here.tovie.tells([], kind="status", event="left", outcome="returned")
        assert (await here.logs(Left)).outcome is Outcome.RETURNED
        await here.tovie.tells([{"type": "text", "text": "Me again"}], kind="reply", author={"role": "bot"})
        await here.sees("Me again")
        assert "Bo is here" not in here.ann.texts()


@pytest.mark.parametrize("how", ["sync", "lost"])
async def test_words_for_an_agent_survive_trouble(tmp_path, how):
    async with staffed(tmp_path) as here:
        await handed_over(here)
        if how == "sync":
            here.tovie.refuse("sync", 503, retry_after=0)
        else:
            here.tovie.drop("sync")
        await here.ann.writes("hi")

        await here.tovie.until(lambda: here.tovie.reads() == ["hi"])


async def test_the_floor_is_right_after_a_restart(tmp_path):
    async with FakeTovieBot() as tovie:
        tovie.staffed = True
        options = {"agents": True, "handoff": HANDOFF, "webhook_key": WEBHOOK_KEY}
        async with beside(tmp_path, tovie, **options) as here:
            await handed_over(here)
            await tovie.agent_says("Good day")
            await here.sees("Good day")
        async with beside(tmp_path, tovie, **options) as here:
            await here.ann.writes("hi")
            await tovie.until(lambda: tovie.reads() == ["hi"])
            await tovie.agent_closes(client="web:ann")
            await here.sees("event livechatFinished")
