"""What the bot is asked: the body of a turn's request, version 1."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field

from gateway import Context, Entry, Message, Peer, Pressed, Said, Turn
from gateway_webhook.callbacks import Callbacks

FILES = "/files/"


class AboutConversation(BaseModel):
    """One client in one channel, from the first word to the close."""

    id: str
    channel: str = Field(description="The channel's name in the gateway's config.")
    route: str = Field(description="The route's name in the gateway's config.")
    client: Peer = Field(description="Who writes. `id` is unique within the channel.")
    language: str = Field(description="BCP 47 tag as far as the channel knows it; may be empty.")
    verified: bool = Field(description="True: the channel proved who the client is.")
    attributes: Mapping[str, str] = Field(description="Facts about the client, from the channel and from the bot.")
    started_at: float = Field(description="Unix seconds.")


class TurnRequest(BaseModel):
    """One turn of the bot: what happened, and what the bot remembers."""

    version: Literal[1] = Field(1, description="Of this format. Members may be added to it; ignore those unknown.")
    id: str = Field(description="Of the turn, also the header webhook-id. A turn may be asked again: same id.")
    bot: str = Field(description="The bot's name in the gateway's config.")
    text: str = Field(description="What the client said, in plain words; of a button, its value. Empty otherwise.")
    cause: Entry = Field(
        description="Why the bot is asked. `body.type` is `said`: answer it. `started`: greet. `left`: an agent's "
        "turn is over, or none came; `outcome` and `note` tell why. `waited`: the time of "
        "`again_after_seconds` is over."
    )
    conversation: AboutConversation
    state: Mapping[str, Any] = Field(description="The bot's memory of this conversation, as it returned it last.")
    transcript: tuple[Entry, ...] = Field(description="After a handoff: what agent and client said since.")
    agents_online: bool | None = Field(description="Whether a transfer would find somebody; null: nobody can tell.")
    epoch: int = Field(description="Grows each time somebody else may speak.")
    callback_url: str = Field(description="Where this turn can be answered later; over once an agent has the floor.")
    push_url: str = Field(description="Where the bot can speak unasked, any time it has the floor.")


class Requests:
    """Writes the requests of one instance."""

    def __init__(self, context: Context, callbacks: Callbacks) -> None:
        """`callbacks` knows where later answers go."""
        self._context = context
        self._callbacks = callbacks

    def body(self, turn: Turn) -> str:
        """Return a turn as JSON."""
        data = self._request(turn).model_dump(mode="json")
        for said in ("cause", "transcript", "conversation"):
            data[said] = mapped_urls(data[said], self._absolute)
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"))

    def _request(self, turn: Turn) -> TurnRequest:
        conversation = turn.conversation
        return TurnRequest(
            id=turn.id,
            bot=self._context.name,
            text=_words(turn),
            cause=turn.cause,
            conversation=AboutConversation(
                id=conversation.id,
                channel=conversation.channel,
                route=conversation.route,
                client=conversation.client,
                language=conversation.language,
                verified=conversation.verified,
                attributes=conversation.attributes,
                started_at=conversation.started_at,
            ),
            state=turn.state,
            transcript=turn.transcript,
            agents_online=turn.agents_online,
            epoch=turn.epoch,
            callback_url=self._callbacks.of_turn(turn),
            push_url=self._callbacks.of_conversation(conversation.id),
        )

    def _absolute(self, url: str) -> str:
        return self._context.url(url) if url.startswith(FILES) else url


def _words(turn: Turn) -> str:
    """Return what the client said; a button says its value, which need not be what stands on it."""
    match turn.cause.body:
        case Said(message=Message(contents=(Pressed(value=value),))):
            return value
        case Said(message=message):
            return message.text
        case _:
            return ""


def mapped_urls(data: Any, change: Callable[[str], str]) -> Any:
    """Return JSON data with every member `url` and `avatar_url` changed by the function."""
    if isinstance(data, list):
        return [mapped_urls(each, change) for each in data]
    if not isinstance(data, dict):
        return data
    return {
        key: change(value) if key in {"url", "avatar_url"} and isinstance(value, str) else mapped_urls(value, change)
        for key, value in data.items()
    }
