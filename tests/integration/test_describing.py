"""What is learned about a client, also when the conversation is over."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import Changed, ClientDescribed, UnknownConversation
from gateway.testing import SIMPLE, Harness


async def test_a_channel_tells_of_its_own_client_after_the_close(tmp_path: Path) -> None:
    async with Harness(SIMPLE, folder=tmp_path) as gateway:
        received = await gateway.channel().writes("bye")
        await gateway.settled()
        rated = ClientDescribed(session=received.conversation, attributes={"rating": "good"})
        await gateway.channel().context.receive(rated, key="1")

        assert (await gateway.log())[-1].body == Changed(attributes={"rating": "good"})
        assert (await gateway.conversation()).attributes == {"rating": "good"}


async def test_nobody_tells_of_a_client_they_never_had(tmp_path: Path) -> None:
    async with Harness(SIMPLE, folder=tmp_path) as gateway:
        received = await gateway.channel().writes("hello")
        described = ClientDescribed(session=received.conversation, attributes={"rating": "bad"})

        with pytest.raises(UnknownConversation):
            await gateway.platform().context.receive(described)
