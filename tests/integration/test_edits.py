"""A message that replaces an earlier one: changed where the channel can, said anew elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from gateway import (
    EVERYTHING,
    BotReply,
    ChannelKind,
    Message,
    Outgoing,
    Permanent,
    Receipt,
    Temporary,
    Turn,
    hookimpl,
    text_message,
)
from gateway.events import SendToClient
from gateway.testing import SIMPLE, Harness, plugin_host
from gateway.testing.fakes import FakeChannel, Nothing


class Stubborn(FakeChannel):
    """A channel that changes nothing any more."""

    async def edit(self, outgoing: Outgoing, remote_id: str) -> Receipt:
        raise Permanent(f"{remote_id} is too old for {outgoing.number}")


class Forgetful(FakeChannel):
    """A channel that does not say what it calls a message."""

    async def send(self, outgoing: Outgoing) -> Receipt:
        await super().send(outgoing)
        return Receipt()


STUBBORN = ChannelKind(
    name="stubborn", summary="Changes nothing", options=Nothing, build=Stubborn, capabilities=EVERYTHING
)
FORGETFUL = ChannelKind(
    name="forgetful", summary="Has no ids", options=Nothing, build=Forgetful, capabilities=EVERYTHING
)
SHORT = ChannelKind(
    name="short",
    summary="Shows short texts",
    options=Nothing,
    build=FakeChannel,
    capabilities=replace(EVERYTHING, text_length=20),
)


@hookimpl
def register_channels() -> Iterable[ChannelKind[Nothing]]:
    return [STUBBORN, FORGETFUL, SHORT]


def corrected(text: str, number: int) -> Message:
    return replace(text_message(text), edits=number)


def clock(turn: Turn) -> BotReply:
    """Says where things stand, and from the second word on corrects that."""
    text = "one moment" if turn.cause.number == 1 else "here it is"
    return BotReply(messages=(corrected(text, 0 if turn.cause.number == 1 else 2),))


def gateway_with(folder: Path, kind: str = "fake") -> Harness:
    return Harness({**SIMPLE, "channels": {"web": {"type": kind}}}, folder=folder, host=plugin_host(__name__))


async def said_twice(gateway: Harness) -> None:
    gateway.bot().answer = clock
    for word in ("hi", "well?"):
        await gateway.channel().writes(word)
        await gateway.settled()


async def test_the_earlier_message_is_changed_and_the_log_has_both(tmp_path: Path) -> None:
    async with gateway_with(tmp_path) as gateway:
        await said_twice(gateway)
        ((remote, outgoing),) = gateway.channel().edited

        assert gateway.channel().texts() == ["one moment"]
        assert (remote, outgoing.message.text, outgoing.number) == ("1", "here it is", 4)
        assert [line for line in await gateway.transcript() if line.startswith("bot")] == [
            "bot: one moment",
            "bot: here it is",
        ]


async def test_a_message_sent_before_a_restart_is_changed(tmp_path: Path) -> None:
    async with gateway_with(tmp_path) as gateway:
        gateway.bot().answer = clock
        await gateway.channel().writes("hi")
        await gateway.settled()
    async with gateway_with(tmp_path) as gateway:
        gateway.bot().answer = clock
        await gateway.channel().writes("well?")
        await gateway.settled()

        assert [remote for remote, _ in gateway.channel().edited] == ["1"]


@pytest.mark.parametrize("kind", ["stubborn", "forgetful"])
async def test_what_cannot_be_changed_is_said_anew(tmp_path: Path, kind: str) -> None:
    async with gateway_with(tmp_path, kind) as gateway:
        await said_twice(gateway)

        assert gateway.channel().texts() == ["one moment", "here it is"]


async def test_a_change_that_fails_for_now_is_tried_again(tmp_path: Path) -> None:
    async with gateway_with(tmp_path) as gateway:
        gateway.bot().answer = clock
        await gateway.channel().writes("hi")
        await gateway.settled()
        gateway.channel().failures.append(Temporary("busy"))
        await gateway.channel().writes("well?")
        await gateway.settled()

        assert [outgoing.attempt for _, outgoing in gateway.channel().edited] == [2]
        assert gateway.channel().texts() == ["one moment"]


async def test_a_message_in_several_parts_is_not_changed(tmp_path: Path) -> None:
    async with gateway_with(tmp_path, "short") as gateway:
        gateway.bot().answer = lambda turn: BotReply(
            messages=(corrected("a text in many more parts than one", 0 if turn.cause.number == 1 else 2),)
        )
        for word in ("hi", "well?"):
            await gateway.channel().writes(word)
            await gateway.settled()

        assert gateway.channel().edited == []
        assert len(gateway.channel().texts()) == 4


@pytest.mark.parametrize("number", [1, 4, 99])
async def test_nobody_changes_what_is_not_theirs_or_not_there(tmp_path: Path, number: int) -> None:
    async with gateway_with(tmp_path) as gateway:
        gateway.bot().answer = lambda turn: BotReply(
            messages=(corrected("here", 0 if turn.cause.number == 1 else number),)
        )
        for word in ("hi", "well?"):
            await gateway.channel().writes(word)
            await gateway.settled()

        assert gateway.channel().edited == []
        assert gateway.channel().texts() == ["here", "here"]


async def test_what_a_message_became_is_kept_with_its_delivery(tmp_path: Path) -> None:
    async with gateway_with(tmp_path) as gateway:
        await gateway.channel().writes("hi")
        await gateway.settled()
        records = await gateway.gateway.store.effects((await gateway.conversation()).id)
        (sent,) = [each.effect.action for each in records if isinstance(each.effect.action, SendToClient)]

        assert (sent.number, sent.remote) == (2, ("1",))
