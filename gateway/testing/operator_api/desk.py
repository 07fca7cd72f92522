"""A help desk that speaks the Operator API: it serves the six methods, and a test plays its agents."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import web

from gateway.testing.side import Answer, Side

BO = {"employeeId": "7", "firstName": "Bo", "lastName": "Ek", "avatarUrl": "https://desk.example.com/bo.png"}
_MANDATORY = {
    "setWebhook": ("url",),
    "getDestinations": (),
    "selectDestination": ("userId", "destinationId"),
    "sendText": ("userId", "text"),
    "sendFile": ("userId", "url"),
    "closeChat": ("userId", "text"),
}


@dataclass(kw_only=True, slots=True)
class Dialog:
    """What the desk knows of one client."""

    selected: list[dict[str, Any]] = field(default_factory=list)
    """Bodies of `selectDestination`, oldest first."""
    lines: list[str] = field(default_factory=list)
    """What agents read: texts, and `<name of a file>`."""
    files: list[dict[str, Any]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    """Texts of `closeChat`."""


class FakeDesk(Side):
    """A desk at `api_url`. Methods without their mandatory members are answered 400, dialogs never opened 404."""

    def __init__(self) -> None:
        """Two groups, somebody online in the first one."""
        super().__init__()
        self.groups: Any = [
            {"destinationId": "1", "name": "Sales", "hasOnline": True},
            {"destinationId": "2", "name": "Service", "hasOnline": False},
        ]
        """What `getDestinations` answers."""
        self.webhook = ""
        """Where events are posted: what `setWebhook` said last."""
        self.dialogs: dict[str, Dialog] = {}
        self._ids = count(1)

    @property
    def api_url(self) -> str:
        """The address to enter on the other side; its last part is the desk's secret."""
        return f"{self.url}/api/0123456789abcdef"

    @property
    def user(self) -> str:
        """Id of the client whose dialog was opened last; empty before the first one."""
        return next(reversed(self.dialogs), "")

    @property
    def dialog(self) -> Dialog:
        """The dialog opened last; an empty one before the first."""
        return self.dialogs.get(self.user) or Dialog()

    def nobody(self) -> None:
        """Send everybody home."""
        self.groups = [{**group, "hasOnline": False} for group in self.groups]

    # --- agents --------------------------------------------------------------------------------------------------

    async def says(self, text: str, *, user: str = "", employee: Any = BO, event_id: str = "") -> Answer:
        """An agent writes."""
        return await self.tells("TextMessage", user=user, event_id=event_id, text=text, employee=employee)

    async def sends(self, url: str, name: str, *, comment: str = "", user: str = "") -> Answer:
        """An agent sends a file that lies at `url` (see `keep`)."""
        return await self.tells("FileMessage", user=user, url=url, name=name, size="2", comment=comment, employee=BO)

    async def closes(self, *, user: str = "") -> Answer:
        """An agent closes the dialog."""
        return await self.tells("Closed", user=user, employee=BO)

    async def moves(self, destination: str, name: str = "", *, user: str = "") -> Answer:
        """The dialog goes to another group."""
        group = {"destinationId": destination, "name": name, "hasOnline": "true"}
        return await self.tells("SelectDestination", user=user, destination=group)

    async def tells(self, kind: str, *, user: str = "", event_id: str = "", **members: Any) -> Answer:
        """Post any event, unknown ones too."""
        common = {"id": event_id or str(next(self._ids)), "userId": user or self.user, "type": kind}
        return await self.post(self.webhook, {**common, **members})

    # --- methods -------------------------------------------------------------------------------------------------

    def _named(self, request: web.Request, _body: Any) -> str:
        return request.path.rpartition("/")[2]

    def _take(self, request: web.Request, what: str, body: Any) -> tuple[int, Any]:
        if not request.path.startswith("/api/0123456789abcdef/") or what not in _MANDATORY:
            return 404, {"error": "there is nothing here"}
        if request.method != ("GET" if what == "getDestinations" else "POST"):
            return 405, {"error": "another verb is wanted"}
        given = body if isinstance(body, dict) else {}
        if missing := [name for name in _MANDATORY[what] if not isinstance(given.get(name), str)]:
            return 400, {"error": f"missing: {', '.join(missing)}"}
        return self._do(what, given)

    def _do(self, what: str, given: dict[str, Any]) -> tuple[int, Any]:
        match what:
            case "setWebhook":
                self.webhook = given["url"]
            case "getDestinations":
                return 200, self.groups
            case "selectDestination":
                self.dialogs.setdefault(given["userId"], Dialog()).selected.append(given)
            case _ if given["userId"] not in self.dialogs:
                return 404, {"error": "there is no such dialog"}
            case "closeChat":
                self.dialogs[given["userId"]].closed.append(given["text"])
            case _:
                self._words(self.dialogs[given["userId"]], what, given)
        return 200, {}

    def _words(self, dialog: Dialog, what: str, given: dict[str, Any]) -> None:
        if what == "sendText":
            dialog.lines.append(given["text"])
        else:
            dialog.files.append(given)
            dialog.lines.append(f"<{given.get('fileName', '')}>")
