"""The client's pictures, as the model can see them: in the request itself, so that no address has to be open to it."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway import Attachment, Files

OURS = "/files/"
SEEN = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
"""https://platform.openai.com/docs/guides/images-vision#image-input-requirements"""


class Images:
    """Reads pictures the gateway keeps. Those that lie elsewhere are not shown: nobody knows what is there."""

    def __init__(self, files: Files, limit: int) -> None:
        """`limit`: bytes of the largest one shown."""
        self._files = files
        self._limit = limit

    async def shown(self, attachment: Attachment) -> str | None:
        """Return a picture as a `data:` address; None if it is none the model could see."""
        if attachment.media_type not in SEEN or not attachment.url.startswith(OURS):
            return None
        if (attachment.size or 0) > self._limit:
            return None
        body = await self._read(attachment.url)
        return f"data:{attachment.media_type};base64,{b64encode(body).decode()}" if body else None

    async def _read(self, url: str) -> bytes | None:
        body = b""
        try:
            async for chunk in await self._files.read(url):
                body += chunk
                if len(body) > self._limit:
                    return None
        except FileNotFoundError:
            return None
        return body
