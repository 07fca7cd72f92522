"""One speaker at a time: what happens to words whose speaker lost the floor."""

from __future__ import annotations

from pathlib import Path

from gateway import BotReply, Floor, Opening, Outcome, Permanent, Temporary, Transfer, text_message
from gateway.testing import SIMPLE, Harness

BUSINESS = {
    "channels": {"jivo": {"type": "fake"}},
    "bots": {"bot": {"type": "fake"}},
    "routes": {"main": {"channels": ["jivo"], "bot": "bot", "handoff": ["jivo"]}},
}


async def test_a_late_bot_reply_never_lands_after_an_agent_took_the_floor(tmp_path: Path) -> None:
    async with Harness(BUSINESS, folder=tmp_path) as gateway:
        jivo, bot = gateway.channel("jivo"), gateway.bot()
        bot.gate.clear()
        await jivo.writes("hi")
        await gateway.until(lambda: bool(bot.turns))
        await jivo.human_writes("I take this one")
        bot.gate.set()
        await gateway.settled()

        assert jivo.sent == []
        conversation = await gateway.conversation(channel="jivo")
        assert conversation.floor is Floor.AGENT
        assert await gateway.transcript(channel="jivo") == ["client: hi", "joined", "agent: I take this one"]
        assert 'gateway_stale_output_refused_total{instance="bot"} 1.0' in gateway.gateway.metrics.render()[0].decode()


async def test_bot_words_not_yet_delivered_are_refused_once_a_human_speaks(tmp_path: Path) -> None:
    async with Harness(BUSINESS, folder=tmp_path) as gateway:
        jivo, bot = gateway.channel("jivo"), gateway.bot()
        bot.answer = lambda _turn: BotReply(messages=(text_message("one"), text_message("two")))
        jivo.gate.clear()
        await jivo.writes("hi")
        await gateway.until(lambda: gateway.gateway.dispatcher.pending() == 2)
        await jivo.human_writes("stop")
        jivo.gate.set()
        await gateway.settled()

        assert jivo.texts() == ["one"]
        assert (await gateway.transcript(channel="jivo"))[-1] == "delivery"


async def test_a_business_channel_gives_the_dialog_back(tmp_path: Path) -> None:
    async with Harness(BUSINESS, folder=tmp_path) as gateway:
        jivo = gateway.channel("jivo")
        await jivo.writes("agent")
        await gateway.until(lambda: bool(jivo.invited))
        await jivo.human_joins()
        await jivo.human_writes("hello, I am Bo")
        await jivo.writes("hello Bo")
        await jivo.human_leaves()
        await gateway.until(lambda: jivo.texts()[-1:] == ["back: returned"])

        assert "hello, I am Bo" not in jivo.texts()
        turn = gateway.bot().turns[-1]
        assert [entry.body.message.text for entry in turn.transcript if entry.body.role != "system"] == [
            "hello, I am Bo",
            "hello Bo",
        ]


async def test_a_business_channel_without_agents_returns_to_the_bot(tmp_path: Path) -> None:
    async with Harness(BUSINESS, folder=tmp_path) as gateway:
        jivo = gateway.channel("jivo")
        await jivo.writes("agent")
        await gateway.until(lambda: bool(jivo.invited))
        await jivo.writes("anybody?")
        await jivo.human_leaves(outcome=Outcome.OFFLINE)
        await gateway.until(lambda: jivo.texts()[-2:] == ["back: offline", "echo anybody?"])


async def opened_with(tmp_path: Path, transfer: Transfer, *meanwhile: str) -> Opening:
    """What a platform is asked with, after the client wrote `agent`, and `meanwhile` before it was asked."""
    async with Harness(folder=tmp_path) as gateway:
        web, desk = gateway.channel(), gateway.platform()
        gateway.bot().answer = lambda _turn: BotReply(transfer=transfer)
        desk.failures.append(Temporary("down", retry_after_seconds=5))
        await web.writes("agent")
        await gateway.until(lambda: not desk.failures)
        for words in meanwhile:
            await web.writes(words)
        gateway.advance(6)
        await gateway.until(lambda: bool(desk.openings))
        return desk.openings[-1]


async def test_a_platform_gets_the_clients_last_words_when_the_history_has_none_of_them(tmp_path: Path) -> None:
    opening = await opened_with(tmp_path, Transfer(history=1, message_before="One moment."))

    assert [entry.body.message.text for entry in opening.history] == ["One moment."]
    assert opening.first_message == "agent"


async def test_what_the_client_says_while_a_platform_is_down_does_not_push_aside_what_they_said_before(
    tmp_path: Path,
) -> None:
    opening = await opened_with(tmp_path, Transfer(history=0), "are you there?")

    assert opening.first_message == "agent"


async def test_last_words_that_are_part_of_the_history_are_not_said_twice(tmp_path: Path) -> None:
    opening = await opened_with(tmp_path, Transfer(history=2), "are you there?")

    assert [entry.body.message.text for entry in opening.history] == ["agent"]
    assert opening.first_message == ""


async def test_a_temporary_failure_is_tried_again_in_order(tmp_path: Path) -> None:
    async with Harness(folder=tmp_path) as gateway:
        web = gateway.channel()
        web.failures += [Temporary("busy", retry_after_seconds=0.05), Temporary("busy", retry_after_seconds=0.05)]
        await web.writes("one")
        await web.writes("two")
        await gateway.until(lambda: len(web.sent) == 2)

        assert web.texts() == ["echo one", "echo two"]
        assert web.sent[0].attempt == 3


async def test_a_permanent_failure_is_shown_and_kept_as_a_dead_letter(tmp_path: Path) -> None:
    async with Harness(folder=tmp_path) as gateway:
        web = gateway.channel()
        web.failures.append(Permanent("the client blocked the bot"))
        await web.writes("one")
        await gateway.settled()

        entry = (await gateway.log())[-1]
        assert (entry.body.type, entry.body.state, entry.body.reason) == (
            "delivery",
            "failed",
            "the client blocked the bot",
        )
        letters = await gateway.gateway.store.dead_letters()
        assert [letter.effect.error for letter in letters] == ["the client blocked the bot"]


async def test_what_a_platform_refuses_goes_to_the_next_with_nothing_lost(tmp_path: Path) -> None:
    config = {
        **SIMPLE,
        "platforms": {"first": {"type": "fake"}, "second": {"type": "fake"}},
        "routes": {"main": {"channels": ["web"], "bot": "bot", "handoff": ["first", "second"]}},
    }
    async with Harness(config, folder=tmp_path) as gateway:
        web, first, second = gateway.channel(), gateway.platform("first"), gateway.platform("second")
        first.gate.clear()
        first.failures.append(Permanent("broken"))
        await web.writes("agent")
        await gateway.until(lambda: gateway.gateway.dispatcher.pending() == 1)
        await web.writes("hello?")
        first.gate.set()
        await gateway.until(lambda: second.texts() == ["hello?"])

        assert [entry.body.message.text for entry in second.openings[0].history] == ["agent", "calling"]
