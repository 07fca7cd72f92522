"""Which word the bot answers with what, and every conversation a channel had with a client."""

from __future__ import annotations

from pathlib import Path

from gateway import BotReply, BotSpoke, Button, Buttons, Message, Permanent, Said, text_message
from gateway.testing import SIMPLE, Harness


async def answers(gateway: Harness) -> list[tuple[str, int]]:
    said = [entry.body for entry in await gateway.log() if isinstance(entry.body, Said)]
    return [(each.message.text, each.answers) for each in said]


async def test_the_log_says_which_word_the_bot_answers(tmp_path: Path) -> None:
    async with Harness(SIMPLE, folder=tmp_path) as gateway:
        bot = gateway.bot()
        bot.gate.clear()
        await gateway.channel().writes("one")
        await gateway.channel().writes("two")
        bot.gate.set()
        await gateway.settled()

        assert await answers(gateway) == [("one", 0), ("two", 0), ("echo one", 1), ("echo two", 2)]


async def test_words_the_bot_says_unasked_answer_nothing(tmp_path: Path) -> None:
    async with Harness(SIMPLE, folder=tmp_path) as gateway:
        bot = gateway.bot()
        bot.answer = lambda _turn: BotReply()
        received = await gateway.channel().writes("hi")
        await gateway.settled()
        await bot.context.receive(BotSpoke(conversation=received.conversation, messages=(text_message("news"),)))

        assert await answers(gateway) == [("hi", 0), ("news", 0)]


async def test_the_apology_for_a_failed_turn_answers_it(tmp_path: Path) -> None:
    async with Harness(SIMPLE, folder=tmp_path) as gateway:
        gateway.bot().failures.append(Permanent("broken"))
        await gateway.channel().writes("hi")
        await gateway.settled()

        assert [number for _, number in await answers(gateway)] == [0, 1]


async def test_a_channel_reads_all_its_conversations_with_a_client(tmp_path: Path) -> None:
    async with Harness(SIMPLE, folder=tmp_path) as gateway:
        channel = gateway.channel()
        ids = []
        for _ in range(3):
            ids.append((await channel.writes("hi")).conversation)
            await channel.ends()
        await channel.writes("hi", client="bob")
        recent = channel.context.conversations.recent

        assert [each.id for each in await recent(client_id="ann", limit=2)] == ids[:0:-1]
        assert ids == sorted(ids)
        assert await recent(client_id="cy") == []
        assert [each.client.id for each in await recent()] == ["bob", "ann", "ann", "ann"]
        assert await gateway.bot().context.conversations.recent() == []


async def test_a_message_sent_in_parts_numbers_them(tmp_path: Path) -> None:
    async with Harness(SIMPLE, folder=tmp_path) as gateway:
        choices = tuple(Buttons(buttons=(Button(text=text),)) for text in "ab")
        gateway.bot().answer = lambda _turn: BotReply(messages=(Message(contents=choices),))
        await gateway.channel().writes("hi")
        await gateway.settled()

        assert [(outgoing.number, outgoing.part) for outgoing in gateway.channel().sent] == [(2, 0), (2, 1)]
