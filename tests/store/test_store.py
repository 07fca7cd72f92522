"""What every store promises, whatever is behind it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.conversation import Floor
from gateway.entries import Joined, Said, Transferred
from gateway.errors import Conflict, Unavailable
from gateway.events import SendToClient
from gateway.model import Attachment, Card, Carousel, Media, MediaKind, Message, Peer, Role, Transfer
from gateway.store.contract import Cancelled, EffectRecord, Finished, PendingLane
from tests.store.builders import (
    ask,
    closed,
    conversation,
    dedup,
    done,
    entry,
    failed,
    fates,
    handoff,
    pending,
    record_of,
    said,
    send,
    settled,
    step,
    timer,
)

if TYPE_CHECKING:
    from gateway.store.contract import Store


# --- a step ---------------------------------------------------------------------------------------------------------


async def test_a_step_is_there_with_all_it_brought(store: Store):
    first = said(1, message_id="m1")

    assert await store.commit(step(entries=(first,), effects=(ask(1),), timers=(timer("idle"),), dedup=dedup("k")))

    assert await store.load("c1") == conversation("c1", 1)
    assert await store.entries("c1") == [first]
    assert await store.effects("c1") == [EffectRecord(effect=ask(1), state="pending")]
    assert await pending(store) == [ask(1)]
    assert await store.timers() == [timer("idle")]


async def test_what_was_never_stored_is_nothing(store: Store):
    assert await store.load("c1") is None
    assert await store.newest("site", "ann") is None
    assert await store.by_session("desk", "s1") is None
    assert await store.entries("c1") == []
    assert await store.effects("c1") == []
    assert await store.kv_get("site", "offset") is None
    assert not await store.had_session("desk", "c1")


async def test_a_state_comes_back_as_it_was(store: Store):
    state = conversation(
        "c1",
        1,
        floor=Floor.AGENT,
        attributes={"page": "https://shop.example.com/?a=1&b=ü", "": "\n\0"},
        bot_state={"deep": [1, {"x": None}, 2.5, True]},
        turns=(1, 2),
        handoff=replace(
            handoff(remote="r"), agent=Peer(id="eve"), transfer=Transfer(attributes={"a": "b"}, custom_data=[1, None])
        ),
    )

    await store.commit(replace(step(), conversation=state))

    assert await store.load("c1") == state


async def test_an_entry_of_any_kind_comes_back_as_it_was(store: Store):
    card = Card(title="Tea", image=Attachment(url="/files/t.png", size=3))
    shown = Message(contents=(Media(kind=MediaKind.VOICE, attachment=Attachment(url="u")), Carousel(cards=(card,))))
    entries = (
        entry(1, Said(role=Role.BOT, author=Peer(id="faq"), message=shown)),
        entry(2, Transferred(transfer=Transfer(history=0, close_phrases=("bye",)))),
        entry(3, Joined(platform="desk", agent=Peer(id="eve", name="Eve 👩🏽‍💻"))),
        closed(4),
    )

    await store.commit(step(entries=entries))

    assert await store.entries("c1") == list(entries)


async def test_what_is_no_json_is_refused_and_hurts_nobody_else(store: Store):
    wrong = store.commit(step("wrong", bot_state={"socket": object()}))
    right = store.commit(step("right"))

    results = await asyncio.gather(wrong, right, return_exceptions=True)

    assert isinstance(results[0], ValueError)
    assert results[1] is True
    assert await store.load("wrong") is None


# --- versions and keys ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [2, 3, 0])
async def test_a_new_conversation_begins_with_version_one(store: Store, version: int):
    with pytest.raises(Conflict, match="c1"):
        await store.commit(step(version=version))

    assert await store.load("c1") is None


@pytest.mark.parametrize("version", [1, 2, 4])
async def test_a_step_decided_on_another_state_changes_nothing(store: Store, version: int):
    await store.commit(step(version=1))
    await store.commit(step(version=2))
    stale = step(
        version=version,
        entries=(said(1),),
        effects=(ask(1),),
        timers=(timer("idle"),),
        dedup=dedup("k"),
        finished=(done(ask(1)),),
        handoff=handoff(),
    )

    with pytest.raises(Conflict):
        await store.commit(stale)

    assert await store.load("c1") == conversation("c1", 2)
    assert not await store.entries("c1")
    assert not await store.effects("c1")
    assert not await store.timers()
    assert not await store.had_session("desk", "c1")
    assert await store.commit(step(version=3, dedup=dedup("k"))), "its dedup key is still free"


async def test_an_entry_that_is_there_already_is_a_conflict(store: Store):
    await store.commit(step(version=1, entries=(said(1),)))

    with pytest.raises(Conflict):
        await store.commit(step(version=2, entries=(said(2), said(1, "other")), dedup=dedup("k")))

    assert await store.load("c1") == conversation("c1", 1)
    assert await store.entries("c1") == [said(1)]
    assert await store.commit(step(version=2, dedup=dedup("k")))


async def test_an_effect_that_is_there_already_is_a_conflict(store: Store):
    await store.commit(step(version=1, effects=(ask(1),)))

    results = await asyncio.gather(
        store.commit(step("c2")),
        store.commit(step(version=2, effects=(ask(1, target="other"),))),
        store.commit(step("c3")),
        return_exceptions=True,
    )

    assert [type(result) for result in results] == [bool, Conflict, bool]
    assert await pending(store) == [ask(1)]
    assert await store.load("c3") is not None


async def test_a_key_seen_before_changes_nothing(store: Store):
    await store.commit(step(version=1, dedup=dedup("k")))

    assert not await store.commit(step(version=2, entries=(said(1),), dedup=dedup("k")))
    assert not await store.commit(step("c2", dedup=dedup("k")))

    assert await store.load("c1") == conversation("c1", 1)
    assert await store.load("c2") is None
    assert not await store.entries("c1")


async def test_a_key_is_the_instances_own(store: Store):
    assert await store.commit(step("c1", dedup=dedup("k", "site")))
    assert await store.commit(step("c2", dedup=dedup("k", "shop")))


async def test_a_duplicate_is_told_even_if_its_version_is_old(store: Store):
    await store.commit(step(version=1, dedup=dedup("k")))
    await store.commit(step(version=2))

    assert not await store.commit(step(version=1, dedup=dedup("k")))


async def test_of_steps_handed_in_together_only_the_wrong_ones_fail(store: Store):
    results = await asyncio.gather(
        store.commit(step("c1", 1, dedup=dedup("k"), entries=(said(1),))),
        store.commit(step("c2", 1, dedup=dedup("k"), entries=(said(1),))),
        store.commit(step("c1", 2, entries=(said(2),))),
        store.commit(step("c1", 2, entries=(said(3),))),
        store.commit(step("c3", 1, entries=(said(1),))),
        return_exceptions=True,
    )

    assert list(results[:3]) == [True, False, True]
    assert isinstance(results[3], Conflict)
    assert results[4] is True
    assert await store.load("c2") is None
    assert [each.number for each in await store.entries("c1")] == [1, 2]


async def test_many_conversations_at_once_keep_their_order(store: Store):
    async def talk(key: str) -> None:
        for version in range(1, 11):
            pending = (ask(version, key=key),)
            ended = (done(ask(version - 1, key=key)),) if version > 1 else ()
            found = step(key, version, entries=(said(version, f"{key} {version}"),), effects=pending, finished=ended)
            assert await store.commit(replace(found, dedup=dedup(f"{key}-{version}")))

    keys = [f"c{number:03}" for number in range(200)]
    await asyncio.gather(*(talk(key) for key in keys))

    for key in keys:
        assert await store.entries(key) == [said(number, f"{key} {number}") for number in range(1, 11)]
    assert [(each.conversation, each.number) for each in await pending(store)] == [(key, 10) for key in keys]


# --- effects --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["done", "stale", "failed", "dropped"])
async def test_a_finished_effect_is_kept_with_its_fate(store: Store, state: str):
    await store.commit(step(version=1, effects=(ask(1), send(2))))
    tried = replace(ask(1), attempts=3, due_at=1200.0, delayed=True)

    await store.commit(step(version=2, finished=(Finished(effect=tried, state=state, at=1500.125, error="why"),)))

    record = await record_of(store, 1)
    assert record == EffectRecord(
        effect=replace(tried, error="why"),
        state=state,
        ended_at=1500.125,
        failures=((1500.125, "why"),) if state == "failed" else (),
    )
    assert await pending(store) == [send(2)]


async def test_an_effect_can_end_in_the_step_that_made_it(store: Store):
    await store.commit(step(effects=(ask(1), ask(2)), finished=(done(ask(1)),)))

    assert await pending(store) == [ask(2)]


async def test_a_fate_of_an_unknown_effect_is_nothing(store: Store):
    assert await store.commit(step(finished=(done(ask(7)),)))
    assert not await store.effects("c1")


async def test_a_start_learns_of_each_lane_how_many_effects_wait_and_when_the_first_is_due(store: Store):
    asks = [replace(ask(number), due_at=1000.5 + number) for number in range(2, 120)]
    await store.commit(step("c2", 1, effects=(send(1, key="c2"),)))
    await store.commit(step("c1", 1, effects=(send(1), *asks), finished=(done(asks[1]),)))
    store.reschedule(replace(asks[0], attempts=1, due_at=1900.0), at=1500.0)
    await settled(store)

    assert await store.pending_lanes() == [
        PendingLane(conversation="c1", target="bot", due_at=1900.0, numbers=(2, *range(4, 120))),
        PendingLane(conversation="c1", target="site", due_at=0.0, numbers=(1,)),
        PendingLane(conversation="c2", target="site", due_at=0.0, numbers=(1,)),
    ]


async def test_of_effects_asked_for_those_come_that_are_pending(store: Store):
    cancelled = (Cancelled(target="bot", since=4, before=5),)
    await store.commit(step("c1", 1, effects=tuple(ask(number) for number in range(1, 7)), finished=(done(ask(2)),)))
    await store.commit(step("c1", 2, cancelled=cancelled))
    await store.commit(step("c2", 1, effects=(ask(5, key="c2"), ask(7, key="c2"))))

    assert await store.pending_effects("c1", (5, 1, 2, 4, 7, 5)) == [ask(1), ask(5)]
    assert await store.pending_effects("c1", ()) == []
    assert await store.pending_effects("c3", (1,)) == []


async def test_pending_effects_come_in_order(store: Store):
    await store.commit(step("c2", 1, effects=(ask(1, key="c2"),)))
    await store.commit(step("c1", 1, effects=tuple(ask(number) for number in range(1, 12))))

    found = [(effect.conversation, effect.number) for effect in await pending(store)]

    assert found == [*(("c1", number) for number in range(1, 12)), ("c2", 1)]


async def test_a_failed_attempt_is_noted(store: Store, reopened):
    await store.commit(step(version=1, effects=(ask(1), send(2))))
    once = replace(ask(1), attempts=1, due_at=1010.5, error="timed out")
    twice = replace(once, attempts=2, due_at=1020.5, error='"refused"\n', delayed=True)

    store.reschedule(once, at=1005.25)
    store.reschedule(twice, at=1006.125)
    store = await reopened()

    assert await pending(store) == [twice, send(2)]
    assert (await record_of(store, 1)).failures == ((1005.25, "timed out"), (1006.125, '"refused"\n'))


async def test_how_much_of_a_message_arrived_is_noted(store: Store):
    await store.commit(step(version=1, effects=(send(1),)))
    half = replace(send(1), attempts=1, error="timed out", action=SendToClient(number=1, part=2))

    store.reschedule(half, at=1005.0)
    await settled(store)

    assert await pending(store) == [half]


async def test_an_attempt_noted_before_the_end_is_in_the_record(store: Store):
    await store.commit(step(version=1, effects=(ask(1),)))

    store.reschedule(replace(ask(1), attempts=1, error="timed out"), at=1005.0)
    await store.commit(step(version=2, finished=(failed(replace(ask(1), attempts=2)),)))

    record = await record_of(store, 1)
    assert (record.state, record.effect.attempts) == ("failed", 2)
    assert record.failures == ((1005.0, "timed out"), (1500.0, "gone"))


async def test_what_a_message_became_is_kept(store: Store, reopened):
    await store.commit(step(version=1, effects=(send(1), send(2))))
    there = SendToClient(number=1, part=1, remote=("4711",))
    nameless = SendToClient(number=2, part=1, remote=("",))
    done = tuple(
        Finished(effect=replace(send(action.number), action=action), state="done", at=1500.0)
        for action in (there, nameless)
    )
    await store.commit(step(version=2, finished=done))
    store = await reopened()

    assert [record.effect.action for record in await store.effects("c1")] == [there, SendToClient(number=2)]


async def test_an_attempt_noted_after_the_end_is_nothing(store: Store):
    await store.commit(step(version=1, effects=(ask(1),)))
    await store.commit(step(version=2, finished=(done(ask(1)),)))

    store.reschedule(replace(ask(1), attempts=5, error="late"), at=1600.0)
    await settled(store)

    assert await store.effects("c1") == [EffectRecord(effect=ask(1), state="done", ended_at=1500.0)]


async def test_an_effect_can_end_without_a_step(store: Store):
    await store.commit(step(version=1, effects=(ask(1), ask(2))))

    store.finish(done(ask(1)))
    store.finish(failed(ask(2)))
    await settled(store)

    assert await pending(store) == []
    assert [record.state for record in await store.effects("c1")] == ["done", "failed"]
    assert (await store.load("c1")).version == 1


async def test_a_cancelled_lane_is_dropped_up_to_its_number(store: Store):
    lane = tuple(send(number, target="desk") for number in (1, 3, 5))
    await store.commit(step(version=1, effects=(*lane, ask(2))))
    await store.commit(step("c2", 1, effects=(send(1, key="c2", target="desk"),)))

    after = (send(6, target="desk"),)
    cancelled = (Cancelled(target="desk", before=5),)
    await store.commit(step(version=2, cancelled=cancelled, effects=after))

    assert fates(await store.effects("c1")) == {1: "dropped", 2: "pending", 3: "dropped", 5: "pending", 6: "pending"}
    assert (await record_of(store, 1)).ended_at == 1002.0
    assert fates(await store.effects("c2")) == {1: "pending"}


async def test_cancelling_leaves_what_has_ended_alone(store: Store):
    await store.commit(step(version=1, effects=(send(1), send(2))))
    await store.commit(step(version=2, finished=(done(send(1)),)))

    await store.commit(step(version=3, cancelled=(Cancelled(target="site", before=9),), finished=(failed(send(2)),)))

    assert fates(await store.effects("c1")) == {1: "done", 2: "failed"}


async def test_a_lane_cancelled_in_one_batch_with_its_making(store: Store):
    await asyncio.gather(
        store.commit(step(version=1, effects=(send(1), send(2)))),
        store.commit(step(version=2, cancelled=(Cancelled(target="site", before=100),))),
        store.commit(step(version=3, effects=(send(3),))),
        store.commit(step(version=4, finished=(done(send(2)),))),
    )

    assert fates(await store.effects("c1")) == {1: "dropped", 2: "done", 3: "pending"}


# --- dead letters ---------------------------------------------------------------------------------------------------


async def with_dead_letters(store: Store) -> None:
    await store.commit(step("c1", 1, effects=(ask(1), send(2), send(3))))
    await store.commit(step("c2", 1, effects=(send(1, key="c2"),)))
    await store.commit(step("c1", 2, finished=(failed(ask(1), at=1700.0), failed(send(3), at=1600.0))))
    await store.commit(step("c2", 2, finished=(failed(send(1, key="c2"), at=1650.0),)))


async def test_dead_letters_come_oldest_first(store: Store):
    await with_dead_letters(store)

    found = [(record.effect.conversation, record.effect.number) for record in await store.dead_letters()]

    assert found == [("c1", 3), ("c2", 1), ("c1", 1)]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"conversation": "c1"}, [3, 1]),
        ({"target": "site"}, [3, 1]),
        ({"conversation": "c1", "target": "bot"}, [1]),
        ({"conversation": "c9"}, []),
        ({"limit": 2}, [3, 1]),
        ({"limit": 0}, []),
    ],
)
async def test_dead_letters_can_be_asked_for(store: Store, wanted, found):
    await with_dead_letters(store)

    assert [record.effect.number for record in await store.dead_letters(**wanted)] == found


async def test_a_dead_letter_is_replayed_as_if_new(store: Store):
    await with_dead_letters(store)

    effect = await store.replay("c1", 1, at=1800.0)

    assert effect == replace(ask(1), made_at=1800.0, due_at=1800.0)
    assert await pending(store) == [effect, send(2)]
    record = await record_of(store, 1)
    assert (record.state, record.ended_at, record.failures) == ("pending", None, ((1700.0, "gone"),))
    assert await store.replay("c1", 1, at=1900.0) is None, "it is alive now"


async def test_a_replayed_letter_may_die_again(store: Store):
    await with_dead_letters(store)
    effect = await store.replay("c1", 1, at=1800.0)
    assert effect is not None

    await store.commit(step("c1", 3, finished=(failed(effect, at=1900.0, error="again"),)))

    assert (await record_of(store, 1)).failures == ((1700.0, "gone"), (1900.0, "again"))
    assert [record.effect.number for record in await store.dead_letters(conversation="c1")] == [3, 1]


async def test_a_dropped_letter_is_gone_but_traceable(store: Store):
    await with_dead_letters(store)

    assert await store.drop("c1", 1, at=1800.0)

    assert not await store.drop("c1", 1, at=1900.0)
    assert await store.replay("c1", 1, at=1900.0) is None
    record = await record_of(store, 1)
    assert (record.state, record.ended_at) == ("dropped", 1800.0)


@pytest.mark.parametrize(("key", "number"), [("c1", 2), ("c1", 9), ("c9", 1)])
async def test_only_dead_letters_are_replayed_or_dropped(store: Store, key: str, number: int):
    await with_dead_letters(store)

    assert await store.replay(key, number, at=1800.0) is None
    assert not await store.drop(key, number, at=1800.0)


# --- timers ---------------------------------------------------------------------------------------------------------


async def test_a_timer_is_replaced_and_cancelled_by_its_name(store: Store):
    await store.commit(step("c1", 1, timers=(timer("idle", 1.5), timer("accept", 2.5))))
    await store.commit(step("c2", 1, timers=(timer("idle", 3.5, key="c2"),)))

    await store.commit(step("c1", 2, timers=(timer("idle", 4.5),), cancelled_timers=("accept", "never set")))

    assert await store.timers() == [timer("idle", 4.5), timer("idle", 3.5, key="c2")]


async def test_a_timer_cancelled_and_set_in_one_step_is_set(store: Store):
    await store.commit(step("c1", 1, timers=(timer("idle", 1.5),)))
    await store.commit(step("c1", 2, timers=(timer("idle", 2.5),), cancelled_timers=("idle",)))

    assert await store.timers() == [timer("idle", 2.5)]


async def test_timers_of_one_batch_end_as_their_last_step_says(store: Store):
    await asyncio.gather(
        store.commit(step("c1", 1, timers=(timer("a"), timer("b")))),
        store.commit(step("c1", 2, cancelled_timers=("a",))),
        store.commit(step("c1", 3, cancelled_timers=("b",))),
        store.commit(step("c1", 4, timers=(timer("b", 7.0),))),
    )

    assert await store.timers() == [timer("b", 7.0)]


# --- conversations --------------------------------------------------------------------------------------------------


async def test_the_newest_conversation_is_the_one_begun_last(store: Store):
    await store.commit(step("z", 1))
    await store.commit(step("a", 1, floor=Floor.CLOSED))
    await store.commit(step("b", 1, channel="shop"))
    await store.commit(step("c", 1, client=Peer(id="bob")))
    await store.commit(step("z", 2, active_at=9000.0))

    found = await store.newest("site", "ann")

    assert found is not None
    assert found.id == "a"
    assert await store.newest("shop", "bob") is None


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["c3", "c1", "c4", "c2"]),
        ({"limit": 2}, ["c3", "c1"]),
        ({"limit": 0}, []),
        ({"channel": "shop"}, ["c2"]),
        ({"floor": "closed"}, ["c3"]),
        ({"client": "bob"}, ["c4"]),
        ({"channel": "site", "floor": "bot", "client": "ann"}, ["c1"]),
    ],
)
async def test_conversations_come_most_recently_active_first(store: Store, wanted, found):
    await store.commit(step("c1", 1, active_at=30.0))
    await store.commit(step("c2", 1, active_at=10.0, channel="shop"))
    await store.commit(step("c3", 1, active_at=30.0, floor=Floor.CLOSED))
    await store.commit(step("c4", 1, active_at=5.0, client=Peer(id="bob")))
    await store.commit(step("c4", 2, active_at=20.0, client=Peer(id="bob")))

    assert [each.id for each in await store.conversations(**wanted)] == found


# --- sessions -------------------------------------------------------------------------------------------------------


async def test_a_session_is_found_by_either_id(store: Store):
    await store.commit(step("c1", 1, handoff=handoff(session="s1")))
    await store.commit(step("c1", 2, handoff=handoff(session="s1", remote="r1")))

    for key in ("s1", "r1"):
        found = await store.by_session("desk", key)
        assert found is not None
        assert (found.id, found.version) == ("c1", 2)
    assert await store.by_session("center", "s1") is None
    assert await store.by_session("desk", "") is None


async def test_a_session_that_is_over_is_not_found_any_more(store: Store):
    await store.commit(step("c1", 1, handoff=handoff("center", "s1", "r1")))
    await store.commit(step("c1", 2, handoff=handoff("desk", "s2")))
    await store.commit(step("c1", 3))

    for platform, key in (("center", "s1"), ("center", "r1"), ("desk", "s2")):
        assert await store.by_session(platform, key) is None
        assert await store.had_session(platform, "c1")
    assert not await store.had_session("desk", "c2")
    assert not await store.had_session("other", "c1")


async def test_a_remote_id_used_again_means_the_session_going_on(store: Store):
    await store.commit(step("c1", 1, handoff=handoff(session="s1", remote="room")))
    await store.commit(step("c1", 2))
    await store.commit(step("c2", 1, handoff=handoff(session="s2", remote="room")))
    await store.commit(step("c3", 1, handoff=handoff("center", "s3", "room")))

    found = await store.by_session("desk", "room")

    assert found is not None
    assert found.id == "c2"


async def test_sessions_of_a_platform_come_oldest_first(store: Store):
    await store.commit(step("c1", 1, handoff=handoff(session="s1", since=300.0)))
    await store.commit(step("c2", 1, handoff=handoff(session="s2", since=100.0)))
    await store.commit(step("c3", 1, handoff=handoff("center", "s3", since=50.0)))
    await store.commit(step("c4", 1, handoff=handoff(session="s4", since=200.0)))
    await store.commit(step("c4", 2))

    assert [each.id for each in await store.sessions("desk")] == ["c2", "c1"]


# --- the log --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"limit": 2}, [1, 2]),
        ({"after": 2, "limit": 2}, [3, 4]),
        ({"after": 6}, []),
        ({"before": 5}, [1, 2, 3, 4]),
        ({"before": 5, "limit": 2}, [3, 4]),
        ({"after": 1, "before": 5, "limit": 9}, [2, 3, 4]),
        ({"after": 3, "before": 4}, []),
        ({"before": 1}, []),
        ({"before": 0}, []),
        ({"before": 99, "limit": 1}, [6]),
        ({"limit": 0}, []),
        ({"before": 5, "limit": 0}, []),
    ],
)
async def test_the_log_is_paged_both_ways(store: Store, wanted, found):
    await store.commit(step("c1", 1, entries=tuple(said(number) for number in range(1, 7))))
    await store.commit(step("c2", 1, entries=(said(1),)))

    assert [each.number for each in await store.entries("c1", **wanted)] == found


@pytest.mark.parametrize(
    ("upto", "limit", "found"),
    [(9, 9, [1, 3, 4, 6]), (9, 2, [4, 6]), (5, 2, [3, 4]), (4, 1, [4]), (0, 5, []), (9, 0, [])],
)
async def test_history_is_the_last_things_said(store: Store, upto, limit, found):
    entries = (said(1), closed(2), said(3, message_id="m"), said(4, role=Role.BOT), closed(5), said(6))
    await store.commit(step("c1", 1, entries=entries))
    await store.commit(step("c2", 1, entries=(said(1),)))

    assert [each.number for each in await store.said("c1", upto=upto, limit=limit)] == found


async def test_a_message_is_found_by_its_id(store: Store):
    await store.commit(step("c2", 1, entries=(said(1, message_id="m1"),)))
    await store.commit(step("c1", 1, entries=(said(1), said(2, message_id="m1"), said(3, message_id="m2"))))

    assert await store.find_message("m1") == [("c1", 2), ("c2", 1)]
    assert await store.find_message("m3") == []
    assert await store.find_message("") == []


# --- pairs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0, "", False, [1, {"a": None}], {"ü": 1.5}, "x" * 100_000])
async def test_a_value_comes_back_as_it_was(store: Store, value):
    await store.kv_put("desk", "key", "old")
    await store.kv_put("desk", "key", value)

    assert await store.kv_get("desk", "key") == value
    assert await store.kv_get("site", "key") is None


async def test_none_deletes(store: Store):
    await store.kv_put("desk", "key", 1)
    await store.kv_put("desk", "key", None)
    await store.kv_put("desk", "never", None)

    assert await store.kv_get("desk", "key") is None
    assert await store.kv_items("desk", "") == {}


async def test_pairs_come_sorted_by_prefix(store: Store):
    for key in ("agent/b", "agent/a", "agent", "agents", "ágent/a", "agent/\U0010ffff", "z", "agent/a%_"):
        await store.kv_put("desk", key, key.upper())
    await store.kv_put("site", "agent/c", 1)

    found = await store.kv_items("desk", "agent/")

    assert list(found) == ["agent/a", "agent/a%_", "agent/b", "agent/\U0010ffff"]
    assert found["agent/b"] == "AGENT/B"
    assert len(await store.kv_items("desk", "")) == 8


async def test_a_value_that_is_no_json_is_refused(store: Store):
    with pytest.raises(TypeError):
        await store.kv_put("desk", "key", object())

    assert await store.kv_get("desk", "key") is None


# --- beginning and end ----------------------------------------------------------------------------------------------


async def test_everything_is_there_after_a_restart(store: Store, reopened):
    first = step(entries=(said(1),), effects=(ask(1),), timers=(timer("idle"),), dedup=dedup("k"), handoff=handoff())
    await store.commit(first)
    await store.kv_put("desk", "key", 1)

    again = await reopened()

    assert await again.load("c1") == first.conversation
    assert await again.entries("c1") == [said(1)]
    assert await pending(again) == [ask(1)]
    assert await again.timers() == [timer("idle")]
    assert await again.had_session("desk", "c1")
    assert await again.kv_get("desk", "key") == 1
    assert not await again.commit(step(version=2, dedup=dedup("k")))
    assert await again.commit(step(version=2))


async def test_the_journal_tells_in_which_order_steps_were_committed(store: Store, reopened):
    await store.commit(step("c1", entries=(said(1), said(2)), dedup=dedup("k")))
    await store.commit(step("c2", entries=(said(1),)))
    await store.commit(step("c1", 2))
    await store.commit(step("c1", 3, entries=(said(9),), dedup=dedup("k")))
    await store.commit(step("c1", 3, entries=(said(3),)))

    again = await reopened()
    whole = await again.journal(after=0)

    assert [(each.conversation, each.first, each.last) for each in whole] == [("c1", 1, 2), ("c2", 1, 1), ("c1", 3, 3)]
    assert [each.position for each in whole] == sorted({each.position for each in whole})
    assert await again.journal(after=whole[0].position, limit=1) == [whole[1]]
    assert await again.journal_end() == whole[-1].position


async def test_a_new_journal_is_empty(store: Store):
    assert await store.journal(after=0) == []
    assert await store.journal_end() == 0


async def test_a_closed_store_takes_nothing(store: Store):
    await store.close()

    with pytest.raises(Unavailable, match="closed"):
        await store.commit(step())
    with pytest.raises(Unavailable, match="closed"):
        await store.kv_put("desk", "key", 1)


async def test_closing_twice_is_harmless(store: Store):
    await store.close()
    await store.close()


async def test_what_was_handed_in_is_finished_before_the_end(store: Store, reopened):
    commits = [asyncio.ensure_future(store.commit(step(f"c{number}"))) for number in range(50)]
    await asyncio.sleep(0)

    again = await reopened()

    assert await asyncio.gather(*commits) == [True] * 50
    assert len(await again.conversations(limit=99)) == 50


async def test_a_store_that_works_is_healthy(store: Store):
    await store.commit(step())

    assert store.healthy == ""
