from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.store.memory import MemoryStore
from gateway.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from gateway.store.contract import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "gateway.db"


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, path: Path) -> AsyncIterator[Store]:
    store = MemoryStore() if request.param == "memory" else SqliteStore(path)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def sqlite(path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(path)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def reopened(store: Store, path: Path) -> AsyncIterator[Callable[[], Awaitable[Store]]]:
    """Call it to close the store and get it as the next start of the gateway would find it."""
    opened: list[Store] = []

    async def reopen() -> Store:
        await store.close()
        again = store if isinstance(store, MemoryStore) else SqliteStore(path)
        await again.open()
        opened.append(again)
        return again

    yield reopen
    for again in opened:
        await again.close()
