"""A durable listener hears of every entry, whatever happens to it or to the gateway."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway import Permanent, Temporary
from gateway.bookmark import tell_again
from gateway.testing import SIMPLE, Harness, plugin_host

CONFIG = {**SIMPLE, "listeners": {"crm": {"type": "durable"}}}
WITHOUT = SIMPLE


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures are frequent here."""
    monkeypatch.setattr("gateway.dispatch.RETRY_SECONDS", (0.01,) * 7)


def harness(folder: Path, config=CONFIG) -> Harness:
    return Harness(config, folder=folder, host=plugin_host("tests.integration.listeners"))


def crm_of(gateway: Harness):
    return gateway.gateway.instances["crm"].component


async def everything(gateway: Harness, *clients: str) -> list[tuple[str, int]]:
    return [(client, entry.number) for client in clients for entry in await gateway.log(client)]


async def heard_all(gateway: Harness, *clients: str) -> None:
    crm, wanted = crm_of(gateway), set(await everything(gateway, *clients))
    await crm.until(lambda: wanted <= set(crm.heard))


async def test_every_entry_is_told_once_and_in_order(tmp_path: Path) -> None:
    async with harness(tmp_path) as gateway:
        for text in ("one", "two", "three"):
            await asyncio.gather(*(gateway.channel().writes(text, client) for client in ("ann", "bob", "cid")))
        await gateway.settled()
        await heard_all(gateway, "ann", "bob", "cid")

        crm = crm_of(gateway)
        assert sorted(crm.heard) == sorted(await everything(gateway, "ann", "bob", "cid"))
        for client in ("ann", "bob", "cid"):
            assert crm.of(client) == sorted(crm.of(client))


async def test_what_was_committed_before_its_first_start_is_not_its_business(tmp_path: Path) -> None:
    async with harness(tmp_path, WITHOUT) as gateway:
        await gateway.channel().writes("before")
        await gateway.settled()
    async with harness(tmp_path) as gateway:
        await gateway.channel().writes("after")
        await gateway.settled()
        await crm_of(gateway).until(lambda: ("ann", 4) in crm_of(gateway).heard)

        assert crm_of(gateway).of("ann") == [3, 4]


async def test_what_was_committed_while_it_was_not_configured_is_told_later(tmp_path: Path) -> None:
    async with harness(tmp_path):
        pass
    async with harness(tmp_path, WITHOUT) as gateway:
        await gateway.channel().writes("unheard")
        await gateway.settled()
    async with harness(tmp_path) as gateway:
        await heard_all(gateway, "ann")

        assert crm_of(gateway).of("ann") == [1, 2]


async def test_an_outage_delays_and_loses_nothing(tmp_path: Path) -> None:
    async with harness(tmp_path) as gateway:
        crm = crm_of(gateway)
        crm.refuse = lambda _change: Temporary("down")
        await asyncio.gather(*(gateway.channel().writes("hi", client) for client in ("ann", "bob", "cid")))
        await crm.until(lambda: len(crm.tried) > 12)
        await gateway.settled()
        assert crm.heard == []
        crm.refuse = lambda _change: None
        await heard_all(gateway, "ann", "bob", "cid")

        assert sorted(crm.heard) == sorted(await everything(gateway, "ann", "bob", "cid"))


async def test_a_restart_in_an_outage_loses_nothing(tmp_path: Path) -> None:
    async with harness(tmp_path) as gateway:
        crm = crm_of(gateway)
        crm.refuse = lambda _change: Temporary("down")
        await gateway.channel().writes("hi")
        await gateway.settled()
        await crm.until(lambda: bool(crm.tried))
    async with harness(tmp_path) as gateway:
        await heard_all(gateway, "ann")

        assert crm_of(gateway).of("ann") == [1, 2]


async def test_one_conversation_that_fails_does_not_hold_up_the_others(tmp_path: Path) -> None:
    async with harness(tmp_path) as gateway:
        crm = crm_of(gateway)
        crm.refuse = lambda change: Temporary("not this one") if change.conversation.client.id == "ann" else None
        for text in ("one", "two"):
            await asyncio.gather(*(gateway.channel().writes(text, client) for client in ("ann", "bob")))
        await gateway.settled()
        await heard_all(gateway, "bob")
        assert crm.of("ann") == []
        await gateway.channel().writes("three", "bob")
        await heard_all(gateway, "bob")
        crm.refuse = lambda _change: None
        await heard_all(gateway, "ann")

        assert crm.of("ann") == [1, 2, 3, 4]
        assert sorted(set(crm.of("bob"))) == crm.of("bob")


async def test_who_fell_behind_is_remembered_over_a_restart(tmp_path: Path) -> None:
    async with harness(tmp_path) as gateway:
        crm = crm_of(gateway)
        crm.refuse = lambda change: Temporary("not this one") if change.conversation.client.id == "ann" else None
        await asyncio.gather(*(gateway.channel().writes("hi", client) for client in ("ann", "bob")))
        await gateway.settled()
        await heard_all(gateway, "bob")
        following = gateway.gateway._listening["crm"]
        await crm.until(lambda: bool(following._bookmark.behind))
    async with harness(tmp_path) as gateway:
        await heard_all(gateway, "ann")

        assert crm_of(gateway).of("ann") == [1, 2]


async def test_what_will_never_be_taken_is_passed_over(tmp_path: Path) -> None:
    async with harness(tmp_path) as gateway:
        crm = crm_of(gateway)
        crm.refuse = lambda change: Permanent("no") if change.entries[0].number == 1 else None
        await gateway.channel().writes("hi")
        await gateway.settled()
        await crm.until(lambda: ("ann", 2) in crm.heard)

        assert crm.tried == [("ann", 1), ("ann", 2)]
        assert 'gateway_watcher_errors_total{instance="crm"} 1.0' in gateway.gateway.metrics.render()[0].decode()


async def test_it_is_told_again_from_a_number(tmp_path: Path) -> None:
    async with harness(tmp_path) as gateway:
        await gateway.channel().writes("hi")
        await gateway.channel().writes("hi again")
        await gateway.settled()
        await heard_all(gateway, "ann")
        crm, conversation = crm_of(gateway), await gateway.conversation()
        again = gateway.gateway._tell_again
        assert await again("crm", conversation.id, 3)
        await crm.until(lambda: len(crm.heard) == 6)
        await gateway.channel().writes("and on")
        await gateway.settled()
        await heard_all(gateway, "ann")

        assert crm.of("ann") == [1, 2, 3, 4, 3, 4, 5, 6]
        assert not await again("crm", "nothing", 1)
        assert not await again("desk", conversation.id, 1)


async def test_a_long_conversation_is_told_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.following.PAGE", 3)
    async with harness(tmp_path) as gateway:
        for text in "abcde":
            await gateway.channel().writes(text)
        await gateway.settled()
        await heard_all(gateway, "ann")
        crm, conversation = crm_of(gateway), await gateway.conversation()
        assert await gateway.gateway._tell_again("crm", conversation.id, 2)
        await crm.until(lambda: len(crm.heard) == 19)

        assert crm.of("ann") == [*range(1, 11), *range(2, 11)]


async def test_it_is_told_everything_again(tmp_path: Path) -> None:
    async with harness(tmp_path, WITHOUT) as gateway:
        await gateway.channel().writes("old")
        await gateway.settled()
    async with harness(tmp_path) as gateway:
        await gateway.channel().writes("new", "bob")
        await gateway.settled()
        await heard_all(gateway, "bob")
        assert await gateway.gateway._tell_again("crm", "", 1)
        await crm_of(gateway).until(lambda: len(crm_of(gateway).heard) == 6)

        assert crm_of(gateway).of("ann") == [1, 2]
        assert crm_of(gateway).of("bob") == [1, 2, 1, 2]


async def test_it_is_told_again_after_the_next_start(tmp_path: Path) -> None:
    async with harness(tmp_path) as gateway:
        await gateway.channel().writes("hi")
        await gateway.settled()
        await heard_all(gateway, "ann")
        conversation = (await gateway.conversation()).id
        store = gateway.gateway.store
    await store.open()
    assert await tell_again(store, "crm", conversation, 2)
    assert not await tell_again(store, "crm", "nothing", 1)
    assert not await tell_again(store, "nobody", conversation, 1)
    await store.close()
    async with harness(tmp_path) as gateway:
        await crm_of(gateway).until(lambda: bool(crm_of(gateway).heard))

        assert crm_of(gateway).of("ann") == [2]


async def test_how_far_it_is_behind_is_a_metric(tmp_path: Path) -> None:
    async with harness(tmp_path) as gateway:
        crm = crm_of(gateway)
        crm.refuse = lambda _change: Temporary("down")
        await gateway.channel().writes("hi")
        await gateway.settled()
        await crm.until(lambda: len(crm.tried) > 3)

        assert gateway.gateway.metrics.listener_lag("crm")._value.get() >= 1
