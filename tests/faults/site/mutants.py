"""Faults put into the gateway on purpose, from outside: each breaks one promise, and a run must find it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4


def acknowledges_early() -> None:
    """Senders are answered before the commit."""
    from gateway.store.sqlite import SqliteStore

    commit, kept = SqliteStore.commit, set[Any]()

    async def at_once(self: Any, step: Any, *, done: Any) -> bool:
        task = asyncio.ensure_future(commit(self, step, done=done))
        kept.add(task)
        task.add_done_callback(kept.discard)
        return True

    SqliteStore.commit = at_once  # type: ignore[method-assign, assignment]


def forgets_effects() -> None:
    """What an earlier run left undone is not taken up."""
    from gateway.store.sqlite import SqliteStore

    async def nothing(_self: Any) -> list[Any]:
        return []

    SqliteStore.pending_lanes = nothing  # type: ignore[method-assign, assignment]


def takes_webhooks_twice() -> None:
    """Keys of events are not looked at."""
    from gateway.engine import Engine

    receive = Engine.receive

    async def without_key(self: Any, instance: str, event: Any, *, key: str = "") -> Any:
        return await receive(self, instance, event)

    Engine.receive = without_key  # type: ignore[method-assign]


def has_no_fence() -> None:
    """What the bot said is sent, whoever has the floor by then."""
    from gateway import fence

    fence._is_stale = lambda *_: False


def makes_new_keys() -> None:
    """A repetition cannot be told from something new."""
    from gateway.remote import Remote

    post = Remote.post

    async def with_new_key(self: Any, url: str, body: Any, *, key: str = "", **more: Any) -> Any:
        return await post(self, url, body, key=f"{key}.{uuid4()}", **more)

    Remote.post = with_new_key  # type: ignore[method-assign]


def carries_out_of_order() -> None:
    """The newest effect of a lane goes first."""
    from gateway.dispatch import Dispatcher

    work = Dispatcher._work

    async def turned_over(self: Any, lane: Any) -> None:
        lane.waiting.reverse()
        await work(self, lane)

    Dispatcher._work = turned_over  # type: ignore[method-assign]


MUTANTS: dict[str, tuple[Callable[[], None], str, str]] = {
    "acknowledges early": (acknowledges_early, "kills", "lost"),
    "forgets effects": (forgets_effects, "kills", "stuck"),
    "takes webhooks twice": (takes_webhooks_twice, "ways", "twice"),
    "has no fence": (has_no_fence, "moods", "two speakers"),
    "makes new keys": (makes_new_keys, "moods", "duplicate"),
    "carries out of order": (carries_out_of_order, "moods", "reordered"),
}
"""Name -> what breaks it, the kind of round that must notice, and as what."""
