"""What a Telegram message says: its contents, and the files that are yet to be fetched. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway import Contact, Location, MediaKind, Text
from gateway_telegram.reading import text_of

if TYPE_CHECKING:
    from gateway_telegram.updates import File, Message


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteFile:
    """A file that Telegram keeps."""

    kind: MediaKind
    file_id: str
    name: str
    media_type: str
    noun: str
    """What it is called in a text that stands for it."""
    size: int | None = None
    """Bytes, where Telegram tells."""
    caption: str = ""


Said = Text | Location | Contact | RemoteFile


def contents_of(message: Message) -> tuple[Said, ...]:
    """Return what a message says; nothing for service messages (a pinned message, a new photo of the chat …)."""
    file = _file(message)
    if file is not None:
        return (file,)
    if message.text:
        return (text_of(message.text, message.entities),)
    return tuple(_others(message))


def _file(message: Message) -> RemoteFile | None:
    """Return the message's file. An animation comes with a `document` for old clients, so it is looked at first."""
    if message.photo:
        largest = max(message.photo, key=lambda size: (size.width * size.height, size.file_size or 0))
        return _remote(
            largest,
            MediaKind.IMAGE,
            noun="photo",
            name="photo.jpg",
            media_type="image/jpeg",
            caption=message.caption,
        )
    if message.sticker:
        return _sticker(message.sticker)
    found = (
        (message.animation, MediaKind.VIDEO, "animation", "animation.mp4", "video/mp4"),
        (message.voice, MediaKind.VOICE, "voice message", "voice.ogg", "audio/ogg"),
        (message.audio, MediaKind.AUDIO, "audio file", _title(message.audio), "audio/mpeg"),
        (message.video, MediaKind.VIDEO, "video", "video.mp4", "video/mp4"),
        (message.video_note, MediaKind.VIDEO, "video message", "video-message.mp4", "video/mp4"),
        (message.document, MediaKind.DOCUMENT, "file", "file", "application/octet-stream"),
    )
    for file, kind, noun, name, media_type in found:
        if file is not None:
            return _remote(file, kind, noun=noun, name=name, media_type=media_type, caption=message.caption)
    return None


def _remote(file: File, kind: MediaKind, *, noun: str, name: str, media_type: str, caption: str) -> RemoteFile:
    return RemoteFile(
        kind=kind,
        file_id=file.file_id,
        name=file.file_name or name,
        media_type=file.mime_type or media_type,
        noun=noun,
        size=file.file_size,
        caption=caption,
    )


def _sticker(file: File) -> RemoteFile:
    """A sticker is a WebP picture, a WebM video, or a drawing in Telegram's own format (gzipped Lottie)."""
    if file.is_video:
        ending, media_type = "webm", "video/webm"
    elif file.is_animated:
        ending, media_type = "tgs", "application/gzip"
    else:
        ending, media_type = "webp", "image/webp"
    name = f"sticker.{ending}"
    return _remote(file, MediaKind.STICKER, noun="sticker", name=name, media_type=media_type, caption=file.emoji)


def _title(audio: File | None) -> str:
    words = [audio.performer, audio.title] if audio else []
    return f"{' - '.join(filter(None, words)) or 'audio'}.mp3"


def _others(message: Message) -> Iterator[Text | Location | Contact]:
    if message.venue:  # Comes with a `location` of its own.
        venue = message.venue
        title = ", ".join(filter(None, (venue.title, venue.address)))
        yield Location(latitude=venue.location.latitude, longitude=venue.location.longitude, title=title)
    elif message.location:
        yield Location(latitude=message.location.latitude, longitude=message.location.longitude)
    elif message.contact:
        name = f"{message.contact.first_name} {message.contact.last_name}".strip()
        yield Contact(name=name, phone=message.contact.phone_number)
    elif message.dice:
        yield Text(text=f"{message.dice.get('emoji', '🎲')} {message.dice.get('value', '')}".strip())
    else:
        yield from _not_shown(message)


def _not_shown(message: Message) -> Iterator[Text]:
    """What nobody here can show is said in words rather than dropped."""
    kinds: tuple[tuple[str, dict[str, Any] | None, str], ...] = (
        ("a poll", message.poll, "question"),
        ("a story", message.story, ""),
        ("a game", message.game, "title"),
        ("paid media", message.paid_media, ""),
        ("a checklist", message.checklist, "title"),
    )
    for noun, found, title in kinds:
        if found is not None:
            about = found.get(title, "")
            yield Text(text=f"[{noun}{f': {about}' if about else ''}; it can be seen in Telegram only]")
