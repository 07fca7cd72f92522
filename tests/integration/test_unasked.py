"""A bot that answers later, or speaks by itself."""

from __future__ import annotations

from pathlib import Path

from gateway import BotReply, BotSpoke, text_message
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
