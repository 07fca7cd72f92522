"""The four topologies: which client writes where, and which agents take over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.testing.operator_api import FakeDesk
from tests.acceptance.topologies.center import Center
from tests.acceptance.topologies.jivo import jivo
from tests.acceptance.topologies.messenger import messenger
from tests.acceptance.topologies.widget import site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.acceptance.topologies.messenger import Messenger
    from tests.acceptance.topologies.sides import Client, Topology
    from tests.acceptance.topologies.widget import Site


@dataclass(frozen=True)
class Engagement:
    """The gateway owns the channel; agents of a customer engagement platform talk through it."""

    place: Site | Messenger
    center: Center

    def config(self, routes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        return {
            "channels": {name: self.place.channel(name) for name in routes},
            "platforms": {"center": self.center.platform()},
            "routes": {
                name: {"channels": [name], "bot": "bot", "handoff": ["center"], **more} for name, more in routes.items()
            },
        }

    def agents(self, _route: str) -> Center:
        return self.center

    async def client(self, route: str, url: str) -> Client:
        return await self.place.client(route, url)


@asynccontextmanager
async def widget_to_center(_names: Sequence[str]) -> AsyncIterator[Topology]:
    async with site() as place, center() as agents:
        yield Engagement(place, agents)


@asynccontextmanager
async def telegram_to_center(names: Sequence[str]) -> AsyncIterator[Topology]:
    async with messenger(names) as place, center() as agents:
        yield Engagement(place, agents)


def jivos_widget(names: Sequence[str]) -> AbstractAsyncContextManager[Topology]:
    return jivo("widget", names)


def telegram_in_jivo(names: Sequence[str]) -> AbstractAsyncContextManager[Topology]:
    return jivo("telegram", names)


@asynccontextmanager
async def center() -> AsyncIterator[Center]:
    async with FakeDesk() as desk:
        found = Center(desk)
        try:
            yield found
        finally:
            await found.close()


WORLDS: Mapping[str, Callable[[Sequence[str]], AbstractAsyncContextManager[Topology]]] = {
    "a": widget_to_center,
    "b": telegram_to_center,
    "c": jivos_widget,
    "d": telegram_in_jivo,
}
"""By letter; given the names of the routes there will be."""
