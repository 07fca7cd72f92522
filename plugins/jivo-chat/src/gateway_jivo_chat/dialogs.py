"""What is remembered of each dialog, in the instance's storage.

Jivo knows a client, not a session: what it tells names the client by the id we gave, or, in webhooks, by numbers of
its own. So the newest session of each client is remembered, and each number once it is known whose it is.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from gateway import Steps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway import Context, Opening

DIALOG, SENDER, MARK, NUMBERS, ENDED = "dialog:", "sender:", "mark:", "numbers:", "ended:"

KEPT_SECONDS = 7 * 86400.0
"""How long a dialog that is over is remembered: so long it matters that the client comes again."""
RECENT_SECONDS = 3600.0
"""How long after its end a dialog is among those a webhook without a known number may be about."""
TIDY_SECONDS = 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialog:
    """One session."""

    session: str
    conversation: str
    sender: str
    """The client's id, as Jivo knows it."""
    opened_at: float
    resumed: bool = False
    """The dialog before was stopped, so that this one begins with `start`."""
    stopped: bool = False
    """One side has sent `stop`."""


class Dialogs:
    """Remembers them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._storage = context.storage
        self._tidied_at = 0.0
        self.steps = Steps(context.storage)
        """Of openings and closings."""

    async def begin(self, opening: Opening, sender: str) -> Dialog:
        """Return the dialog of an opening, the same at every attempt."""
        dialog = await self.get(opening.session) or await self._fresh(opening, sender)
        await self._storage.put(SENDER + sender, dialog.session)
        return dialog

    async def _fresh(self, opening: Opening, sender: str) -> Dialog:
        await self._tidy()
        before = await self.of(sender)
        fresh = Dialog(
            session=opening.session,
            conversation=opening.conversation,
            sender=sender,
            opened_at=self._context.now(),
            resumed=before is not None and before.stopped,
        )
        await self._put(fresh)
        return fresh

    async def get(self, session: str) -> Dialog | None:
        """Return what is known of a session."""
        found: Any = await self._storage.get(DIALOG + session)
        return Dialog(**found) if isinstance(found, dict) else None

    async def of(self, sender: str) -> Dialog | None:
        """Return the newest dialog of a client."""
        session: Any = await self._storage.get(SENDER + sender)
        return await self.get(session) if isinstance(session, str) else None

    async def end(self, dialog: Dialog, *, stopped: bool) -> None:
        """It is over; by a `stop` or otherwise."""
        if stopped and not dialog.stopped:
            await self._put(replace(dialog, stopped=True))
        await self._storage.put(ENDED + dialog.session, self._context.now())
        await self.steps.forget(dialog.session)

    # --- numbers of Jivo's own ---

    async def mark(self, marks: Mapping[str, str], sender: str) -> None:
        """Remember whose these numbers are; `marks`: what kind of number it is -> the number."""
        known = await self.numbers(sender)
        if any(known.get(kind) != number for kind, number in marks.items()):
            await self._storage.put(NUMBERS + sender, {**known, **marks})
        for mark in map(_mark, marks.items()):
            if await self._storage.get(mark) != sender:
                await self._storage.put(mark, sender)

    async def numbers(self, sender: str) -> Mapping[str, str]:
        """Return the numbers a client is known by."""
        found: Any = await self._storage.get(NUMBERS + sender)
        return found if isinstance(found, dict) else {}

    async def marked(self, kind: str, number: str) -> Dialog | None:
        """Return the newest dialog of the client a number belongs to."""
        sender: Any = await self._storage.get(_mark((kind, number)))
        return await self.of(sender) if isinstance(sender, str) else None

    # --- those a webhook may be about ---

    async def candidates(self) -> list[Dialog]:
        """Return the open dialogs, and those that ended a short while ago."""
        open_ones = [each.handoff.session for each in await self._context.conversations.sessions() if each.handoff]
        since = self._context.now() - RECENT_SECONDS
        ended = await self._storage.items(ENDED)
        for key, at in ended.items():
            if at < since:
                await self._storage.put(key, None)
        recent = [key.removeprefix(ENDED) for key, at in ended.items() if at >= since]
        found = [await self.get(session) for session in dict.fromkeys((*open_ones, *recent))]
        return [each for each in found if each]

    # --- forgetting ---

    async def _tidy(self) -> None:
        """Forget what is long over, once an hour at most."""
        now = self._context.now()
        if now - self._tidied_at < TIDY_SECONDS:
            return
        self._tidied_at = now
        open_ones = {each.handoff.session for each in await self._context.conversations.sessions() if each.handoff}
        await self.steps.forget_all_but(open_ones)
        for dialog in await self._all(DIALOG):
            if dialog["session"] not in open_ones and dialog["opened_at"] < now - KEPT_SECONDS:
                await self._forget(dialog["session"], dialog["sender"])
        for key, sender in (await self._storage.items(MARK)).items():
            if await self.of(sender) is None:
                await self._storage.put(key, None)

    async def _forget(self, session: str, sender: str) -> None:
        await self._storage.put(DIALOG + session, None)
        await self._storage.put(ENDED + session, None)
        if await self._storage.get(SENDER + sender) == session:
            await self._storage.put(SENDER + sender, None)
            await self._storage.put(NUMBERS + sender, None)

    async def _all(self, prefix: str) -> list[Mapping[str, Any]]:
        return list((await self._storage.items(prefix)).values())

    async def _put(self, dialog: Dialog) -> None:
        await self._storage.put(DIALOG + dialog.session, asdict(dialog))


def _mark(mark: tuple[str, str]) -> str:
    return f"{MARK}{mark[0]}:{mark[1]}"
