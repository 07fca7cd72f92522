"""Files the gateway keeps.

They lie beside the database, are synced before they are named to anybody, and are served under hard-to-guess addresses,
never in a form a browser would run.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar
from urllib.parse import unquote, urlsplit

import structlog

from gateway.errors import BadInput, Failure, TooLarge, Unavailable
from gateway.fetch import Fetcher
from gateway.given import TAKE_SECONDS
from gateway.model import Attachment

ResultT = TypeVar("ResultT")

log = structlog.get_logger()

PREFIX = "/files/"
CHUNK_BYTES = 64 * 1024
KEY = re.compile(r"[A-Za-z0-9_-]{22}")
NAME_BYTES = 180
"""Longest file name kept, in bytes: what file systems take, with room to spare."""

UNKNOWN = "application/octet-stream"

INLINE = frozenset(
    {
        "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/svg+xml",
        "audio/mpeg", "audio/ogg", "audio/wav", "audio/x-wav", "audio/webm", "audio/mp4", "audio/aac",
        "video/mp4", "video/webm", "video/ogg", "video/quicktime",
        "text/plain", "application/pdf",
    }
)  # fmt: skip
"""Types a browser may show; everything else is offered as a download. All are served inside a sandbox policy."""


class FileStore:
    """Keeps each file as `<folder>/<key>/<name>`. The key has 128 random bits: who knows the address may read."""

    def __init__(self, folder: Path, *, max_bytes: int, fetcher: Fetcher) -> None:
        """`max_bytes`: largest file accepted."""
        self._folder = folder
        self._max_bytes = max_bytes
        self._fetcher = fetcher

    @property
    def max_bytes(self) -> int:
        """Largest file accepted."""
        return self._max_bytes

    async def save(self, chunks: AsyncIterator[bytes], *, name: str, media_type: str = "") -> Attachment:
        """Keep a file; see `Files.save`."""
        key = secrets.token_urlsafe(16)
        folder = self._folder / key
        await _on_disk(partial(folder.mkdir, parents=True))
        path = folder / safe_name(name)
        try:
            size = await self._write(path, chunks)
        except BaseException:
            await asyncio.to_thread(_remove, path)
            raise
        kind = await asyncio.to_thread(_media_type, path, media_type)
        return Attachment(url=f"{PREFIX}{key}/{path.name}", name=path.name, media_type=kind, size=size)

    async def fetch(self, url: str, *, name: str = "", media_type: str = "") -> Attachment:
        """Keep a copy of a foreign file; see `Files.fetch`."""
        async with self._fetcher.get(url) as response:
            self._check_size(response.content_length)
            return await self.save(
                response.content.iter_chunked(CHUNK_BYTES),
                name=name or unquote(response.url.name) or "file",
                media_type=media_type or response.content_type,
            )

    async def take(
        self,
        url: str,
        *,
        name: str = "",
        media_type: str = "",
        size: int | None = None,
        within_seconds: float = TAKE_SECONDS,
    ) -> Attachment:
        """Keep a copy of a file in a message, or pass its address on; see `Files.take`."""
        if not _is_address(url):
            raise BadInput("the address of a file begins with http:// or https://, and is one")
        try:
            self._check_size(size)
            async with asyncio.timeout(within_seconds):
                return await self.fetch(url, name=name, media_type=media_type)
        except (Failure, TooLarge) as error:
            reason = str(error)
        except TimeoutError:
            reason = f"it did not come within {within_seconds:g} s"
        log.warning("file.linked", reason=reason)
        return Attachment(url=url, name=name or _name_in(url), media_type=media_type or UNKNOWN, size=size)

    async def read(self, url: str) -> AsyncIterator[bytes]:
        """Return the bytes of a file; see `Files.read`."""
        path = self.path(url)
        file = await asyncio.to_thread(path.open, "rb")
        return _chunks(file)

    def path(self, url: str) -> Path:
        """Return where the file of an address lies. Raises `FileNotFoundError`."""
        key, _, name = url.removeprefix(PREFIX).partition("/")
        path = self._folder / key / name
        if not KEY.fullmatch(key) or name != safe_name(name) or not path.is_file():
            raise FileNotFoundError(url)
        return path

    def _check_size(self, size: int | None) -> None:
        if size is not None and size > self._max_bytes:
            raise TooLarge(f"the file is larger than {self._max_bytes} bytes")

    async def _write(self, path: Path, chunks: AsyncIterator[bytes]) -> int:
        size = 0
        file: BinaryIO = await _on_disk(lambda: path.open("xb"))
        try:
            async for chunk in chunks:
                size += len(chunk)
                self._check_size(size)
                await _on_disk(partial(file.write, chunk))
            await _on_disk(partial(_sync, file, path.parent))
        finally:
            with suppress(OSError):  # what a full disk has not taken is written once more when it is closed
                file.close()
        return size


def _name_in(url: str) -> str:
    return safe_name(unquote(urlsplit(url).path.rpartition("/")[2]))


def _is_address(url: str) -> bool:
    try:
        return urlsplit(url).scheme in {"http", "https"} and bool(urlsplit(url).netloc)
    except ValueError:
        return False


def safe_name(name: str) -> str:
    """Return a name that is one path component, printable, and not too long; its ending stays."""
    name = "".join(char for char in name if char.isprintable() and char not in '/\\:*?"<>|%#').strip(". ")
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending) > 10:  # noqa: PLR2004 - no ending is longer
        stem, dot, ending = name, "", ""
    while len(f"{stem}{dot}{ending}".encode()) > NAME_BYTES:
        stem = stem[:-1]
    return f"{stem}{dot}{ending}" or "file"


def _media_type(path: Path, claimed: str) -> str:
    """Believe the bytes; where they do not tell (plain text, SVG), believe the claim if it is harmless."""
    import puremagic  # noqa: PLC0415 - reads all it knows when it is imported

    try:
        found = puremagic.magic_file(str(path))
    except (puremagic.PureError, ValueError, OSError):
        found = []
    likely = [match.mime_type for match in found if match.mime_type]
    if claimed in likely:
        return claimed
    binary = next((kind for kind in likely if kind in INLINE and not kind.startswith("text/")), "")
    if binary and binary != "image/svg+xml":
        return binary
    return claimed if claimed and claimed not in BINARY_INLINE else (likely[0] if likely else UNKNOWN)


BINARY_INLINE = frozenset(kind for kind in INLINE if not kind.startswith("text/") and kind != "image/svg+xml")
"""Types whose bytes are unmistakable: a claim without them is wrong."""


async def _on_disk(call: Callable[[], ResultT]) -> ResultT:
    """Run it beside the event loop. Raises `Unavailable` if the disk does not take it: that may pass."""
    try:
        return await asyncio.to_thread(call)
    except OSError as error:
        msg = f"cannot keep the file: {error.strerror}"
        raise Unavailable(msg) from error


def _sync(file: BinaryIO, folder: Path) -> None:
    """Make bytes, the file's name and its folder's name survive a power cut."""
    file.flush()
    os.fsync(file.fileno())
    for directory in (folder, folder.parent):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.parent.rmdir()


async def _chunks(file: BinaryIO) -> AsyncIterator[bytes]:
    try:
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield chunk
    finally:
        file.close()
