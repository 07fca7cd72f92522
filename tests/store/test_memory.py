"""What only the store of the tests can do: break on demand."""

from __future__ import annotations

import pytest

from gateway.errors import Unavailable
from gateway.store.memory import MemoryStore
from tests.store.builders import ask, dedup, failed, said, step


@pytest.fixture
async def memory() -> MemoryStore:
    store = MemoryStore()
    await store.open()
    return store


async def test_a_commit_can_be_made_to_fail_once(memory: MemoryStore):
    made = step(entries=(said(1),), dedup=dedup("k"))
    memory.fail_next("disk full")

    with pytest.raises(Unavailable, match="disk full"):
        await memory.commit(made)

    assert memory.healthy == "disk full"
    assert await memory.load("c1") is None
    assert await memory.commit(made)
    assert memory.healthy == ""


async def test_every_write_can_be_made_to_fail(memory: MemoryStore):
    await memory.commit(step(version=1, effects=(ask(1),)))
    await memory.commit(step(version=2, finished=(failed(ask(1)),)))
    for write in (
        lambda: memory.replay("c1", 1, at=1.0),
        lambda: memory.drop("c1", 1, at=1.0),
        lambda: memory.kv_put("desk", "key", 1),
    ):
        memory.fail_next("disk full")
        with pytest.raises(Unavailable):
            await write()

    assert [record.state for record in await memory.effects("c1")] == ["failed"]
    assert await memory.kv_get("desk", "key") is None
