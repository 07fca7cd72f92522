"""A bot that answers later, or speaks by itself."""

from __future__ import annotations

from pathlib import Path

from gateway import BotReply, BotSpoke, Refused, Transfer, text_message
from gateway.testing import SIMPLE, Harness


async def test_what_a_bot_says_later_is_said_once(tmp_path: Path) -> None:
    async with Harness(SIMPLE, folder=tmp_path) as gateway:
        bot = gateway.bot()
        bot.answer = lambda _turn: BotReply()
        await gateway.channel().writes("hi")
        await gateway.settled()
        turn = bot.turns[0]
        event = BotSpoke(
            conversation=turn.conversation.id,
            messages=(text_message("later"),),
            attributes={"plan": "gold"},
            epoch=turn.epoch,
        )
        first = await bot.context.receive(event, key="1")
        again = await bot.context.receive(event, key="1")
        await gateway.settled()

        assert (first.stale, first.duplicate) == (False, False)
        assert again.duplicate
        assert gateway.channel().texts() == ["later"]
        assert (await gateway.conversation()).attributes == {"plan": "gold"}


async def test_what_a_bot_says_too_late_is_refused_told_and_counted(tmp_path: Path) -> None:
    async with Harness(SIMPLE, folder=tmp_path) as gateway:
        bot = gateway.bot()
        await gateway.channel().writes("agent")
        await gateway.until(lambda: bool(gateway.platform().openings))
        await gateway.platform().joins()
        turn = bot.turns[0]
        event = BotSpoke(conversation=turn.conversation.id, messages=(text_message("late"),), epoch=turn.epoch)
        received = await bot.context.receive(event, key="1")
        await gateway.settled()

        assert received.stale
        assert "late" not in gateway.channel().texts()
        assert 'gateway_stale_output_refused_total{instance="bot"} 1.0' in gateway.gateway.metrics.render()[0].decode()


async def test_a_transfer_while_the_bot_is_still_being_asked_has_answered_the_word(tmp_path: Path) -> None:
    """A bot that calls back before its call returns: nobody took it, and the word is not put to the bot again."""
    async with Harness(SIMPLE, folder=tmp_path) as gateway:
        bot = gateway.bot()
        bot.gate.clear()
        gateway.platform().failures.append(Refused("nobody is here", code="offline"))
        await gateway.channel().writes("agent, please")
        await gateway.until(lambda: bool(bot.turns))
        conversation = await gateway.conversation()
        event = BotSpoke(conversation=conversation.id, transfer=Transfer(), epoch=conversation.epoch, answers=1)
        bot.answer = lambda _turn: BotReply()
        await bot.context.receive(event)
        bot.gate.set()
        await gateway.settled()

        assert [turn.cause.body.type for turn in bot.turns] == ["said", "left"]
        assert 'gateway_stale_output_refused_total{instance="bot"}' not in gateway.gateway.metrics.render()[0].decode()
