"""What Jivo takes: each event a client's side posts is looked at strictly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MEDIA = ("photo", "sticker", "video", "audio", "document")
LONGEST_ID = 255
MOST_KEYS = 7
CONTENT_TYPE = "application/json; charset=utf-8"

_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "text": ("text",),
    **dict.fromkeys(MEDIA, ("file",)),
    "location": ("latitude", "longitude"),
    "rate": ("value",),
    "seen": ("id",),
    "keyboard": ("keyboard",),
    "typein": (),
    "start": (),
    "stop": (),
}
_USER = {"name", "photo", "url", "title", "email", "phone", "invite", "group", "intent", "crm_link"}
_TEXTS = {"type", "id", "text", "title", "file", "thumb", "file_name", "mime_type"}
_NUMBERS = {"value", "latitude", "longitude"}
_WHOLE = {"date", "file_size", "width", "height"}


def fault_of(event: Any, *, custom_data: type) -> str:
    """Return why an event is refused; empty: it is taken. `custom_data`: the type it must have."""
    if not isinstance(event, dict) or not isinstance(event.get("sender"), dict):
        return "sender: required"
    if not isinstance(event.get("message"), dict):
        return "message: required"
    return _of_user(event["sender"], custom_data) or _of_message(event["message"])


def _of_user(user: dict[str, Any], custom_data: type) -> str:
    known_as = user.get("id")
    if not isinstance(known_as, str) or not 0 < len(known_as) <= LONGEST_ID:
        return "sender.id: a string of 1 to 255 characters"
    if wrong := [key for key in _USER if key in user and not isinstance(user[key], str)]:
        return f"sender.{wrong[0]}: must be a string"
    if "custom_data" in user and not isinstance(user["custom_data"], custom_data):
        return f"sender.custom_data: must be a {custom_data.__name__}"
    if unknown := set(user) - _USER - {"id", "custom_data"}:
        return f"sender.{min(unknown)}: unknown"
    return ""


def _of_message(message: dict[str, Any]) -> str:
    kind = str(message.get("type"))
    if kind not in _REQUIRED:
        return "message.type: unknown"
    if missing := [key for key in _REQUIRED[kind] if message.get(key) in (None, "")]:
        return f"message.{missing[0]}: required"
    for keys, wanted in ((_TEXTS, str), (_NUMBERS, (int, float)), (_WHOLE, int)):
        if wrong := [key for key in keys & set(message) if not isinstance(message[key], wanted)]:
            return f"message.{min(wrong)}: wrong type"
    if unknown := set(message) - _TEXTS - _NUMBERS - _WHOLE - {"keyboard", "multiple"}:
        return f"message.{min(unknown)}: unknown"
    if kind in MEDIA and not message["file"].startswith(("https://", "http://")):
        return "message.file: must be an address"
    return _of_keys(message.get("keyboard"))


def _of_keys(keys: Any) -> str:
    if keys is None:
        return ""
    if not isinstance(keys, list) or not 0 < len(keys) <= MOST_KEYS:
        return "message.keyboard: a list of 1 to 7 keys"
    if any(not isinstance(key, dict) or not isinstance(key.get("id"), str) for key in keys):
        return "message.keyboard: each key has an id"
    return ""
