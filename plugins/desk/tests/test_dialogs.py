"""What agents do, through a whole gateway: who has the floor, what is seen, what happens once."""

from __future__ import annotations

import asyncio

import pytest

from gateway import Floor, Transfer
from plugins.desk.tests.kit import said


async def joined(place, agent, transfer=None, **client):
    session = await place.calls(transfer, **client)
    await agent.sees(session)
    assert (await agent.does("take", session=session))["type"] == "ok"
    return session


async def test_the_whole_story_of_a_dialog(place, anna):
    session = await place.calls()
    card = await anna.sees(session, lambda card: card["state"] == "waiting")
    assert (card["client"]["name"], card["position"], card["destination_name"]) == ("Ann", 1, "Sales")

    assert (await anna.does("take", session=session))["type"] == "ok"
    assert await place.floor() is Floor.AGENT
    await anna.follows(session)
    await anna.does("write", session=session, text="How can I help?")
    await place.client.writes("my order is late")
    entries = await anna.reads(lambda entries: "client: my order is late" in said(entries))
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


async def test_only_who_has_the_floor_writes(place, anna, ben):
    session = await joined(place, anna)
    await ben.sees(session)

    refusal = await ben.does("write", session=session, text="me too")

    assert (refusal["code"], refusal["by"]) == ("not_yours", "Anna")
    assert "agent: me too" not in await place.gateway.transcript()


async def test_nobody_writes_before_taking(place, anna):
    session = await place.calls()
    await anna.sees(session)

    assert (await anna.does("write", session=session, text="hello"))["code"] == "not_yours"


async def test_a_colleague_takes_over_after_saying_from_whom(place, anna, ben):
    session = await joined(place, anna)
    await ben.sees(session, lambda card: card["agent"] and card["agent"]["id"] == "anna")

    assert (await ben.does("take", session=session))["code"] == "taken"
    assert (await ben.does("take", session=session, over="anna"))["type"] == "ok"
    assert (await anna.does("write", session=session, text="still me?"))["by"] == "Ben"


async def test_what_is_sent_again_happens_once(place, anna):
    session = await joined(place, anna)
    for _ in range(3):
        answer = await anna.does("write", ref="sent-again-1", session=session, text="once")
        assert answer["type"] == "ok"

    assert (await place.gateway.transcript()).count("agent: once") == 1


async def test_words_keep_the_order_they_were_sent_in(place, anna):
    session = await joined(place, anna)
    for number in range(20):
        await anna.sends({"type": "write", "ref": f"in-order-{number}", "session": session, "text": str(number)})
    await anna.hears("ok", ref="in-order-19")

    written = [line for line in await place.gateway.transcript() if line.startswith("agent: ")]
    assert written == [f"agent: {number}" for number in range(20)]


async def test_a_reconnecting_browser_gets_what_it_missed(place, anna):
    session = await joined(place, anna)
    await anna.follows(session)
    await place.client.writes("one")
    entries = await anna.reads(lambda entries: "client: one" in said(entries))
    last = entries[-1]["number"]

    await anna.disconnect()
    await place.client.writes("two")
    await place.client.writes("three")
    await anna.connect()
    anna.entries.clear()
    await anna.follows(session, after=last)
    entries = await anna.reads(lambda entries: "client: three" in said(entries))

    assert said(entries) == ["client: two", "client: three"]
    numbers = [entry["number"] for entry in entries]
    assert numbers == list(range(last + 1, last + 1 + len(numbers)))


async def test_a_long_dialog_is_told_whole_and_in_order(place, anna):
    session = await joined(place, anna)
    for number in range(250):
        await place.client.writes(f"word {number}")
    await anna.follows(session)

    entries = await anna.reads(lambda entries: "client: word 249" in said(entries))

    numbers = [entry["number"] for entry in entries]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert [line for line in said(entries) if "word" in line] == [f"client: word {number}" for number in range(250)]


async def test_for_a_slow_browser_nothing_piles_up_and_nothing_is_lost(place, anna):
    session = await joined(place, anna)
    await anna.follows(session)
    await anna.reads(lambda entries: any(entry["body"]["type"] == "joined" for entry in entries))
    (socket,) = place.desk._workspace._sockets
    anna.pause()
    long = "x" * 60_000
    for number in range(300):
        await place.client.writes(f"{number} {long}")
    assert socket._told[session] < (await place.gateway.conversation()).head, "the test does not hold the browser up"
    assert len(socket._changed) <= 1  # one dialog is behind, however much was said in it

    anna.resume()
    entries = await anna.reads(lambda entries: any(line.startswith("client: 299 ") for line in said(entries)))
    numbers = [int(line.split()[1]) for line in said(entries) if line.startswith("client: ") and long in line]
    assert numbers == list(range(300))


# --- what agents may see ----------------------------------------------------------------------------------------------


async def test_the_history_begins_where_the_route_forwards_it(place, anna):
    session = await place.calls(words=("secret one", "secret two", "agent"))
    await anna.sees(session)
    await anna.follows(session, after=0)

    entries = await anna.reads(lambda entries: any(entry["body"]["type"] == "queued" for entry in entries))

    assert said(entries)[:3] == ["bot: echo secret two", "client: agent", "bot: calling"]
    assert not any("secret one" in line for line in said(entries))


async def test_without_history_only_the_session_is_shown(place, anna):
    session = await place.calls(Transfer(destination="sales", history=0))
    await anna.sees(session)
    await anna.follows(session)
    await place.client.writes("are you there?")

    entries = await anna.reads(lambda entries: "client: are you there?" in said(entries))

    assert [line for line in said(entries) if not line.startswith("system")] == ["client: are you there?"]


async def test_what_comes_after_the_session_is_not_shown(place, anna):
    session = await joined(place, anna)
    await anna.follows(session)
    await anna.does("return", session=session)
    await place.client.writes("now between the bot and me")
    await place.gateway.settled()

    await anna.follows(session)
    await anna.sees(session, lambda card: card["state"] == "ended")
    await anna.does("status", online=True)
    assert not any("between the bot and me" in line for line in said(anna.entries))
    assert anna.entries[-1]["body"]["type"] == "left"


async def test_hidden_attributes_and_custom_data_stay_hidden(place, anna):
    transfer = Transfer(
        destination="sales",
        attributes={"order": "17"},
        hidden_attributes={"score": "hidden-canary"},
        custom_data={"raw": "hidden-canary"},
        reason="refund",
    )
    session = await place.calls(transfer)
    card = await anna.sees(session)
    await anna.follows(session)
    await anna.reads(lambda entries: any(entry["body"]["type"] == "queued" for entry in entries))

    assert card["attributes"] == {"order": "17"}
    assert card["transfer"]["reason"] == "refund"
    assert "hidden-canary" not in str(anna.frames)


async def test_other_groups_do_not_see_a_dialog(place, anna, ben):
    cleo = await place.agent("cleo")
    session = await joined(place, ben)

    assert session not in cleo.cards
    assert (await cleo.does("take", session=session, over="ben"))["code"] == "over"
    await cleo.follows(session)
    await cleo.hears("gone", session=session)
    assert cleo.entries == []


# --- passing on -------------------------------------------------------------------------------------------------------


async def test_forward_to_another_group_with_a_note(place, anna, ben):
    cleo = await place.agent("cleo")
    session = await joined(place, ben)

    await ben.does("forward", session=session, to="service", note="knows the invoice")

    card = await cleo.sees(session, lambda card: card["state"] == "waiting")
    assert card["destination_name"] == "Service"
    assert await place.floor() is Floor.WAITING
    await ben.until(lambda: session not in ben.cards)
    await cleo.follows(session)
    entries = await cleo.reads(lambda entries: any(entry["body"]["type"] == "moved" for entry in entries))
    assert any(entry["body"].get("text") == "knows the invoice" for entry in entries)


async def test_forward_to_a_colleague_who_alone_takes_it(place, anna, ben):
    session = await joined(place, anna)
    await anna.does("forward", session=session, to="ben")

    await ben.sees(session, lambda card: card["state"] == "waiting" and card["destination"] == "ben")
    assert (await ben.does("take", session=session))["type"] == "ok"


async def test_forward_to_nobody_known_is_refused(place, anna):
    session = await joined(place, anna)

    assert (await anna.does("forward", session=session, to="marketing"))["code"] == "unknown"
    assert await place.floor() is Floor.AGENT


async def test_when_the_agent_closes_the_bot_goes_on(place, anna):
    session = await joined(place, anna)
    await anna.does("close", session=session)

    assert await place.floor() is Floor.BOT
    card = await anna.sees(session, lambda card: card["state"] == "ended")
    assert card["ended"]["how"] == "closed"
    assert (await anna.does("write", session=session, text="one more thing"))["code"] == "over"


async def test_blocking_and_lifting_the_block(place, anna):
    session = await joined(place, anna)
    await anna.does("block", session=session)
    card = await anna.sees(session, lambda card: card["blocked"])
    assert card["state"] == "ended"
    assert (await place.gateway.conversation()).blocked

    assert (await anna.does("block", session=session, blocked=False))["type"] == "ok"
    assert not (await place.gateway.conversation()).blocked
    await anna.sees(session, lambda card: not card["blocked"])


async def test_the_client_leaves_and_the_agent_sees_it(place, anna):
    session = await joined(place, anna)
    await place.client.leaves_agent()

    card = await anna.sees(session, lambda card: card["state"] == "ended")
    assert card["ended"]["how"] == "client_left"


async def test_a_note_goes_to_colleagues_only(place, anna, ben):
    session = await joined(place, anna)
    await ben.sees(session)
    await ben.does("note", session=session, text="careful, angry client")
    await anna.follows(session)

    await anna.reads(lambda entries: any(entry["body"].get("text") == "careful, angry client" for entry in entries))
    await place.gateway.settled()
    assert not any("angry" in text for text in place.client.texts())


async def test_a_message_left_for_the_agents_leaves_the_floor_to_the_bot(place, anna):
    session = await place.calls(Transfer(destination="sales", one_time_message=True, first_message="call me back"))
    card = await anna.sees(session, lambda card: card["state"] == "message")
    assert card["transfer"]["first_message"] == "call me back"
    assert await place.floor() is Floor.BOT

    assert (await anna.does("return", session=session))["type"] == "ok"
    await anna.until(lambda: session not in anna.cards)
    assert await place.floor() is Floor.BOT


async def test_a_message_left_for_the_agents_can_be_answered_in_person(place, anna):
    session = await place.calls(Transfer(destination="sales", one_time_message=True, first_message="call me back"))
    await anna.sees(session, lambda card: card["state"] == "message")

    assert (await anna.does("take", session=session))["type"] == "ok"
    assert await place.floor() is Floor.AGENT


async def test_agents_have_at_most_so_many_dialogs(place, anna):
    place.desk._workspace._acts._options = place.desk._workspace._options.model_copy(update={"max_chats": 1})
    await joined(place, anna)
    session = await place.calls(client="bob")
    await anna.sees(session)

    assert (await anna.does("take", session=session))["code"] == "full"


async def test_a_failed_delivery_is_told_to_the_agent(place, anna):
    from gateway import Permanent

    session = await joined(place, anna)
    await place.gateway.settled()
    await anna.follows(session)
    place.client.failures.append(Permanent("the client blocked the bot"))
    await anna.does("write", session=session, text="hello?")

    entries = await anna.reads(lambda entries: any(entry["body"]["type"] == "delivery" for entry in entries))
    fate = next(entry["body"] for entry in entries if entry["body"]["type"] == "delivery")
    assert (fate["state"], fate["reason"]) == ("failed", "the client blocked the bot")


async def test_a_bug_refuses_the_act_instead_of_making_the_browser_try_for_ever(place, anna, monkeypatch):
    session = await joined(place, anna)

    async def broken(*_args, **_members):
        raise RuntimeError("a bug")

    monkeypatch.setattr(place.desk._workspace, "carry_out", broken)

    assert (await anna.does("write", session=session, text="x"))["code"] == "failed"


async def test_while_nothing_can_be_committed_the_browser_comes_back_later(place, anna):
    session = await joined(place, anna)
    place.gateway.gateway.engine.open = False
    await anna.sends({"type": "write", "ref": "hold-on-1", "session": session, "text": "first"})
    while not anna._socket.closed:
        await anna._socket.receive()
    assert anna._socket.close_code == 1013

    place.gateway.gateway.engine.open = True
    await anna.connect()
    assert (await anna.does("write", ref="hold-on-1", session=session, text="first"))["type"] == "ok"


async def test_signing_out_closes_the_other_tabs(place, anna):
    await anna.http.delete("session")

    while not anna._socket.closed:
        await anna._socket.receive()
    assert anna._socket.close_code == 1001


async def test_a_finished_dialog_stays_with_who_had_it(place, anna, ben):
    session = await joined(place, anna)
    await ben.sees(session)
    await anna.does("close", session=session)

    await anna.sees(session, lambda card: card["state"] == "ended")
    await ben.until(lambda: session not in ben.cards)


@pytest.mark.parametrize("act", ["take", "return", "close", "forward", "note", "write"])
async def test_acts_in_a_dialog_that_is_not_there(place, anna, act):
    members = {"forward": {"to": "sales"}, "note": {"text": "x"}, "write": {"text": "x"}}.get(act, {})

    assert (await anna.does(act, session="no-such.1", **members))["code"] == "over"
