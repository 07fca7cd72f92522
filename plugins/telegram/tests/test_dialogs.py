"""Clients talk to the bot and to agents, by both ways Telegram has."""

from __future__ import annotations

import pytest

from gateway import Started
from plugins.telegram.tests.kit import standing


@pytest.fixture(params=["polling", "webhook"])
def mode(request):
    return request.param


async def test_client_bot_agent_bot(tmp_path, mode):
    async with standing(tmp_path, mode=mode) as here:
        ann = here.telegram.person("Ann", last_name="Lee", username="ann", language_code="de")
        ann.starts("spring-sale")
        await here.sees(ann, "hello")
        ann.writes("agent")
        await here.gateway.until(lambda: bool(here.desk.openings))
        opening = here.desk.openings[0]
        await here.desk.joins()
        await here.desk.writes("how can I help?")
        ann.writes("my order")
        await here.gateway.until(lambda: here.desk.texts() == ["my order"])
        await here.desk.ends(note="solved")
        await here.telegram.until(lambda: ann.texts()[-1:] == ["back: returned solved"])

        assert "how can I help?" in ann.texts()
        assert (await here.log(ann))[0].body == Started(payload="spring-sale")
        assert opening.client.name == "Ann Lee"
        assert opening.language == "de"
        assert opening.attributes["username"] == "@ann"
