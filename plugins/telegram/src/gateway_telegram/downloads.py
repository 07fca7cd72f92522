"""Brings a client's file from Telegram into the gateway, or says in words why it stays there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import Context, Media, Permanent, Text, TooLarge
from gateway_telegram.failures import NotAccepted

if TYPE_CHECKING:
    from gateway_telegram.api import Api
    from gateway_telegram.contents import RemoteFile

TELEGRAM_BYTES = 20 * 1024 * 1024
"""What Telegram gives to bots; a Bot API server of one's own gives more."""
_MEGA = 1024 * 1024


class Downloads:
    """Fetches files of one bot."""

    def __init__(self, context: Context, api: Api) -> None:
        """`api`: of the bot."""
        self._context = context
        self._api = api

    async def fetch(self, file: RemoteFile) -> Media | Text:
        """Keep a file. Raises `Temporary` or `AuthenticationFailed`; whatever is final becomes words."""
        limit = self._context.files.max_bytes
        if file.size is not None and file.size > limit:
            return _left_out(file, f"the limit is {_megabytes(limit)}")
        try:
            return await self._kept(file)
        except TooLarge:
            return _left_out(file, f"the limit is {_megabytes(limit)}")
        except NotAccepted as failure:
            why = f"Telegram gives at most {_megabytes(TELEGRAM_BYTES)} to bots" if failure.too_big else failure.reason
            return _left_out(file, why)
        except Permanent as failure:
            return _left_out(file, failure.reason)

    async def _kept(self, file: RemoteFile) -> Media:
        found = await self._api.call("getFile", {"file_id": file.file_id})
        path = str(found.get("file_path", "")) if isinstance(found, dict) else ""
        if not path or path.startswith("/") or ".." in path.split("/"):
            # A Bot API server in `--local` mode names a file on its own disk, and gives nothing by HTTP.
            raise Permanent("the Bot API server does not hand files out; run it without --local")
        async with self._api.download(path) as chunks:
            attachment = await self._context.files.save(chunks, name=file.name, media_type=file.media_type)
        return Media(kind=file.kind, attachment=attachment, caption=file.caption)


def given_up(file: RemoteFile) -> Text:
    """Say that a file could not be had however often it was tried."""
    return _left_out(file, "Telegram did not hand it out")


def _left_out(file: RemoteFile, why: str) -> Text:
    size = f" of {_megabytes(file.size)}" if file.size else ""
    article = "an" if file.noun.startswith("a") else "a"
    words = f"[{article} {file.noun} {file.name!r}{size} was not taken over: {why}]"
    return Text(text="\n".join(filter(None, (file.caption, words))))


def _megabytes(count: int) -> str:
    return f"{count / _MEGA:.1f} MB" if count >= _MEGA / 10 else f"{count} bytes"
