"""The agents of a customer engagement platform: a fake desk behind the Operator API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

from gateway.testing.operator_api.desk import BO
from tests.acceptance.topologies.sides import Outbox

if TYPE_CHECKING:
    from gateway.testing.operator_api import Dialog, FakeDesk, Hold
    from tests.acceptance.topologies.sides import Client

WAIT_SECONDS = 20.0
DOWN, TAKEN, STARTING = 0, 200, 503
EVENT_IDS = count(1)


class DeskAgent:
    """Bo, who takes one client's dialogs: each transfer is a new one."""

    def __init__(self, desk: FakeDesk, client: Client, outbox: Outbox) -> None:
        self._desk = desk
        self._client = client
        self._outbox = outbox

    async def writes(self, text: str) -> None:
        await self._tells("TextMessage", text=text)

    async def sends(self, name: str, content: bytes) -> None:
        url = self._desk.keep(name, content, "text/plain")
        await self._tells("FileMessage", url=url, name=name, size=str(len(content)))

    async def returns(self) -> None:
        await self._tells("Closed")

    async def closes(self) -> None:
        """The API has one event for all three."""
        await self.returns()

    async def declines(self) -> None:
        await self.returns()

    def lines(self) -> Sequence[str]:
        return [line for dialog in self._dialogs.values() for line in _shown(dialog)]

    async def until(self, condition: Callable[[], bool]) -> None:
        await self._desk.until(condition, within_seconds=WAIT_SECONDS)

    async def content(self, name: str) -> bytes:
        files = [file for dialog in self._dialogs.values() for file in dialog.files if file["fileName"] == name]
        [url] = {file["url"] for file in files}
        answer = await self._desk.request("GET", url)
        assert answer.status == TAKEN, url
        body: bytes = answer.body
        return body

    async def _tells(self, kind: str, **members: Any) -> None:
        """Post an event until it is taken: the same one, under the same id."""
        user, event = next(reversed(self._dialogs)), f"e{next(EVENT_IDS)}"

        async def attempt() -> bool:
            answer = await self._desk.tells(kind, user=user, event_id=event, employee=BO, **members)
            assert answer.status in {DOWN, STARTING, TAKEN}, answer
            return answer.status == TAKEN

        await self._outbox.put(attempt)

    @property
    def _dialogs(self) -> dict[str, Dialog]:
        return {user: each for user, each in self._desk.dialogs.items() if _is_with(each, self._client)}


def _is_with(dialog: Dialog, client: Client) -> bool:
    told = dialog.selected[0]["hiddenAttributes"]
    return told["channel"] == client.channel and told["clientId"] in client.ids


def _shown(dialog: Dialog) -> Sequence[str]:
    return ["(a new dialog)", *dialog.lines, *(f"(closed: {text})" for text in dialog.closed)]


class Center:
    """The desk."""

    def __init__(self, desk: FakeDesk) -> None:
        self._desk = desk
        self._groups = desk.groups
        self._outbox = Outbox()
        self._hold: Hold | None = None

    def platform(self) -> dict[str, Any]:
        """Return the options of the platform."""
        return {"type": "operator-api", "url": self._desk.api_url, "online_seconds": 0}

    async def agent(self, client: Client) -> DeskAgent:
        return DeskAgent(self._desk, client, self._outbox)

    def go_home(self) -> None:
        self._desk.nobody()

    def refuse(self) -> None:
        self._desk.refuse("selectDestination", 422)

    def hesitate(self) -> None:
        self._hold = self._desk.delay("selectDestination")

    async def asked(self) -> None:
        assert self._hold
        async with asyncio.timeout(WAIT_SECONDS):
            await self._hold.reached.wait()

    def go_on(self) -> None:
        self._desk.groups = self._groups
        if self._hold:
            self._hold.release()
        self._hold = None

    async def close(self) -> None:
        self.go_on()
        await self._outbox.close()
