from __future__ import annotations

import asyncio

from gateway import Floor, Transfer
from plugins.desk.tests.kit import said


async def test_the_whole_story_of_a_dialog(place, anna):
    session = await place.calls()
    card = await anna.sees(session, lambda card: card["state"] == "waiting")
    assert card["client"]["name"] == "Ann"
    assert card["position"] == 1

    assert (await anna.does("take", session=session))["type"] == "ok"
    await anna.follows(session)
    await anna.does("write", session=session, text="How can I help?")
    await place.client.writes("my order is late")
    entries = await anna.reads(lambda entries: "client: my order is late" in said(entries))

    assert await place.floor() is Floor.AGENT
    assert said(entries)[-2:] == ["agent: How can I help?", "client: my order is late"]
    await anna.does("return", session=session, note="refunded")
    await place.gateway.settled()
    assert await place.floor() is Floor.BOT
    assert "back: returned refunded" in place.client.texts()


async def test_of_two_who_take_at_once_one_wins_and_the_other_sees_who(place, anna, ben):
    session = await place.calls()
    await anna.sees(session)
    await ben.sees(session)

    answers = await asyncio.gather(anna.does("take", session=session), ben.does("take", session=session))

    kinds = [answer["type"] for answer in answers]
    assert sorted(kinds) == ["ok", "refused"]
    winner = ["Anna", "Ben"][kinds.index("ok")]
    refusal = answers[kinds.index("refused")]
    assert (refusal["code"], refusal["by"]) == ("taken", winner)
    assert (await place.gateway.conversation()).handoff.agent.name == winner


async def test_nobody_online_sends_the_client_back_to_the_bot(place):
    session = await place.calls()

    assert session is None
    assert "back: offline" in place.client.texts()


async def test_nobody_online_but_the_bot_wants_to_wait(place):
    assert await place.calls(Transfer(destination="sales", ignore_offline=True))
