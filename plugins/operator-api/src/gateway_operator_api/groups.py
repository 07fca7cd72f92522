"""The desk's groups and who is online in them, remembered for some seconds so that nobody waits for the desk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from gateway import Lookup, Rejected, read_json
from gateway_operator_api.wire import Destination, destinations_in

if TYPE_CHECKING:
    from gateway import Context

Listing = tuple[Destination, ...]


class Groups:
    """Asks one desk. An empty listing means that the desk does not tell."""

    def __init__(self, context: Context, *, ask: Callable[[], Awaitable[bytes]], fresh_seconds: float) -> None:
        """`ask` calls `getDestinations`; its answer is used for `fresh_seconds`."""
        self._context = context
        self._ask = ask
        self._lookup = Lookup(self._asked, now=context.now, fresh_seconds=fresh_seconds, failed=self._failed)
        self._complained = False

    async def listing(self) -> Listing:
        """Return the groups: at once if they are fresh, soon if they are known. Raises a `Failure`."""
        return await self._lookup.answer()

    def refresh(self) -> None:
        """Ask the desk, so that the answer is there when it is needed."""
        self._lookup.refresh()

    async def stop(self) -> None:
        """Ask no more."""
        await self._lookup.stop()

    def _failed(self, reason: str) -> None:
        self._context.log.info("operator_api.groups_unknown", reason=reason)

    async def _asked(self) -> Listing:
        """A desk that has no such method, or answers what nobody understands, is taken for one that does not tell."""
        try:
            found = destinations_in(read_json(await self._ask()))
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
