"""The Operator API on the wire: everything the two halves say and understand, and everything assumed about it.

Documented at https://help.cloud.tovie.ai/platform/operator_api. What the documentation leaves open is decided here and
nowhere else; each such place says ASSUMED, and the README lists them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from gateway import Peer, read_json

METHODS = ("setWebhook", "getDestinations", "selectDestination", "sendText", "sendFile", "closeChat")

LONGEST_ID = 256


# --- lenient reading -------------------------------------------------------------------------------------------------


def _words(value: Any) -> Any:
    return "" if value is None else value


def _size(value: Any) -> int | None:
    """Documented as a number in one place and as a string in another."""
    try:
        size = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return size if size >= 0 else None


def _flag(value: Any) -> bool | None:
    """ASSUMED: `hasOnline` is true, "true" or the like; without it nobody can tell."""
    if isinstance(value, str):
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(
            value.strip().lower()
        )
    return bool(value) if isinstance(value, bool | int) else None


def _facts(value: Any) -> Any:
    """The tables call it a string, the examples show an object: both are taken; a plain string is kept as a note."""
    if isinstance(value, str):
        value = _decoded(value)
    if isinstance(value, str):
        value = {"note": value} if value.strip() else {}
    if not isinstance(value, Mapping):
        return {} if value is None else {"note": _as_text(value)}
    return {str(key): _as_text(each) for key, each in value.items() if each is not None}


def _decoded(value: Any) -> Any:
    """Return what a string of JSON says; other strings stay."""
    if not isinstance(value, str):
        return value
    try:
        return read_json(value)
    except ValueError:
        return value


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


Words = Annotated[str, BeforeValidator(_words)]
Id = Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]
Size = Annotated[int | None, BeforeValidator(_size)]
Flag = Annotated[bool | None, BeforeValidator(_flag)]
Facts = Annotated[dict[str, str], BeforeValidator(_facts)]
Anything = Annotated[JsonValue, BeforeValidator(_decoded)]


class Wire(BaseModel):
    """Unknown members are ignored; an id may be a number."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)


# --- events: the desk tells the platform -----------------------------------------------------------------------------


class Employee(Wire):
    """An agent, as events name them."""

    employee_id: Words = Field("", alias="employeeId")
    first_name: Words = Field("", alias="firstName")
    last_name: Words = Field("", alias="lastName")
    avatar_url: Words = Field("", alias="avatarUrl")

    def peer(self) -> Peer:
        """Return the agent as the gateway knows people. Only web addresses are taken for pictures."""
        name = " ".join(filter(None, (self.first_name.strip(), self.last_name.strip())))
        avatar = self.avatar_url if self.avatar_url.startswith(("https://", "http://")) else ""
        return Peer(id=self.employee_id or name or "agent", name=name, avatar_url=avatar)


class Destination(Wire):
    """A group."""

    destination_id: Words = Field("", validation_alias=AliasChoices("destinationId", "id"))
    name: Words = ""
    has_online: Flag = Field(None, validation_alias="hasOnline")


class Event(Wire):
    """Any event. Only the first three members are always there; `type` tells which of the others count."""

    id: Id
    user_id: Id = Field(alias="userId")
    type: Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]
    text: Words = ""
    url: Words = ""
    name: Words = Field("", validation_alias=AliasChoices("name", "fileName"))
    size: Size = None
    comment: Words = ""
    employee: Employee | None = None
    destination: Destination | None = None

    @property
    def agent(self) -> Peer:
        """Who did it."""
        return (self.employee or Employee()).peer()


def text_event(event_id: str, user_id: str, text: str, agent: Peer) -> dict[str, Any]:
    """An agent said something."""
    return {**_event("TextMessage", event_id, user_id), "text": text, "employee": employee(agent)}


def file_event(
    event_id: str, user_id: str, *, url: str, name: str, size: int | None, comment: str, agent: Peer
) -> dict[str, Any]:
    """An agent sent a file. Its size is a string in the documentation's example, and so it is here."""
    file = {"url": url, "name": name, "size": None if size is None else str(size), "comment": comment or None}
    given = {key: value for key, value in file.items() if value is not None}
    return {**_event("FileMessage", event_id, user_id), **given, "employee": employee(agent)}


def closed_event(event_id: str, user_id: str, agent: Peer) -> dict[str, Any]:
    """The agents' side ended the dialog."""
    return {**_event("Closed", event_id, user_id), "employee": employee(agent)}


def moved_event(event_id: str, user_id: str, *, destination: str, name: str, online: bool) -> dict[str, Any]:
    """The dialog went to another group. `hasOnline` is a string in the documentation's example, and so it is here."""
    group = {"destinationId": destination, "name": name, "hasOnline": "true" if online else "false"}
    return {**_event("SelectDestination", event_id, user_id), "destination": group}


def _event(kind: str, event_id: str, user_id: str) -> dict[str, Any]:
    return {"id": event_id, "userId": user_id, "type": kind}


def employee(agent: Peer) -> dict[str, str]:
    """Describe an agent. ASSUMED: of a name in one piece, the first word is the first name."""
    first, _, last = agent.name.strip().partition(" ")
    picture = {"avatarUrl": agent.avatar_url} if agent.avatar_url else {}
    return {"employeeId": agent.id, "firstName": first or agent.id, "lastName": last.strip(), **picture}


# --- methods: the platform calls the desk ----------------------------------------------------------------------------


class SetWebhook(Wire):
    """Where events go from now on."""

    url: Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^https?://[^\s]+$")]


class SelectDestination(Wire):
    """A dialog for a group."""

    user_id: Id = Field(alias="userId")
    destination_id: Words = Field("", alias="destinationId")
    user_name: Words = Field("", alias="userName")
    attributes: Facts = Field(default_factory=dict)
    hidden_attributes: Facts = Field(default_factory=dict, alias="hiddenAttributes")
    custom_data: Anything = Field(None, alias="customData")


class SendText(Wire):
    """The client said something."""

    user_id: Id = Field(alias="userId")
    text: Words


class SendFile(Wire):
    """The client sent a file."""

    user_id: Id = Field(alias="userId")
    url: Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^https?://[^\s]+$")]
    file_name: Words = Field("", validation_alias=AliasChoices("fileName", "name"))
    size: Size = None


class CloseChat(Wire):
    """The client's side ended the dialog."""

    user_id: Id = Field(alias="userId")
    text: Words = ""


def select_body(
    user_id: str,
    destination: str,
    *,
    user_name: str,
    attributes: Mapping[str, str],
    hidden: Mapping[str, str],
    custom_data: Any,
    json_strings: bool,
) -> dict[str, Any]:
    """The body of `selectDestination`; what is empty is left out, but for the two mandatory members."""
    rich = {
        "attributes": dict(attributes) or None,
        "hiddenAttributes": dict(hidden) or None,
        "customData": custom_data,
    }
    given = {key: value for key, value in rich.items() if value is not None}
    if json_strings:
        given = {key: json.dumps(value, ensure_ascii=False) for key, value in given.items()}
    name = {"userName": user_name} if user_name else {}
    return {"userId": user_id, "destinationId": destination, **name, **given}


def file_body(user_id: str, *, url: str, name: str, size: int | None) -> dict[str, Any]:
    """The body of `sendFile`."""
    return {"userId": user_id, "url": url, "fileName": name, **({} if size is None else {"size": size})}


# --- the answer of getDestinations: the documentation does not show one ----------------------------------------------


def destinations_body(groups: list[tuple[str, str, bool]]) -> list[dict[str, Any]]:
    """ASSUMED: a bare list, each group with the members events show of it, `hasOnline` as a boolean."""
    return [{"destinationId": group, "name": name, "hasOnline": online} for group, name, online in groups]


def destinations_in(answer: Any) -> tuple[Destination, ...] | None:
    """ASSUMED: a list, or an object with a list in it, of groups or of their ids. None: something else."""
    if isinstance(answer, Mapping):
        answer = next((value for value in answer.values() if isinstance(value, list)), None)
    if not isinstance(answer, list):
        return None
    found = (_destination(each) for each in answer)
    return tuple(each for each in found if each and each.destination_id)


def _destination(value: Any) -> Destination | None:
    if isinstance(value, str | int):
        value = {"destinationId": value}
    try:
        return Destination.model_validate(value)
    except ValueError:
        return None
