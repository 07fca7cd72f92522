"""The desk's groups and who is online in them, remembered for some seconds so that nobody waits for the desk."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from gateway import Rejected
from gateway_operator_api.wire import Destination, destinations_in

if TYPE_CHECKING:
    from gateway import Context

WAIT_SECONDS = 1.0
"""How long a newer answer is waited for while an older one is at hand."""
STALE_SECONDS = 60.0
"""An answer older than that is none."""

Listing = tuple[Destination, ...]


class Groups:
    """Asks one desk. An empty listing means that the desk does not tell."""

    def __init__(self, context: Context, *, ask: Callable[[], Awaitable[bytes]], fresh_seconds: float) -> None:
        """`ask` calls `getDestinations`; its answer is used for `fresh_seconds`."""
        self._context = context
        self._ask = ask
        self._fresh_seconds = fresh_seconds
        self._listing: Listing | None = None
        self._at = 0.0
        self._asking: asyncio.Task[Listing] | None = None
        self._complained = False

    async def listing(self) -> Listing:
        """Return the groups: at once if they are fresh, soon if they are known. Raises a `Failure`."""
        age = self._context.now() - self._at
        if self._listing is not None and age < self._fresh_seconds:
            return self._listing
        asking = self.refresh()
        if self._listing is None or age > STALE_SECONDS:
            return await asyncio.shield(asking)
        await asyncio.wait({asking}, timeout=WAIT_SECONDS)
        return self._listing

    def refresh(self) -> asyncio.Task[Listing]:
        """Ask the desk, or join in the question that is under way."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._refresh())
            self._asking.add_done_callback(self._answered)
        return self._asking

    async def stop(self) -> None:
        """Ask no more."""
        if self._asking:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    def _answered(self, asking: asyncio.Task[Listing]) -> None:
        self._asking = None
        if not asking.cancelled() and (error := asking.exception()):
            self._context.log.info("operator_api.groups_unknown", reason=str(error))

    async def _refresh(self) -> Listing:
        self._listing = await self._asked()
        self._at = self._context.now()
        return self._listing

    async def _asked(self) -> Listing:
        """A desk that has no such method, or answers what nobody understands, is taken for one that does not tell."""
        try:
            found = destinations_in(json.loads(await self._ask()))
            reason = "" if found is not None else "the answer is neither a list nor an object with a list in it"
        except Rejected as failure:
            found, reason = None, failure.reason
        except ValueError:
            found, reason = None, "the answer is not JSON"
        if reason and not self._complained:
            self._complained = True
            self._context.log.warning("operator_api.groups_not_understood", reason=reason)
        return found or ()


def named(listing: Listing, wanted: str) -> Destination | None:
    """Return the group with this id, or else with this name."""
    by_id = (each for each in listing if each.destination_id == wanted)
    by_name = (each for each in listing if each.name.casefold() == wanted.casefold())
    return next(by_id, None) or next(by_name, None)


def default(listing: Listing) -> Destination | None:
    """Return the first group with somebody online, otherwise the first one."""
    return next((each for each in listing if each.has_online), None) or next(iter(listing), None)


def is_online(listing: Listing, wanted: str) -> bool:
    """Tell whether a transfer would find somebody. What the desk does not tell is no reason to refuse.

    A destination that is no group may be an agent of any of them.
    """
    group = named(listing, wanted) if wanted else None
    asked = (group,) if group else listing
    return not asked or any(each.has_online is not False for each in asked)
