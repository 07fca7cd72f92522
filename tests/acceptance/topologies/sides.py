"""What a scenario needs of a topology: a client, the people who take over, and a place where both can be found.

A driver implements these once per kind of other side. What people see is told in lines: words as they are, `<name>` for
a file, and in parentheses what a side shows without words, such as a banner.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

PAUSE_SECONDS = 0.05
"""Before something is tried again at a gateway that is down: another process, so there is no event to wait for."""


class Side(Protocol):
    """Somebody who sees a dialog."""

    def lines(self) -> Sequence[str]:
        """What they have seen so far."""
        ...

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition that what they see brings about."""
        ...

    async def content(self, name: str) -> bytes:
        """Return a file they have seen, as they would get it."""
        ...


class Client(Side, Protocol):
    """The client of one dialog."""

    @property
    def ids(self) -> Sequence[str]:
        """As the gateway knows them, in their channel: one, or one per chat, oldest first."""
        ...

    @property
    def channel(self) -> str:
        """The channel they write in."""
        ...

    async def opens(self) -> None:
        """Open the chat, before saying anything."""
        ...

    async def writes(self, text: str) -> None:
        """Say something. What a gateway that is down does not take is kept, and said once it is there again."""
        ...

    async def sends(self, name: str, content: bytes) -> None:
        """Send a file."""
        ...

    async def closes(self) -> None:
        """End the conversation."""
        ...


class Agent(Side, Protocol):
    """Whoever takes the dialog of one client; what they do while the gateway is down is repeated later."""

    async def writes(self, text: str) -> None:
        """Say something; the first word takes the dialog."""
        ...

    async def sends(self, name: str, content: bytes) -> None:
        """Send a file."""
        ...

    async def returns(self) -> None:
        """Give the dialog back to the bot."""
        ...

    async def closes(self) -> None:
        """End the dialog for good, where that is another thing."""
        ...

    async def declines(self) -> None:
        """Let go of a dialog nobody has taken."""
        ...


class Agents(Protocol):
    """All who may take the dialogs of a route."""

    async def agent(self, client: Client) -> Agent:
        """Return whoever will take this client's dialog."""
        ...

    def go_home(self) -> None:
        """Nobody is online from now on."""
        ...

    def refuse(self) -> None:
        """The next dialog is refused."""
        ...

    def hesitate(self) -> None:
        """The next request for an agent is not answered until `go_on`."""
        ...

    async def asked(self) -> None:
        """Wait until that request has come."""
        ...

    def go_on(self) -> None:
        """All is as usual again."""
        ...


class Topology(Protocol):
    """Both sides of one gateway, ready before it starts."""

    def config(self, routes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Return channels, platforms and routes: one channel per route, named as the route. The bot is `bot`.

        `routes`: their options, by name.
        """
        ...

    def agents(self, route: str) -> Agents:
        """Return who takes a route's dialogs."""
        ...

    async def client(self, route: str, url: str) -> Client:
        """Return a new client of a route's channel; `url`: the gateway's address."""
        ...


class Outbox:
    """Does things one after another; what the other side does not take is tried again until it does."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []
        self._turn = asyncio.Lock()

    async def put(self, attempt: Callable[[], Awaitable[bool]]) -> None:
        """Try now, and go on trying in the background if it fails. `attempt` tells whether it was taken."""
        self._tasks.append(asyncio.create_task(self._until_taken(attempt)))

    async def _until_taken(self, attempt: Callable[[], Awaitable[bool]]) -> None:
        async with self._turn:
            while True:
                if await attempt():
                    return
                await asyncio.sleep(PAUSE_SECONDS)

    async def close(self) -> None:
        """Give up what is left. Raises what went wrong."""
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        assert not [each for each in ended if isinstance(each, Exception)], ended
