"""The files a script names: stored in the gateway at start, so that every channel can show them by their address."""

from __future__ import annotations

import asyncio
import hashlib
import mimetypes
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gateway import Attachment
from gateway_script.fields import is_address
from gateway_script.parts import CardPart, MediaPart
from gateway_script.program import parts_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from gateway import Context
    from gateway_script.script import Script

UNKNOWN = "application/octet-stream"


def media_type_of(name: str) -> str:
    """Return the media type a file's name stands for."""
    return mimetypes.guess_type(name, strict=False)[0] or UNKNOWN


def local_files(script: Script) -> Iterator[str]:
    """Yield every file beside the script that a script names."""
    for part in parts_of(script):
        source = part.source if isinstance(part, MediaPart) else part.image if isinstance(part, CardPart) else None
        if source and not is_address(source):
            yield source


async def store(script: Script, folder: Path, context: Context) -> dict[str, Attachment]:
    """Keep every local file, each content once however often the gateway starts. Raises `TooLarge`, `OSError`."""
    return {source: await kept(folder / source, context) for source in sorted(set(local_files(script)))}


async def kept(path: Path, context: Context) -> Attachment:
    """Return what the gateway keeps of a file."""
    data = await asyncio.to_thread(path.read_bytes)
    key = f"file:{path.name}:{hashlib.sha256(data).hexdigest()}"
    known = await context.storage.get(key)
    if known is not None and await is_there(known, context):
        return Attachment(**known)
    attachment = await context.files.save(once(data), name=path.name, media_type=media_type_of(path.name))
    await context.storage.put(key, asdict(attachment))
    return attachment


async def is_there(known: dict[str, Any], context: Context) -> bool:
    """Tell whether a file kept before still is."""
    try:
        async for _ in await context.files.read(known["url"]):
            break
    except FileNotFoundError:
        return False
    return True


async def once(data: bytes) -> AsyncIterator[bytes]:
    """Yield the bytes."""
    yield data
