"""The six methods of a desk, as calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from gateway import Remote

if TYPE_CHECKING:
    from gateway import Context
    from gateway_operator_api.options import PlatformOptions


class Desk:
    """Calls one desk. Every method raises a `Failure`; `key` is the same for every repetition of a call."""

    def __init__(self, context: Context, options: PlatformOptions) -> None:
        self._url = options.url
        headers = {name: value.get_secret_value() for name, value in options.headers.items()}
        cure = "correct the options `url` and `headers`"
        self._remote = Remote(context, who="the desk", cure=cure, headers=headers)

    async def set_webhook(self, url: str) -> None:
        """Tell the desk where to post its events."""
        await self._remote.post(self._method("setWebhook"), {"url": url})

    async def get_destinations(self) -> bytes:
        """Return the answer as it came."""
        answer = await self._remote.get(self._method("getDestinations"))
        return answer.body

    async def select_destination(self, body: dict[str, Any], *, key: str) -> None:
        """Open a dialog, or move it."""
        await self._remote.post(self._method("selectDestination"), body, key=key)

    async def send_text(self, user_id: str, text: str, *, key: str) -> None:
        """Say something."""
        await self._remote.post(self._method("sendText"), {"userId": user_id, "text": text}, key=key)

    async def send_file(self, body: dict[str, Any], *, key: str) -> None:
        """Hand over the link of a file."""
        await self._remote.post(self._method("sendFile"), body, key=key)

    async def close_chat(self, user_id: str, text: str, *, key: str) -> None:
        """End a dialog."""
        await self._remote.post(self._method("closeChat"), {"userId": user_id, "text": text}, key=key)

    def _method(self, name: str) -> str:
        parts = urlsplit(self._url.get_secret_value())
        return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}"))
