"""What the receiver is told: the body of one request, version 1."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

import gateway
from gateway import Change, Conversation, Entry, Floor, Peer

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class AboutConversation(BaseModel):
    """One client in one channel, from the first word to the close; as it is when it is told, not as it was then."""

    id: str
    channel: str = Field(description="The channel's name in the gateway's config.")
    route: str = Field(description="The route's name in the gateway's config.")
    client: Peer = Field(description="Who writes. `id` is unique within the channel.")
    language: str = Field(description="BCP 47 tag as far as the channel knows it; may be empty.")
    verified: bool = Field(description="True: the channel proved who the client is.")
    attributes: Mapping[str, str] = Field(description="Facts about the client, from the channel and from the bot.")
    floor: Floor = Field(description="Who may speak.")
    started_at: float = Field(description="Unix seconds.")


class Data(BaseModel):
    """One entry of a conversation's log."""

    version: Literal[1] = Field(1, description="Of this format. Members may be added to it; ignore those unknown.")
    conversation: AboutConversation
    entry: Entry = Field(description="`number` counts from 1 in each conversation, without gaps.")


class Event(BaseModel):
    """One request: what Standard Webhooks recommends."""

    type: str = Field(description="`conversation.` and the entry's type, such as `conversation.said`.")
    timestamp: datetime = Field(description="When the entry was committed.")
    data: Data


def event_id(change: Change) -> str:
    """Return the id of a change of one entry: the same whenever it is told."""
    return f"evt_{change.conversation.id}_{change.entries[0].number}"


def event_body(change: Change, absolute: Callable[[str], str]) -> str:
    """Return a change of one entry as JSON. `absolute` makes addresses of the gateway's files absolute."""
    [entry] = change.entries
    event = Event(
        type=f"conversation.{entry.body.type}",
        timestamp=datetime.fromtimestamp(entry.at, UTC),
        data=Data(conversation=_about(change.conversation), entry=entry),
    )
    data = _mapped(event.model_dump(mode="json"), absolute)
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _about(conversation: Conversation) -> AboutConversation:
    return AboutConversation(
        id=conversation.id,
        channel=conversation.channel,
        route=conversation.route,
        client=conversation.client,
        language=conversation.language,
        verified=conversation.verified,
        attributes=conversation.attributes,
        floor=conversation.floor,
        started_at=conversation.started_at,
    )


def _mapped(data: Any, change: Callable[[str], str]) -> Any:
    """Return JSON data with every member `url` and `avatar_url` changed; what a bot made up stays as it is."""
    if isinstance(data, list):
        return [_mapped(each, change) for each in data]
    if not isinstance(data, dict):
        return data
    return {key: _member(key, value, change) for key, value in data.items()}


def _member(key: str, value: Any, change: Callable[[str], str]) -> Any:
    if key in {"custom_data", "attributes", "hidden_attributes"}:
        return value
    return change(value) if key in {"url", "avatar_url"} and isinstance(value, str) else _mapped(value, change)


def schema_text() -> str:
    """Return the JSON Schema as it is kept in `schema/` and served."""
    schema = {"$schema": DIALECT, **Event.model_json_schema(mode="serialization")}
    for title, definition in schema["$defs"].items():
        if "description" not in definition and hasattr(gateway, title):
            definition["description"] = inspect.getdoc(getattr(gateway, title))
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
