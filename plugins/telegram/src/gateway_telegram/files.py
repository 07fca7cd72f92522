"""Which method carries which file, and where its bytes come from.

What a method takes: https://core.telegram.org/bots/api#sending-files. What it would refuse is sent as a document, which
takes anything: the client can open it, and nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway import Attachment, Context, Media, MediaKind, Permanent
from gateway_telegram.api import Upload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PREFIX = "/files/"
PHOTO_BYTES = 10_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """A method, the name of its file parameter, and whether it takes a caption."""

    method: str
    field: str
    caption: bool = True


DOCUMENT = Way(method="sendDocument", field="document")
_PHOTO = Way(method="sendPhoto", field="photo")
_ANIMATION = Way(method="sendAnimation", field="animation")
_STICKER = Way(method="sendSticker", field="sticker", caption=False)
_SPEECH = frozenset({"audio/ogg", "audio/opus", "audio/mpeg", "audio/mp4", "audio/x-m4a", "audio/m4a"})

_WAYS: dict[MediaKind, tuple[Way, frozenset[str]]] = {
    MediaKind.IMAGE: (_PHOTO, frozenset({"image/jpeg", "image/png", "image/webp"})),
    MediaKind.VOICE: (Way(method="sendVoice", field="voice"), _SPEECH),
    MediaKind.AUDIO: (Way(method="sendAudio", field="audio"), _SPEECH - {"audio/ogg", "audio/opus"}),
    MediaKind.VIDEO: (Way(method="sendVideo", field="video"), frozenset({"video/mp4"})),
    MediaKind.STICKER: (_STICKER, frozenset({"image/webp", "video/webm", "application/gzip"})),
}


def way_of(media: Media) -> Way:
    """Return how a file is sent best. An unknown type is tried as what it is said to be."""
    media_type, size = media.attachment.media_type, media.attachment.size or 0
    if media.kind is MediaKind.IMAGE and media_type == "image/gif":
        return _ANIMATION
    way, taken = _WAYS.get(media.kind, (DOCUMENT, frozenset[str]()))
    known = media_type not in {"", "application/octet-stream"}
    if (known and media_type not in taken) or (way is _PHOTO and size > PHOTO_BYTES):
        return DOCUMENT
    return _PHOTO if way is _STICKER and media.caption else way


class Sources:
    """Where the bytes of a file come from."""

    def __init__(self, context: Context) -> None:
        """`context`: the core, which keeps files."""
        self._context = context

    def is_kept(self, attachment: Attachment) -> bool:
        """Tell whether the gateway has the file; Telegram need not be able to reach it then."""
        return self._path(attachment.url).startswith(PREFIX)

    async def upload(self, attachment: Attachment) -> Upload:
        """Read a file, fetching it first where it lies elsewhere. Raises a `Failure`."""
        if not self.is_kept(attachment):
            attachment = await self._context.files.fetch(
                attachment.url, name=attachment.name, media_type=attachment.media_type
            )
        try:
            chunks = await self._context.files.read(self._path(attachment.url))
        except FileNotFoundError:
            raise Permanent(f"the file {attachment.name!r} is not there any more") from None
        return Upload(name=attachment.name, media_type=attachment.media_type, content=await _whole(chunks))

    def _path(self, url: str) -> str:
        """Return an address without the gateway's own beginning."""
        return url.removeprefix(self._context.url("/").rstrip("/"))


async def _whole(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])
