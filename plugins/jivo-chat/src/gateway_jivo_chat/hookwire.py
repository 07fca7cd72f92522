"""The Webhooks API of JivoChat on the wire (https://www.jivo.ru/docs/webhooks/), read as leniently as can be.

None of it tells for certain whose chat an event is about when the client came by the Chat API; `matching` finds out.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from gateway import Peer
from gateway_jivo_chat.lenient import AnObject, Flag, Lenient, Objects, Whole, Words

NO_NUMBER = frozenset({"", "0"})
"""ASSUMED: what has no chat, or no number, may say 0 as well as nothing."""
MOST_TEXT = 2000
"""Longest value of an attribute, in characters."""


class Named(Lenient):
    """Something with a title or a name."""

    id: Words = ""
    title: Words = ""
    name: Words = ""

    @property
    def words(self) -> str:
        """What it is called."""
        return self.title or self.name


class Person(Lenient):
    """An agent."""

    id: Words = ""
    name: Words = ""
    email: Words = ""

    def peer(self) -> Peer | None:
        """Return the agent as the gateway knows people."""
        return Peer(id=self.id or self.name, name=self.name) if self.id or self.name else None


class Visitor(Lenient):
    """The client, as Jivo's card has it. ASSUMED: our id for the client may stand in one of the last three."""

    name: Words = ""
    email: Words = ""
    phone: Words = ""
    description: Words = ""
    number: Words = ""
    id: Words = ""
    client_id: Words = ""
    external_id: Words = ""


class Page(Lenient):
    """The page the client came from."""

    url: Words = ""


class Line(Lenient):
    """One line of a transcript."""

    message: Words = ""
    timestamp: Whole = None
    type: Words = ""


class Chat(Lenient):
    """What `chat_finished` adds."""

    messages: Annotated[tuple[Line, ...], Objects] = ()
    blacklisted: Flag = False
    rate: Words = ""

    def said_by(self, who: str) -> list[str]:
        """Return what the `visitor` or the `agent` wrote."""
        return [line.message for line in self.messages if line.type == who and line.message]

    @property
    def newest(self) -> int | None:
        """When somebody last wrote, in unix seconds."""
        return max((line.timestamp for line in self.messages if line.timestamp is not None), default=None)


class Call(Lenient):
    """A call by telephone."""

    type: Words = ""
    status: Words = ""
    record_url: Words = ""


class ContactOf(Lenient):
    """One way to reach a client, in an event of the CRM."""

    contact_type: Words = ""
    contact: Words = ""


class Hook(Lenient):
    """Any webhook. `event_name` tells which members count; events of the CRM have an `event_type` as well."""

    event_name: Words = ""
    event_type: Words = ""
    widget_id: Words = ""
    user_token: Words = ""
    client_id: Words = ""
    chat_id: Words = ""
    visitor: Annotated[Visitor, AnObject] = Field(default_factory=Visitor)
    agent: Annotated[Person, AnObject] = Field(default_factory=Person)
    assign_to: Annotated[Person, AnObject] = Field(default_factory=Person)
    assigned_agent: Annotated[Person, AnObject] = Field(default_factory=Person)
    organization: Annotated[Named, AnObject] = Field(default_factory=Named)
    status: Annotated[Named, AnObject] = Field(default_factory=Named)
    department: Annotated[Named, AnObject] = Field(default_factory=Named)
    topic: Annotated[Named, AnObject] = Field(default_factory=Named)
    tags: Annotated[tuple[Named, ...], Objects] = ()
    page: Annotated[Page, AnObject] = Field(default_factory=Page)
    chat: Annotated[Chat, AnObject] = Field(default_factory=Chat)
    call: Annotated[Call, AnObject] = Field(default_factory=Call)
    message: Words = ""
    attributes: Annotated[dict[str, Any], AnObject] = Field(default_factory=dict)
    crm_link: Words = ""
    contacts: Annotated[tuple[ContactOf, ...], Objects] = ()
    # Events about a client in the CRM have these without a visitor:
    name: Words = ""
    description: Words = ""

    @property
    def what(self) -> str:
        """A short name of the kind of event."""
        return self.event_type or self.event_name

    @property
    def emails(self) -> list[str]:
        """All of the client's, the main one first."""
        return [self.visitor.email, *self._contacts("email")] if self.visitor.email else self._contacts("email")

    @property
    def phones(self) -> list[str]:
        """All of the client's, the main one first."""
        return [self.visitor.phone, *self._contacts("phone")] if self.visitor.phone else self._contacts("phone")

    def _contacts(self, kind: str) -> list[str]:
        return [each.contact for each in self.contacts if each.contact_type == kind and each.contact]

    @property
    def ids(self) -> list[str]:
        """Where the id we gave the client may stand. Never what a client can write, such as a name."""
        visitor = self.visitor
        found = (self.user_token, self.client_id, visitor.external_id, visitor.client_id, visitor.id)
        return list(filter(None, found))

    @property
    def marks(self) -> dict[str, str]:
        """What kind of number -> number of Jivo's own by which the same client or chat is known again."""
        visitor = self.visitor
        numbers = {
            "chat": self.chat_id,
            "client": self.client_id or visitor.client_id,
            "visitor": visitor.number,
            "token": self.user_token,
        }
        return {f"{self.widget_id}:{kind}": number for kind, number in numbers.items() if number not in NO_NUMBER}

    @property
    def client_marks(self) -> dict[str, str]:
        """Those that stay the same as long as the client does."""
        return {kind: number for kind, number in self.marks.items() if not kind.endswith(":chat")}


def facts(hook: Hook) -> dict[str, str]:
    """Return what an event says about the client, as attributes of the conversation."""
    crm = hook.event_type == "crm_client"
    told = {
        "email": next(iter(hook.emails), ""),
        "phone": next(iter(hook.phones), ""),
        "description": hook.visitor.description or (hook.description if crm else ""),
        "crm_link": hook.crm_link,
        "organization": hook.organization.words,
        "client_status": hook.status.words,
        "department": hook.department.words,
        "topic": hook.topic.words,
        "assigned_agent": hook.assigned_agent.name or hook.assigned_agent.email,
        "tags": ", ".join(filter(None, (tag.words for tag in hook.tags))),
        "rating": hook.chat.rate,
        "blacklisted": "true" if hook.chat.blacklisted else "",
        "call": " ".join(filter(None, (hook.call.type, hook.call.status))),
        "call_record": hook.call.record_url,
        **_attributes(hook),
    }
    return {key: value[:MOST_TEXT] for key, value in told.items() if value}


def _attributes(hook: Hook) -> dict[str, str]:
    """Attributes of a client, by the ids of the account. ASSUMED: an object, each value a text or a number."""
    if hook.event_name != "client_attribute_updated":
        return {}
    return {key: str(value) for key, value in hook.attributes.items() if isinstance(value, str | int | float)}


def name_of(hook: Hook) -> str:
    """Return the client's name; empty if the event does not tell it."""
    return hook.visitor.name or (hook.name if hook.event_type == "crm_client" else "")
