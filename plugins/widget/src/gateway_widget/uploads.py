"""Files from visitors. An upload is answered with a ticket; only its owner can say something with it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gateway import Attachment, BadInput, TooLarge
from gateway_widget.tokens import Signer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp.web import Request

    from gateway import Context
    from gateway_widget.tokens import Visitor

CHUNK_BYTES = 64 * 1024
LONGEST_NAME = 200


class Uploads:
    """Takes files and remembers, by signature alone, whose they are."""

    def __init__(self, context: Context, *, limit: int | None) -> None:
        self._files = context.files
        self._signer = Signer(context.secret("upload"))
        self._limit = limit

    @property
    def max_bytes(self) -> int:
        """Largest file taken."""
        return min(self._files.max_bytes, self._limit or self._files.max_bytes)

    async def take(self, visitor: Visitor, request: Request) -> dict[str, Any]:
        """Keep the body of a request as a file. Raises `TooLarge`, before reading it where the length is told."""
        if (request.content_length or 0) > self.max_bytes:
            raise self._too_large()
        name = request.query.get("name", "").encode(errors="replace").decode()[-LONGEST_NAME:] or "file"
        attachment = await self._files.save(self._bounded(request), name=name, media_type=request.content_type)
        return {"ticket": self._ticket(visitor, attachment), "attachment": asdict(attachment)}

    def attachment(self, visitor: Visitor, ticket: str) -> Attachment:
        """Return the file of a ticket. Raises `BadInput` if it is not this visitor's."""
        try:
            claims = self._signer.open(ticket)
        except BadInput:
            raise BadInput("files: this is no ticket of an upload") from None
        if claims.pop("v") != visitor.id:
            raise BadInput("files: somebody else sent this file")
        return Attachment(**claims)

    def _ticket(self, visitor: Visitor, attachment: Attachment) -> str:
        return self._signer.sign({"v": visitor.id, **asdict(attachment)})

    async def _bounded(self, request: Request) -> AsyncIterator[bytes]:
        taken = 0
        async for chunk in request.content.iter_chunked(CHUNK_BYTES):
            taken += len(chunk)
            if taken > self.max_bytes:
                raise self._too_large()
            yield chunk

    def _too_large(self) -> TooLarge:
        return TooLarge(f"a file may have at most {self.max_bytes} bytes")
