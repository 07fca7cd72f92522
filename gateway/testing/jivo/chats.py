"""A client's chat in Jivo, as client and agents see it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from gateway.testing.jivo.server import FakeJivo
    from gateway.testing.side import Answer

BO = {"id": 7, "name": "Bo Ek"}


class Chat:
    """One chat of one client. While an agent leads, the bot is told nothing of what the client says."""

    def __init__(self, jivo: FakeJivo, *, client_id: str, chat_id: str, name: str, channel: str) -> None:
        """`channel`: its type, such as `widget` or `telegram`."""
        self.jivo = jivo
        self.client_id = client_id
        self.chat_id = chat_id
        self.name = name
        self.channel = channel
        self.led_by: Literal["bot", "agent"] = "bot"
        self.invited = 0
        """So many invitations came."""
        self.is_closed = False
        self.messages: list[dict[str, Any]] = []
        """What the bot said, as posted."""
        self.info: dict[str, str] = {}
        """What the bot told about the client."""
        self.rate_asked = 0

    @property
    def client(self) -> str:
        """The id the gateway knows this chat's client by."""
        return f"{self.client_id}:{self.chat_id}"

    def texts(self) -> list[str]:
        """Return what the client sees of the bot, in words."""
        return [_in_words(message) for message in self.messages]

    # --- the client ----------------------------------------------------------------------------------------------

    async def says(self, text: str, *, event_id: str = "", **more: Any) -> Answer:
        """Write something. `more`: further members of the message."""
        return await self.sends_message({"type": "TEXT", "text": text, **more}, event_id=event_id)

    async def presses(self, text: str, button_id: str | int) -> Answer:
        """Press a button."""
        return await self.says(text, button_id=button_id)

    async def sends(self, kind: str, url: str, text: str = "", **more: Any) -> Answer:
        """Send a file that lies at `url` (see `keep`)."""
        words = {"text": text} if text else {}
        return await self.sends_message({"type": kind, "file": url, **words, **more})

    async def shares(self, latitude: float, longitude: float) -> Answer:
        """Send a place."""
        return await self.sends_message({"type": "LOCATION", "latitude": latitude, "longitude": longitude})

    async def sends_message(self, message: dict[str, Any], *, event_id: str = "") -> Answer:
        """Send anything. If the bot is not told of it, the answer's status is 204."""
        if self.led_by == "agent" and not self.jivo.overheard:
            return self.jivo.kept
        said = {**message, "timestamp": int(time.time())}
        return await self._tells("CLIENT_MESSAGE", event_id=event_id, message=said, **self._about_client())

    async def rates(self, rating: str, comment: str = "") -> Answer:
        """Answer the question how it was."""
        rate = {"rating": rating, "timestamp": int(time.time()), **({"comment": comment} if comment else {})}
        return await self._tells("CLIENT_RATED", rate=rate, **self._about_client())

    # --- the agents ----------------------------------------------------------------------------------------------

    async def joins(self, **members: Any) -> Answer:
        """An agent takes the chat, invited or not. `members`: instead of `agent`."""
        self.led_by = "agent"
        return await self._tells("AGENT_JOINED", **(members or {"agent": BO}))

    async def agent_says(self, text: str, *, event_id: str = "", **members: Any) -> Answer:
        """An agent writes to the client; the bot is told."""
        message = {"type": "TEXT", "text": text, "timestamp": int(time.time())}
        return await self.agent_sends(message, event_id=event_id, **members)

    async def agent_sends(self, message: dict[str, Any], *, event_id: str = "", **members: Any) -> Answer:
        """An agent sends anything. `members`: instead of `agent`."""
        self.led_by = "agent"
        return await self._tells("AGENT_MESSAGE", event_id=event_id, message=message, **(members or {"agent": BO}))

    async def nobody_comes(self) -> Answer:
        """No agent can take the chat."""
        return await self._tells("AGENT_UNAVAILABLE")

    async def closes(self) -> Answer:
        """The chat is over."""
        self.is_closed = True
        return await self._tells("CHAT_CLOSED")

    def returns(self) -> None:
        """The bot leads again. Jivo has no event for that."""
        self.led_by = "bot"

    # --- for tests -----------------------------------------------------------------------------------------------

    def anew(self) -> Chat:
        """Return another chat of the same client."""
        return self.jivo.chat(self.name, channel=self.channel, client_id=self.client_id)

    async def tells(self, event: str, *, event_id: str = "", **members: Any) -> Answer:
        """Tell the bot anything, unknown events too."""
        return await self._tells(event, event_id=event_id, **members)

    async def _tells(self, event: str, *, event_id: str = "", **members: Any) -> Answer:
        return await self.jivo.tells(self, event, event_id=event_id, **members)

    def _about_client(self) -> dict[str, Any]:
        number = int(self.client_id) if self.client_id.isdigit() else self.client_id
        page = f"https://shop.example.com/{self.chat_id}"
        return {
            "agents_online": self.jivo.agents_online,
            "sender": {"id": number, "name": self.name, "url": page, "has_contacts": False},
            "channel": {"id": f"{self.channel}-1", "type": self.channel},
        }


def _in_words(message: dict[str, Any]) -> str:
    match message["type"]:
        case "MARKDOWN":
            return str(message["content"])
        case "BUTTONS":
            return f"{message['title']} [{'|'.join(each['text'] for each in message['buttons'])}]"
        case "LOCATION":
            return f"<{message['latitude']}, {message['longitude']}>"
        case "TEXT":
            return str(message["text"])
        case kind:
            return f"<{kind}> {message.get('text', '')}".strip()
