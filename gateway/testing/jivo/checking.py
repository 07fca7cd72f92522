"""What a bot may post, member by member: anything more or less is a mistake of the bot's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

ENVELOPE = frozenset({"event", "id", "client_id", "chat_id"})
CONTACTS = frozenset({"name", "email", "phone", "description"})
SECONDS = range(1_000_000_000, 100_000_000_000)
MEDIA = ("PHOTO", "VIDEO", "AUDIO", "VOICE", "DOCUMENT")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("http://", "https://"))


def _is_time(value: Any) -> bool:
    return isinstance(value, int) and value in SECONDS


def _are_buttons(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_is_button(each) for each in value)


def _is_button(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"text", "id"}
        and _is_text(value["text"])
        and (_is_text(value["id"]) or isinstance(value["id"], int))
    )


Checks = Mapping[str, Callable[[Any], bool]]

MEMBERS: Mapping[str, Checks] = {
    "TEXT": {"text": _is_text},
    "MARKDOWN": {"content": _is_text, "text": _is_text},
    "BUTTONS": {
        "title": _is_text,
        "text": _is_text,
        "buttons": _are_buttons,
        "force_reply": lambda value: isinstance(value, bool),
    },
    "LOCATION": {"latitude": _is_number, "longitude": _is_number},
    **{name: {"file": _is_address} for name in MEDIA},
}
OPTIONAL: Mapping[str, Checks] = {name: {"text": _is_text} for name in MEDIA}


def mistake(body: Any) -> str:
    """Return what is wrong with an event; empty: nothing."""
    if not isinstance(body, dict):
        return "this is no event"
    if wrong := [name for name in sorted(ENVELOPE) if not _is_text(body.get(name))]:
        return f"not a string: {', '.join(wrong)}"
    if not _is_uuid(body["id"]):
        return "id: no uuid"
    return _mistake_in_members(body["event"], {name: body[name] for name in body if name not in ENVELOPE})


def _mistake_in_members(event: str, members: dict[str, Any]) -> str:
    match event:
        case "BOT_MESSAGE":
            return _mistake_in_message(members)
        case "CLIENT_INFO":
            fine = bool(members) and set(members) <= CONTACTS and all(map(_is_text, members.values()))
            return "" if fine else f"members: {sorted(members)}"
        case _:
            return f"members: {sorted(members)}" if members else ""


def _mistake_in_message(members: dict[str, Any]) -> str:
    if set(members) != {"message"} or not isinstance(members["message"], dict):
        return "message: must be there, and nothing else"
    message = members["message"]
    kind = str(message.get("type"))
    if kind not in MEMBERS:
        return f"message.type: {kind!r}"
    wanted = {**MEMBERS[kind], "timestamp": _is_time}
    allowed = {**wanted, **OPTIONAL.get(kind, {})}
    unknown = set(message) - set(allowed) - {"type"}
    missing = set(wanted) - set(message)
    wrong = {name for name in set(allowed) & set(message) if not allowed[name](message[name])}
    found = sorted(unknown | missing | wrong)
    return f"message: {', '.join(found)}" if found else ""


def _is_uuid(value: str) -> bool:
    try:
        return str(UUID(value)) == value
    except ValueError:
        return False
