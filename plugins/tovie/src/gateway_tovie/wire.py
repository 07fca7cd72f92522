"""The Chat API on the wire: what is read of Tovie's answers, and everything assumed about them.

Documented at https://help.cloud.tovie.ai/platform/api/chat_api and …/platform/bot-replies/overview. What the pages
leave open is decided here and nowhere else; each such place says ASSUMED, and the README lists them. Reading never
fails: a member of another type than expected counts as missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from gateway import Peer

Json = Mapping[str, Any]

MOST_REPLIES = 100
"""Documented: an answer has at most 100 replies."""

FILE, FILE_TOO_BIG = "fileEvent", "fileTooBigEvent"
FINISHED, NOBODY = "livechatFinished", "noLivechatOperatorsOnline"


def path(token: str, tail: str = "") -> str:
    """Return the path of a method. The token's colon stays as it is, as in all code seen."""
    return f"/chatapi/{quote(token, safe=':')}{tail}"


# --- lenient reading -------------------------------------------------------------------------------------------------


def words(value: Any) -> str:
    """Return a text; a number counts as one."""
    if isinstance(value, bool):
        return ""
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""


def first_words(data: Json, *names: str) -> str:
    """Return the first of these members that says something."""
    return next((found for name in names if (found := words(data.get(name)))), "")


def flag(value: Any) -> bool:
    """Return whether it is true, or "true"."""
    return value.strip().lower() == "true" if isinstance(value, str) else value is True


def number(value: Any) -> float | None:
    """Return a number, also from its digits."""
    try:
        found = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    except ValueError:
        return None
    return found if found is not None and abs(found) < float("inf") else None


def texts(value: Any) -> tuple[str, ...]:
    """Return the texts of a list; a bare text is a list of one."""
    found = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(text for each in found if (text := words(each)))


def facts(value: Any) -> dict[str, str]:
    """Return an object of texts; what is no text is its JSON."""
    given = value if isinstance(value, Mapping) else {}
    return {str(key): _as_text(each) for key, each in given.items() if each is not None}


def objects(value: Any) -> list[Json]:
    """Return the objects of a list."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_INTERVAL = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d)?[a-z]*\s*", re.IGNORECASE)


def seconds(interval: Any) -> float | None:
    """ASSUMED: the interval of a `timeout` is a number of seconds, or a text such as `5 minutes`."""
    if (found := number(interval)) is not None:
        return max(found, 0.0)
    match = _INTERVAL.fullmatch(interval) if isinstance(interval, str) else None
    return float(match[1]) * _UNITS[(match[2] or "s").lower()] if match else None


# --- answers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the bot, or an agent behind it, says."""

    replies: tuple[Json, ...] = ()
    too_many: int = 0
    """How many replies came past those an answer may have."""
    by_script: bool = False
    """The script says it. See `_by_script`."""
    ends_session: bool = False


def answer_in(body: Any) -> Answer:
    """Read a synchronous answer, or an item. ASSUMED: replies may also stand beside `data`, and `answer` alone."""
    outer = body if isinstance(body, Mapping) else {}
    data = outer["data"] if isinstance(outer.get("data"), Mapping) else outer
    replies = objects(data.get("replies")) or objects(outer.get("replies"))
    if not replies and (text := words(data.get("answer"))):
        replies = [{"type": "text", "text": text}]
    return Answer(
        replies=tuple(replies[:MOST_REPLIES]),
        too_many=max(0, len(replies) - MOST_REPLIES),
        by_script=_by_script(data, replies),
        ends_session=flag(data.get("endSession")),
    )


def _by_script(data: Json, replies: Sequence[Json]) -> bool:
    """ASSUMED: what comes out of a script names its state, or the class its words were recognised as.

    Nothing documents how an agent's reply differs from the bot's; an agent's has no state to come from.
    """
    if not replies:
        return False
    return bool(words(data.get("nlpClass"))) or any(words(each.get("state")) for each in replies)


# --- items: what comes by webhook and from /events -------------------------------------------------------------------

_AGENT_MEMBERS = ("employee", "operator", "agent")
_AGENT_WORDS = frozenset({*_AGENT_MEMBERS, "livechat", "manager"})
_PERSONS = (*_AGENT_MEMBERS, "author", "sender", "from")
_KIND_MEMBERS = ("eventType", "type", "event", "kind", "from", "sender", "author", "role", "source")
_CLIENT_KINDS = ("client", "user", "widget", "request", "query")
_BOTS = frozenset({"bot", "assistant", "script"})
_SYSTEM = "system"
_ENDS = frozenset({FINISHED, "left", "closed"})
_LISTS = ("events", "messages", "items", "data", "result")
_CURSORS = ("cursor", "nextCursor", "next", "offset", "lastEventId", "lastId")


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One thing Tovie tells by itself."""

    client_id: str
    question_id: str = ""
    token: str = ""
    answer: Answer = field(default_factory=Answer)
    agent: Peer | None = None
    """Who said it, where it says that an agent did."""
    is_notice: bool = False
    """The platform itself says it, about who came or went."""
    ends_dialog: bool = False
    """It says that the agents are done."""
    identity: str = ""
    """The same whenever the same thing is told again."""


def items_in(body: Any) -> list[Json] | None:
    """Return the items of a webhook (documented: an array) or of an answer of /events. None: this is something else.

    ASSUMED: an object with a list in it is taken, too, and a single item.
    """
    if isinstance(body, list):
        return objects(body)
    if not isinstance(body, Mapping):
        return None
    if "clientId" in body:
        return [body]
    listed = next((body[name] for name in _LISTS if isinstance(body.get(name), list)), None)
    return objects(listed) if listed is not None else None


def item_of(raw: Json) -> Item | None:
    """Read an item. None: it is nothing to be said, such as a widget's state or a client's own words.

    ASSUMED: an event of /events is an item, or has one as `data` or `message`.
    """
    inner = next((raw[name] for name in ("message", "data") if _is_item(raw.get(name))), raw)
    client_id = words(inner.get("clientId")) or words(raw.get("clientId"))
    agent = _agent_in(raw) or _agent_in(inner)
    answer, role = answer_in(inner), _role(raw)
    if not client_id or (agent is None and _is_clients(raw)):
        return None
    return Item(
        client_id=client_id,
        question_id=words(inner.get("questionId")) or words(raw.get("questionId")),
        token=words(inner.get("token")) or words(raw.get("token")),
        answer=replace(answer, by_script=answer.by_script or (role in _BOTS and bool(answer.replies))),
        agent=agent,
        is_notice=role == _SYSTEM,
        ends_dialog=any(words(raw.get(name)) in _ENDS for name in _KIND_MEMBERS),
        identity=identity(raw),
    )


def _is_item(value: Any) -> bool:
    return isinstance(value, Mapping) and ("clientId" in value or isinstance(value.get("data"), Mapping))


def _is_clients(raw: Json) -> bool:
    """ASSUMED: an event of another kind says so in a member, such as `"type": "clientRequest"`."""
    kinds = [words(raw.get(name)).lower() for name in _KIND_MEMBERS]
    return any(kind.startswith(_CLIENT_KINDS) for kind in kinds)


def _agent_in(raw: Json) -> Peer | None:
    """ASSUMED: an agent is named as in the Operator API (`employee`), or a member says that it was an agent."""
    inner = raw.get("data")
    for data in (raw, inner if isinstance(inner, Mapping) else {}, *objects(answer_data(raw).get("replies"))):
        for name in _PERSONS:
            person = data.get(name)
            if isinstance(person, Mapping) and (name in _AGENT_MEMBERS or _names_an_agent(words(person.get("role")))):
                return _peer(person)
        if any(_names_an_agent(words(data.get(name))) for name in _KIND_MEMBERS):
            return Peer(id="agent")
    return None


def _role(raw: Json) -> str:
    """ASSUMED: an author with a role may be named, as the Chat API of a gateway does it."""
    author = raw.get("author")
    return words(author.get("role")) if isinstance(author, Mapping) else ""


def answer_data(raw: Json) -> Json:
    """Return the part of an item that has the replies."""
    data = raw.get("data")
    return data if isinstance(data, Mapping) else raw


def _names_an_agent(kind: str) -> bool:
    return any(kind.lower().startswith(each) for each in _AGENT_WORDS)


def _peer(person: Json) -> Peer:
    names = (first_words(person, "firstName", "name", "fullName"), words(person.get("lastName")))
    name = " ".join(each.strip() for each in names if each.strip())
    avatar = words(person.get("avatarUrl"))
    return Peer(
        id=first_words(person, "employeeId", "id", "login", "email") or name or "agent",
        name=name,
        avatar_url=avatar if avatar.startswith(("https://", "http://")) else "",
    )


def identity(raw: Json) -> str:
    """ASSUMED: nothing names an item, so it is known by all it says; `token` may differ between two ways it comes."""
    told = json.dumps(bare(raw), sort_keys=True, ensure_ascii=False).encode(errors="replace")
    return sha256(told).hexdigest()[:32]


def bare(raw: Json) -> dict[str, Any]:
    """Return an item without the token in it, as it may be kept."""
    return {key: bare(value) if isinstance(value, Mapping) else value for key, value in raw.items() if key != "token"}


def question_id_in(body: Any) -> str:
    """ASSUMED: the message id that `/async` answers is `questionId`, or the only text there."""
    if isinstance(body, str | int):
        return words(body)
    if not isinstance(body, Mapping):
        return ""
    named = first_words(body, "questionId", "messageId", "id")
    return named or words(answer_data(body).get("questionId"))


def cursor_in(body: Any) -> dict[str, str]:
    """ASSUMED: an answer of /events that names where to go on is asked on from there by the same name."""
    found = body if isinstance(body, Mapping) else {}
    return {name: value for name in _CURSORS if (value := words(found.get(name)))}
