"""What a plugin offers: with what it is `given`, the whole contract between the core and its plugins.

A plugin registers **kinds** (see `kinds`, `hookspecs`). For each instance in the config that names the kind, the core
validates the options, calls `build(context, options)` (no I/O), later `start()` (I/O allowed), and at the end `stop()`
(safe always, also if `start` failed). Behaviour is a Protocol of few methods; whatever is optional is a Protocol of
its own (`Supports…`), asked for once after `build`.

A plugin never retries, never sleeps, never keeps truth in memory. It turns wire formats into events
(`context.receive`) and calls into wire formats, and raises `Temporary`, `AuthenticationFailed`, `Permanent` or
`Refused` when a call did not work. Anything else it raises is a bug: logged with its traceback and treated as
`Permanent`. Time-outs are the core's: a call that takes longer is cancelled and counts as `Temporary`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from gateway.conversation import Conversation
from gateway.entries import Entry
from gateway.events import Typing
from gateway.given import Availability, Change
from gateway.model import JsonObject, Message, Outcome, Peer, Role, Transfer
from gateway.webhook import WebhookRequest, WebhookResponse

if TYPE_CHECKING:
    from aiohttp.web import AbstractRouteDef


class Component(Protocol):
    """The life of every instance."""

    async def start(self) -> None:
        """Connect, register webhooks, begin to listen. Raise a `Failure` if that does not work now."""

    async def stop(self) -> None:
        """Let go of everything. Safe always; called once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """A message on its way out, already fitted to what the other side can show."""

    id: str
    """Idempotency key: the same at every attempt, different for every message."""
    conversation: str
    client: Peer
    session: str = ""
    """Towards a platform: the gateway's id of the session, and ..."""
    remote: str = ""
    """... the platform's own."""
    number: int
    """Log number of the entry it comes from."""
    part: int = 0
    """Which one it is, from 0, where the entry had to be sent as several messages."""
    role: Role
    author: Peer
    message: Message
    attempt: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """The other side has the message. `remote_id` is its id there, if it gave one.

    The core keeps it with the delivery: `gateway trace` shows it, and `SupportsEdits.edit` gets it back.
    """

    remote_id: str = ""


@runtime_checkable
class SendsMessages(Protocol):
    """A channel to which the core sends. Without it the channel shows the log itself (see `Capabilities.tails_log`)."""

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Deliver one message to the client."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """The bot's turn: what happened, and what the bot remembers."""

    id: str
    """Idempotency key: a turn may be asked again after a crash."""
    conversation: Conversation
    cause: Entry
    """Why the bot is asked. `Said`: answer it. `Started`: greet. `Left`: the dialog is back, say so and go on;
    `Left.outcome` and `Left.note` tell why. `Waited`: the time it wanted to wait is over."""
    epoch: int
    """Goes into `BotSpoke.epoch` of whatever answers this turn later."""
    transcript: tuple[Entry, ...] = ()
    """After a handoff: all `Said` entries since the transfer, so that the bot knows what agent and client said."""
    agents_online: bool | None = None
    """Whether a transfer would find somebody, where the first platform of the route can tell."""

    @property
    def state(self) -> JsonObject:
        """The engine's own memory as it returned it last; empty at first."""
        return self.conversation.bot_state or {}


@dataclass(frozen=True, kw_only=True, slots=True)
class BotReply:
    """The bot's answer: words, new memory, and perhaps a transfer or the end. All of it takes effect in one step."""

    messages: tuple[Message, ...] = ()
    state: JsonObject | None = None
    """The engine's new memory; None keeps the old one."""
    transfer: Transfer | None = None
    close: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Facts about the client the bot found out."""
    again_after_seconds: float = 0.0
    """Ask again after that time (`Waited`), unless the client speaks or somebody else gets the floor before; 0: no."""


class BotEngine(Component, Protocol):
    """What answers automatically."""

    async def reply(self, turn: Turn) -> BotReply:
        """Answer a turn. Turns of one conversation come one after another."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """A dialog offered to an agent platform, with the whole handoff packet."""

    id: str
    """Idempotency key."""
    session: str
    """The gateway's id of the session: use it in every event about it, or name your own in `Opened.remote`."""
    conversation: str
    channel: str
    client: Peer
    language: str
    transfer: Transfer
    destination: str
    first_message: str
    history: tuple[Entry, ...]
    """The last entries of the log that were said, oldest first, up to the amount asked for."""
    attributes: Mapping[str, str]
    """What the agent may see: the client's attributes and the transfer's."""
    attempt: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """The platform took the dialog."""

    remote: str = ""
    """The platform's own id of the session; events may name it instead of ours."""
    agent: Peer | None = None
    """Set if an agent has it already; otherwise it is queued."""
    position: int | None = None
    wait_seconds: float | None = None
    destination_name: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Closing:
    """The client's side left the session."""

    id: str
    conversation: str
    session: str
    remote: str
    client: Peer
    outcome: Outcome
    text: str
    """A line for the agent; may be empty."""


class AgentPlatform(Component, Protocol):
    """Where human agents work."""

    async def open(self, opening: Opening) -> Opened:
        """Take a dialog. Raise `Refused` (code `offline`, `busy`, `rejected`) to let the next platform have it."""

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Hand a client's message to the agents."""

    async def close(self, closing: Closing) -> None:
        """End the session from the client's side."""


@runtime_checkable
class BusinessChannel(Protocol):
    """A channel whose platform owns the client: a transfer is an invitation inside it; nothing is relayed.

    Reports what humans do there by `HumanJoined`, `HumanWrote`, `HumanLeft`. A route names the channel instance itself
    in its `handoff` chain.
    """

    async def open(self, opening: Opening) -> Opened:
        """Invite an agent. Return at once; whether one comes is told by events."""

    async def close(self, closing: Closing) -> None:
        """The bot takes the dialog back, where the platform knows such a thing; else do nothing."""


@runtime_checkable
class BotWithAgents(AgentPlatform, Protocol):
    """A bot engine behind which there are agents, too: it hands clients over to them itself, and passes words on.

    A route names the bot instance itself in its `handoff` chain. Questions to the bot and words for its agents share
    one lane, in order. `open` raises `Refused` for a dialog its agents cannot have.
    """


class Listener(Component, Protocol):
    """Hears of every commit (CRM, statistics). Slow or failing listeners never hold anything up."""

    async def notice(self, change: Change) -> None:
        """Called after each commit, in order per conversation. See `ListenerKind.durable`."""


# --- optional, one method each ---------------------------------------------------------------------------------------


@runtime_checkable
class SupportsAvailability(Protocol):
    """A platform that can tell whether anybody is online; asked before a transfer."""

    async def availability(self, destination: str) -> Availability:
        """Tell about a group (empty: any)."""


@runtime_checkable
class SupportsEdits(Protocol):
    """A channel that can change a message it has shown."""

    async def edit(self, outgoing: Outgoing, remote_id: str) -> Receipt:
        """Show `outgoing` in place of the message the channel called `remote_id`; return its id, which may be the same.

        Called for a message that was, and is, shown as one. Raise `Permanent` where it cannot be changed (too old, a
        picture instead of words): then it is sent as a new message.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """A log entry a channel asked to be told of."""

    id: str
    """Idempotency key: the same at every attempt."""
    conversation: Conversation
    """As it is now, perhaps already further than the entry."""
    entry: Entry
    attempt: int = 1


@runtime_checkable
class SupportsNews(Protocol):
    """A channel that must know what becomes of a conversation, because a system behind it waits for that.

    `Capabilities.hears` names the types of entries it is told of.
    """

    async def tell(self, news: News) -> None:
        """Take it. Called after what was sent before the entry; failures are tried again like those of messages."""


@runtime_checkable
class SupportsTyping(Protocol):
    """Shows typing signs to the client (channel) or the agent (platform)."""

    async def typing(self, signal: Typing, *, client: Peer, session: str) -> None:
        """Show it for some seconds; a sign that lasts is given again. Failures are ignored.

        Never called with a draft (`Typing.text`): who can show one watches, see `Conversations.watch_typing`.
        """


@runtime_checkable
class SupportsRoutes(Protocol):
    """Serves HTTP itself (pages, sockets), mounted under `/{instance name}/`."""

    def routes(self) -> Iterable[AbstractRouteDef]:
        """Return aiohttp route definitions with paths relative to the mount point, each starting with `/`.

        Asked once, after `build`. Handlers may raise `BadInput`, `Unavailable`: the core answers for them.
        """


@runtime_checkable
class SupportsPages(Protocol):
    """Has pages a person may want to open; their addresses are shown when the gateway starts on a terminal."""

    def pages(self) -> Mapping[str, str]:
        """Return what each page is -> its path below the mount point, such as `{"agent desk": "/"}`."""


@runtime_checkable
class SupportsWebhook(Protocol):
    """Is told things by HTTP at `/hooks/{instance}`."""

    async def webhook(self, request: WebhookRequest) -> WebhookResponse:
        """Translate, `receive`, and only then answer.

        Raise `Unauthorized` or `BadInput` for what is not right; a pydantic `ValidationError` is answered 400, too.
        """
