"""Who is there, who waits, and in which place."""

from __future__ import annotations

import pytest

from gateway import Transfer
from gateway.testing import Harness
from plugins.desk.tests.kit import CONFIG, Place, config_with


async def places(place, *clients):
    await place.desk._workspace.settle()
    return [(await place.gateway.conversation(client)).handoff.queue_position for client in clients]


async def test_nobody_online_sends_the_client_back_to_the_bot(place):
    assert await place.calls() is None
    assert "back: offline" in place.client.texts()


async def test_somebody_of_another_group_does_not_help(place):
    await place.agent("cleo")

    assert await place.calls(Transfer(destination="sales")) is None


async def test_nobody_online_but_the_bot_wants_to_wait(place):
    assert await place.calls(Transfer(destination="sales", ignore_offline=True))


async def test_who_comes_for_the_first_time_is_online(place):
    anna = await place.agent("anna", online=False)
    await anna.follows("nothing.1")
    await anna.hears("gone")  # the desk has dealt with the newcomer

    assert await place.calls()


async def test_away_is_remembered(place, anna):
    await anna.does("status", online=False)
    await anna.gone()
    await anna.connect()

    assert await place.calls() is None


async def test_away_is_not_online(place, anna):
    await anna.does("status", online=False)

    assert await place.calls() is None


async def test_a_reload_of_the_page_makes_nobody_offline(place, anna):
    await anna.gone()

    assert await place.calls()


async def test_who_stays_away_is_offline_after_the_grace_period(place, anna):
    await anna.gone()
    place.gateway.clock.ahead += 61

    assert await place.calls() is None


async def test_a_restart_of_the_gateway_makes_nobody_offline(tmp_path):
    async with Harness(CONFIG, folder=tmp_path) as gateway, Place(gateway) as place:
        await place.agent("anna")
    async with Harness(CONFIG, folder=tmp_path) as gateway, Place(gateway) as place:
        assert await place.calls()


async def test_who_had_gone_home_is_not_online_after_a_restart(tmp_path):
    async with Harness(CONFIG, folder=tmp_path) as gateway, Place(gateway) as place:
        anna = await place.agent("anna")
        await anna.gone()
        clock = gateway.clock
    clock.ahead += 3600
    async with Harness(CONFIG, folder=tmp_path, clock=clock) as gateway, Place(gateway) as place:
        assert await place.calls() is None


async def test_dialogs_outlive_a_restart(tmp_path):
    async with Harness(CONFIG, folder=tmp_path) as gateway, Place(gateway) as place:
        anna = await place.agent("anna")
        session = await place.calls()
        await anna.sees(session)
        await anna.does("take", session=session)
    async with Harness(CONFIG, folder=tmp_path) as gateway, Place(gateway) as place:
        anna = await place.agent("anna")
        assert anna.cards[session]["state"] == "joined"
        assert (await anna.does("write", session=session, text="still here"))["type"] == "ok"


async def test_places_count_from_one_in_each_group(place, anna):
    await place.calls(client="ann")
    await place.calls(client="bob")
    await place.calls(Transfer(destination="service"), client="cid")

    assert await places(place, "ann", "bob", "cid") == [1, 2, 1]


async def test_places_move_up_when_somebody_is_taken(place, anna):
    session = await place.calls(client="ann")
    await place.calls(client="bob")
    await place.calls(client="cid")
    await anna.sees(session)
    await anna.does("take", session=session)

    assert await places(place, "bob", "cid") == [1, 2]


async def test_a_place_that_did_not_change_is_not_told_again(place, anna):
    await place.calls(client="ann")
    await places(place, "ann")
    before = len(await place.gateway.log("ann"))

    await places(place, "ann")

    assert len(await place.gateway.log("ann")) == before


async def test_availability_tells_the_length_of_the_queue(place, anna):
    await place.calls()

    assert await place.desk.availability("sales") == await place.desk.availability("sales")
    found = await place.desk.availability("sales")
    assert (found.online, found.waiting) == (True, 1)
    assert (await place.desk.availability("service")).waiting == 0


async def test_an_unknown_destination_is_for_everybody(place, anna):
    session = await place.calls(Transfer(destination="Sails"))

    assert (await anna.sees(session))["destination_name"] == ""


async def test_automatic_assignment_goes_to_who_has_fewest(tmp_path):
    async with Harness(config_with(assignment="auto"), folder=tmp_path) as gateway, Place(gateway) as place:
        anna, ben = await place.agent("anna"), await place.agent("ben")
        sessions = [await place.calls(client=client) for client in ("ann", "bob")]
        holders = set()
        for session in sessions:
            card = await anna.sees(session, lambda card: card["state"] == "joined")
            holders.add(card["agent"]["id"])
        assert holders == {anna.name, ben.name}


async def test_automatic_assignment_does_not_bounce(tmp_path):
    async with Harness(config_with(assignment="auto"), folder=tmp_path) as gateway, Place(gateway) as place:
        anna = await place.agent("anna")
        session = await place.calls()
        await anna.sees(session, lambda card: card["state"] == "joined")
        await anna.does("forward", session=session, to="sales")
        await place.desk._workspace.settle()
        await place.desk._workspace.settle()

        assert (await anna.sees(session, lambda card: card["state"] == "waiting"))["agent"] is None


@pytest.mark.parametrize("online", [True, False])
async def test_the_roster_tells_everybody_at_once(place, anna, ben, online):
    await ben.does("status", online=online)

    roster = await anna.hears("roster", where=lambda frame: frame["agents"][1]["online"] is online)
    assert roster["agents"][1]["id"] == "ben"
