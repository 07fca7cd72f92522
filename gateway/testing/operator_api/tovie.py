"""The other side of a desk: Tovie with a bot that transfers its clients by the Operator API."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from gateway.testing.side import Answer, Side

API_KEY = "4f1c7a1e-0000-4000-8000-123456789abc"


class FakeTovie(Side):
    """A platform with one bot. `connect` is what happens when the API URL is entered in its channel."""

    def __init__(self) -> None:
        """No desk is connected yet."""
        super().__init__()
        self.api_url = ""
        """Of the desk."""
        self.seen: set[tuple[str, str]] = set()
        self.events: list[dict[str, Any]] = []
        """Events taken, each once, in order."""

    @property
    def webhook(self) -> str:
        """Where events are taken."""
        return f"{self.url}/chatadapter/chatapi/webhook/operatorapi/{API_KEY}"

    async def connect(self, api_url: str) -> Answer:
        """The API URL of a desk is entered and saved."""
        self.api_url = api_url.rstrip("/")
        return await self.calls_method("setWebhook", {"url": self.webhook})

    async def destinations(self) -> Any:
        """Ask which groups there are."""
        return (await self.request("GET", f"{self.api_url}/getDestinations")).body

    async def transfers(
        self, user: str = "ann", first_message: str = "", *, destination: str = "default", **more: Any
    ) -> Answer:
        """The bot transfers a client: `selectDestination`, then the first message. `more`: further members."""
        answer = await self.calls_method(
            "selectDestination", {"userId": user, "destinationId": destination, "userName": user.title(), **more}
        )
        return await self.says(first_message, user) if first_message else answer

    async def says(self, text: str, user: str = "ann") -> Answer:
        """The client writes."""
        return await self.calls_method("sendText", {"userId": user, "text": text})

    async def sends(self, url: str, name: str, user: str = "ann") -> Answer:
        """The client sends a file that lies at `url` (see `keep`)."""
        return await self.calls_method("sendFile", {"userId": user, "url": url, "fileName": name, "size": 2})

    async def closes(self, text: str = "The user closed the chat", user: str = "ann") -> Answer:
        """The client goes back to the bot, or away."""
        return await self.calls_method("closeChat", {"userId": user, "text": text})

    async def calls_method(self, method: str, body: Any) -> Answer:
        """Call any method."""
        return await self.post(f"{self.api_url}/{method}", body)

    def told(self, kind: str = "", user: str = "ann") -> list[dict[str, Any]]:
        """Return the events about a client, of a type."""
        return [event for event in self.events if event["userId"] == user and kind in {"", event["type"]}]

    def texts(self, user: str = "ann") -> list[str]:
        """Return what a client reads, files as `<name>`."""
        return [words for event in self.told(user=user) if (words := _words(event))]

    # --- the webhook ---------------------------------------------------------------------------------------------

    def _named(self, _request: web.Request, body: Any) -> str:
        return str(body.get("type", "")) if isinstance(body, dict) else ""

    def _take(self, request: web.Request, what: str, body: Any) -> tuple[int, Any]:
        if request.path != f"/chatadapter/chatapi/webhook/operatorapi/{API_KEY}":
            return 404, {"error": "there is nothing here"}
        if (
            request.method != "POST"
            or not what
            or not all(isinstance(body.get(each), str) for each in ("id", "userId"))
        ):
            return 400, {"error": "this is no event"}
        seen = (body["userId"], body["id"])
        if seen not in self.seen:
            self.seen.add(seen)
            self.events.append(body)
        return 200, {}


def _words(event: dict[str, Any]) -> str:
    match event["type"]:
        case "TextMessage":
            return str(event["text"])
        case "FileMessage":
            return f"<{event.get('name', '')}>"
        case _:
            return ""
