"""What was asked by `/async` and may still be answered: which question is of which epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway import Storage, Turn

PREFIX = "asked/"
MOST_QUESTIONS = 20
"""Of one client; the oldest is forgotten. Its answer then counts if the bot has the floor."""
OVER = 0
"""An epoch before the first."""


class Asked:
    """Remembers questions, per client, in an instance's storage."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def knows(self, client_id: str, turn: Turn) -> bool:
        """Tell whether the turn was asked already: a repeated turn must not make the script go on twice."""
        return (await self._get(client_id)).get("turn") == turn.id

    async def remember(self, client_id: str, turn: Turn, question_id: str) -> None:
        """Remember; committed when this returns."""
        place = [turn.conversation.id, turn.epoch]
        epochs = {**(await self._get(client_id)).get("epochs", {}), question_id: place}
        newest = dict(list(epochs.items())[-MOST_QUESTIONS:])
        await self._storage.put(PREFIX + client_id, {"turn": turn.id, "epochs": newest})

    async def epoch(self, client_id: str, question_id: str, conversation: str) -> int | None:
        """Return the epoch a question was asked in: one that is over, if it was in another conversation."""
        found = (await self._get(client_id)).get("epochs", {}).get(question_id) if question_id else None
        if found is None:
            return None
        asked_in, epoch = found
        return int(epoch) if asked_in == conversation else OVER

    async def _get(self, client_id: str) -> dict[str, Any]:
        found = await self._storage.get(PREFIX + client_id)
        return found if isinstance(found, dict) else {}
