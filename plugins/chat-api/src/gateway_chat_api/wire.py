"""The Chat API on the wire: what callers send, what they get, and everything assumed about it.

Documented at https://help.cloud.tovie.ai/platform/api/chat_api. What the documentation leaves open is decided here and
in `replies.py`; each such place says ASSUMED, and the README lists them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote, unquote

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from gateway import BadInput

LONGEST_ID = 200
MOST_EVENTS = 250
"""Per call; documented."""
DIGITS = re.compile(r"[0-9]{1,15}")
MOST_FACTS = 100
MOST_FILES = 10
START = "/start"
FILE_EVENT = "fileEvent"


# --- what callers send -----------------------------------------------------------------------------------------------


def _words(value: Any) -> Any:
    return "" if value is None else value


def _id(value: Any) -> Any:
    """An id may be a number (`True` is one in Python only), but not half a character."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value.encode(errors="replace").decode() != value:
        raise ValueError("must be whole characters")
    return value


Words = Annotated[str, BeforeValidator(_words)]
Name = Annotated[str, BeforeValidator(_words), BeforeValidator(_id), Field(max_length=LONGEST_ID)]
Id = Annotated[str, BeforeValidator(_id), Field(min_length=1, max_length=LONGEST_ID)]


Flag = Annotated[bool, BeforeValidator(lambda value: True if value == "" else value)]
"""`?all` says yes, too."""


class Wire(BaseModel):
    """Unknown members are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)


class Ask(Wire):
    """A client's word or event. ASSUMED: with both, the word counts, except that files go along with it."""

    client_id: Id = Field(alias="clientId")
    query: Words = ""
    event: Words = ""
    data: Any = None
    cid: Name = ""
    message_id: Name = Field("", validation_alias=AliasChoices("messageId", "requestId"))
    """Not of the API: the caller's own id, by which a repetition is known."""

    @model_validator(mode="after")
    def _says_something(self) -> Ask:
        if not self.query.strip() and not self.event.strip():
            raise ValueError("one of `query` and `event` is needed")
        return self

    @property
    def start(self) -> str | None:
        """What a start brings along; None: this is no start. Seen in code: `/start` as a query."""
        said = self.query.strip() or self.event.strip()
        first, _, payload = said.partition(" ")
        is_start = first == START or (not self.query.strip() and said == "start")
        return payload.strip() if is_start else None


class Listing(Wire):
    """The parameters of `/events` and `/history`. ASSUMED: without `clientId`, `/events` tells of all clients."""

    client_id: Name = Field("", alias="clientId")
    cid: Name = ""
    all: Flag = False
    news: Flag = False
    """Not of the API: whatever was said to the client and is in no answer, and what became of the dialog."""
    after: Name = Field("", validation_alias=AliasChoices("after", "lastEventId"))
    before: Name = ""
    limit: int = Field(MOST_EVENTS, ge=1, le=MOST_EVENTS)

    @property
    def reader(self) -> str:
        """Name who reads: what one kind of call has passed over may be another's news."""
        return f"{'all' if self.all else 'news' if self.news else 'agents'}:{self.cid}"


# --- facts about the client in `data` --------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What the request data says about the client."""

    name: str = ""
    language: str = ""
    attributes: Mapping[str, str]


NOT_ATTRIBUTES = frozenset({"name", "userName", "language", "lang", "locale"})


def facts_in(data: Any) -> Facts:
    """Read the request data: every member becomes an attribute, as text. ASSUMED: the names of name and language."""
    if not isinstance(data, Mapping):
        return Facts(attributes={} if data is None else {"data": _as_text(data)})
    if len(data) > MOST_FACTS:
        raise BadInput(f"data: at most {MOST_FACTS} members")
    known = {str(key): _as_text(value) for key, value in data.items() if value is not None}
    full_name = f"{known.get('firstName', '')} {known.get('lastName', '')}".strip()
    others = {key: value for key, value in known.items() if key not in NOT_ATTRIBUTES}
    return Facts(
        name=known.get("name") or known.get("userName") or full_name,
        language=known.get("language") or known.get("lang") or known.get("locale", ""),
        attributes=others,
    )


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# --- files in `data` -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class FileLink:
    """A file a caller names."""

    url: str
    name: str = ""
    media_type: str = ""
    size: int | None = None


URLS = ("url", "fileUrl", "file_url", "link", "href", "downloadUrl", "imageUrl", "audioUrl", "videoUrl", "src")
NAMES = ("name", "fileName", "file_name", "filename", "title")
TYPES = ("mimeType", "mime_type", "contentType", "content_type", "mediaType", "type")
SIZES = ("size", "fileSize", "file_size")
LISTS = ("files", "attachments", "fileList", "file", "attachment", "data")


def files_in(data: Any) -> tuple[FileLink, ...]:
    """Find the files of a `fileEvent`. ASSUMED, in every plausible form: a list, a member, one descriptor, a link."""
    found = tuple(_files(data, depth=0))
    if len(found) > MOST_FILES:
        raise BadInput(f"data: at most {MOST_FILES} files")
    return found


def _files(data: Any, *, depth: int) -> Iterator[FileLink]:
    if depth > len(LISTS):
        return
    if isinstance(data, str) and data.startswith(("http://", "https://")):
        yield FileLink(url=data)
    elif isinstance(data, list):
        for each in data:
            yield from _files(each, depth=depth + 1)
    elif isinstance(data, Mapping):
        link = _first(data, URLS)
        if link.startswith(("http://", "https://")):
            yield FileLink(url=link, name=_first(data, NAMES), media_type=_media_type(data), size=_size(data))
        else:
            yield from _files(next((data[key] for key in LISTS if key in data), None), depth=depth + 1)


def _first(data: Mapping[Any, Any], names: tuple[str, ...]) -> str:
    return next((value for name in names if isinstance(value := data.get(name), str) and value), "")


def _media_type(data: Mapping[Any, Any]) -> str:
    return next((value for name in TYPES if isinstance(value := data.get(name), str) and "/" in value), "")


def _size(data: Mapping[Any, Any]) -> int | None:
    for name in SIZES:
        value = data.get(name)
        if isinstance(value, int | str) and not isinstance(value, bool):
            return int(value) if DIGITS.fullmatch(str(value)) else None
    return None


# --- ids -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, order=True, slots=True)
class Cursor:
    """A place among all entries of a client's conversations: ids of conversations grow, and so do the numbers."""

    conversation: str = ""
    number: int = 0

    def __str__(self) -> str:
        """Return it as callers see it: the id of an item, and of a question."""
        return f"{self.conversation}.{self.number}"

    @classmethod
    def read(cls, text: str, *, newest: str) -> Cursor:
        """Read an item's id, or a bare number in the newest conversation. Raises `BadInput`."""
        conversation, dot, number = text.rpartition(".")
        if not DIGITS.fullmatch(number) or (dot and not conversation):
            raise BadInput("after, before: must be the `id` of an item, or its `number`")
        return cls(conversation or newest, int(number))


def employee(person: Mapping[str, str]) -> dict[str, str]:
    """Describe an agent as the Operator API does: the vendor's own words for it."""
    first, _, last = person.get("name", "").strip().partition(" ")
    picture = {"avatarUrl": person["avatarUrl"]} if "avatarUrl" in person else {}
    return {"employeeId": person["id"], "firstName": first or person["id"], "lastName": last.strip(), **picture}


def message_id(given: str, cid: str) -> str:
    """Return the id under which a client's word is logged: it also keeps by which connection it came."""
    return f"{given}@{quote(cid, safe='')}"


def given_id(logged: str) -> str:
    """Return the caller's own part of it."""
    return logged.rpartition("@")[0]


def cid_of(logged: str) -> str:
    """Return the connection's part of it."""
    return unquote(logged.rpartition("@")[2])


# --- what they get ---------------------------------------------------------------------------------------------------


def timestamp(at: float) -> str:
    """Return a time as the API's own requests show it (seen in code): UTC without a zone, with milliseconds."""
    return datetime.fromtimestamp(at, tz=UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")


def data_body(replies: list[dict[str, Any]], answer: str, *, bot: str, is_new: bool, ended: bool) -> dict[str, Any]:
    """Return the member `data`. ASSUMED: `nlpClass` names the bot, for a bot's class is not known; `confidence` is 1.

    It is empty if no bot speaks, which is how readers tell a script's words from an agent's.
    """
    return {
        "replies": replies,
        "answer": answer,
        "nlpClass": f"/{bot}" if bot else "",
        "confidence": 1.0,
        "newSessionStarted": is_new,
        "debugData": [],
        "endSession": ended,
    }
