"""Files: kept by the gateway where they can be had, passed on as a link where not. None is lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from gateway import Attachment, Failure, Media, MediaKind, TooLarge

if TYPE_CHECKING:
    from gateway import Context

FETCH_SECONDS = 20.0
"""The other side waits for our answer that long."""

_KINDS = {"image": MediaKind.IMAGE, "audio": MediaKind.AUDIO, "video": MediaKind.VIDEO}


async def taken(context: Context, url: str, *, name: str, size: int | None, caption: str = "") -> Media:
    """Return a file of the other side as something to show. `url` begins with http:// or https://."""
    attachment = await _kept(context, url, name) or Attachment(url=url, name=name or _name_in(url), size=size)
    kind = _KINDS.get(attachment.media_type.partition("/")[0], MediaKind.DOCUMENT)
    return Media(kind=kind, attachment=attachment, caption=caption)


async def _kept(context: Context, url: str, name: str) -> Attachment | None:
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            return await context.files.fetch(url, name=name)
    except (Failure, TooLarge) as error:
        reason = str(error)
    except TimeoutError:
        reason = f"it did not come within {FETCH_SECONDS:g} s"
    context.log.warning("operator_api.file_linked", reason=reason)
    return None


def _name_in(url: str) -> str:
    return unquote(urlsplit(url).path.rpartition("/")[2]) or "file"
