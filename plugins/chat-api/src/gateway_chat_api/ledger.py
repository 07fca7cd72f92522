"""What must survive a restart: which replies a caller was given in an answer, and how far `/events` was read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway import Mailboxes
from gateway_chat_api.wire import Cursor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gateway import Storage

CONVERSATIONS_KEPT = 3
NUMBERS_KEPT = 500
CONNECTIONS_KEPT = 50
SWEPT_KEPT = 5_000
"""Per client, and conversations per reader. What is older counts as not given: told twice rather than never."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """How far somebody has read in all conversations."""

    at: float
    """Unix seconds of when they had read everything there was."""
    read: Mapping[str, int]
    """Conversation -> number of the last entry read, those read last at the end."""


class Ledger:
    """One row per client and purpose."""

    def __init__(self, storage: Storage) -> None:
        """`storage`: the instance's."""
        self._storage = storage
        self._turns = Mailboxes()

    async def give(self, client: str, conversation: str, numbers: Iterable[int]) -> None:
        """Remember that a caller has these replies."""
        if new := set(numbers):
            async with self._turns.turn(client):
                rows = await self._rows(f"given:{client}")
                rows[conversation] = sorted({*rows.get(conversation, ()), *new})[-NUMBERS_KEPT:]
                kept = sorted(rows)[-CONVERSATIONS_KEPT:]
                await self._storage.put(f"given:{client}", {key: rows[key] for key in kept})

    async def given(self, client: str) -> set[Cursor]:
        """Return the replies callers were given in answers."""
        rows = await self._rows(f"given:{client}")
        return {Cursor(conversation, number) for conversation, numbers in rows.items() for number in numbers}

    async def position(self, client: str, reader: str) -> Cursor | None:
        """Return up to where somebody has read a client's events; None: they never did."""
        found = (await self._rows(f"read:{client}")).get(reader)
        return Cursor(*found) if found else None

    async def move(self, client: str, reader: str, to: Cursor) -> None:
        """Somebody has read up to there."""
        async with self._turns.turn(client):
            rows = await self._rows(f"read:{client}")
            rows.pop(reader, None)
            rows[reader] = [to.conversation, to.number]
            await self._storage.put(f"read:{client}", dict(list(rows.items())[-CONNECTIONS_KEPT:]))

    async def sweep(self, reader: str) -> Sweep | None:
        """Return up to where somebody has read everybody's events; None: they never did."""
        row = await self._rows(f"sweep:{reader}")
        return Sweep(at=row["at"], read=dict(row["read"])) if row else None

    async def swept(self, reader: str, sweep: Sweep) -> None:
        """Somebody has read everybody's events up to there."""
        read = dict(list(sweep.read.items())[-SWEPT_KEPT:])
        await self._storage.put(f"sweep:{reader}", {"at": sweep.at, "read": read})

    async def _rows(self, key: str) -> dict[str, Any]:
        found = await self._storage.get(key)
        return dict(found) if isinstance(found, dict) else {}
