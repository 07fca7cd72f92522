"""What a plugin offers and what it is given: the whole contract between the core and its plugins.

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

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from gateway.conversation import Conversation
from gateway.counted import Counted
from gateway.entries import Entry
from gateway.events import PluginEvent, Typing
from gateway.model import Attachment, JsonObject, Message, Outcome, Peer, Role, Transfer
from gateway.webhook import WebhookRequest, WebhookResponse

if TYPE_CHECKING:
    import structlog
    from aiohttp import ClientSession
    from aiohttp.web import AbstractRouteDef

    from gateway.transport import HttpClient


# --- what the core gives to an instance -----------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """What became of an event. It is committed when you hold this: now the sender may be acknowledged."""

    conversation: str
    duplicate: bool = False
    """True: its key was seen before; nothing happened this time."""
    number: int | None = None
    """Log number of the message, where the event was one."""
    stale: bool = False
    """True: its speaker does not have the floor (any more); nothing happened. See `BotSpoke.epoch`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One committed step, as watchers see it."""

    conversation: Conversation
    entries: tuple[Entry, ...] = ()


class Conversations(Protocol):
    """Reading conversations: those of this channel, or those with a session on this platform."""

    async def get(self, conversation_id: str) -> Conversation | None:
        """Return the conversation, or None if there is none or it is not this instance's business."""

    async def of_client(self, client_id: str) -> Conversation | None:
        """Return this channel's newest conversation with the client, open or closed."""

    async def recent(self, *, client_id: str = "", limit: int = 20) -> Sequence[Conversation]:
        """Return this channel's conversations, open or closed, with one client or (empty) all: the last active first.

        Of two ids, the one of the conversation begun later is larger as text.
        """

    async def sessions(self) -> Sequence[Conversation]:
        """Return the conversations whose handoff is on this platform now, oldest transfer first."""

    async def entries(
        self, conversation_id: str, *, after: int = 0, before: int | None = None, limit: int = 200
    ) -> Sequence[Entry]:
        """Return at most `limit` entries with `after < number < before`, in order.

        With `before` set, the newest of them (to page backwards); otherwise the oldest (to catch up).
        """

    def watch(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Call `callback` after each commit to a conversation of this instance; returns what ends it.

        Runs on the event loop right after the commit, in commit order: it must be quick and must not raise. For a
        platform that means every step of a conversation that has, had until this step, or once had a session here.
        """

    def watch_typing(self, callback: Callable[[Typing], None]) -> Callable[[], None]:
        """Call `callback` for each typing signal that concerns this instance and is not its own, drafts among them."""


TAKE_SECONDS = 20.0
"""How long a file in a message may take unless the plugin says otherwise: whoever sent the message waits."""


class Files(Protocol):
    """Files the gateway keeps, each readable at its `url` (relative: `/files/…`) from when `save` returned."""

    @property
    def max_bytes(self) -> int:
        """Largest file accepted."""

    async def save(self, chunks: AsyncIterator[bytes], *, name: str, media_type: str = "") -> Attachment:
        """Keep a file. The media type is checked against the bytes. Raises `TooLarge` past the limit."""

    async def fetch(self, url: str, *, name: str = "", media_type: str = "") -> Attachment:
        """Keep a copy of a file that another system offers by its address.

        Only `http` and `https`, and never from a private address (unless the operator allows it): the address comes
        from outside. Raises `TooLarge`, `Temporary`, `Permanent`.
        """

    async def take(
        self,
        url: str,
        *,
        name: str = "",
        media_type: str = "",
        size: int | None = None,
        within_seconds: float = TAKE_SECONDS,
    ) -> Attachment:
        """Keep a copy of a file in a message that came in, or its address where it cannot be had in time.

        Never loses the file because of a failure, so it is what a webhook wants. `url` begins with http:// or https://
        (`BadInput` if not). `size`: bytes, where the other side tells; a file over the limit is not even fetched.
        `within_seconds`: less than the other side waits for our answer; 0 passes the address on at once.
        """

    async def read(self, url: str) -> AsyncIterator[bytes]:
        """Return the bytes of a file saved before, in chunks. Raises `FileNotFoundError`."""


class Storage(Protocol):
    """A small durable map for what an instance must remember (an update offset, an agent's status). Keys sort."""

    async def get(self, key: str) -> Any | None:
        """Return the JSON value, or None."""

    async def put(self, key: str, value: Any) -> None:
        """Store a JSON value; committed when this returns. None deletes."""

    async def items(self, prefix: str = "") -> Mapping[str, Any]:
        """Return all pairs whose key starts with `prefix`."""


class Context(Protocol):
    """The core, as one plugin instance sees it."""

    @property
    def name(self) -> str:
        """The instance's name in the config."""

    @property
    def log(self) -> structlog.stdlib.BoundLogger:
        """A logger that already carries instance and kind."""

    @property
    def http(self) -> ClientSession:
        """A shared aiohttp session for calls outside. Only usable between `start` and `stop`."""

    @property
    def client(self) -> HttpClient:
        """What `Remote` makes its calls with; the fastest transport there is. For short requests and answers."""

    @property
    def conversations(self) -> Conversations:
        """Reading conversations."""

    @property
    def files(self) -> Files:
        """Files the gateway keeps."""

    @property
    def storage(self) -> Storage:
        """This instance's durable map."""

    @property
    def config_dir(self) -> str:
        """Folder of the config file: relative paths in options start there."""

    def url(self, path: str) -> str:
        """Make a path of the gateway (`/files/…`, `/hooks/…`) absolute, by `server.public_url`. Others stay."""

    def secret(self, purpose: str) -> bytes:
        """Return 32 bytes that stay the same for this instance and purpose for ever, and that nobody can guess.

        For signing tokens and unguessable paths; derived from the gateway's own secret in its data folder.
        """

    def now(self) -> float:
        """Unix seconds, by the gateway's clock (tests move it)."""

    async def receive(self, event: PluginEvent, *, key: str = "") -> Received:
        """Let something happen: decide, commit, then return. Acknowledge the sender after this returns, not before.

        `key` is the other side's id of the event, unique within this instance: the same key happens once.
        Raises `AlreadyTaken` (see `AgentJoined`), `UnknownConversation` (session or conversation unknown or over),
        `Blocked`, `BadInput`, `Unavailable`.
        """

    async def availability(self, destination: str = "") -> Availability | None:
        """Tell whether a client of this channel would find somebody; None: nobody can tell, or this is no channel.

        `destination`: a group of the route's first platform; empty: any. Asks the platform, so it may take a moment.
        """

    def ignored(self, what: str) -> None:
        """Count something that came in and means nothing to the plugin, such as an unknown type of event.

        Logged the first time for each `what`: a short name, without anything a client wrote.
        """

    def count(self, counter: Counted, amount: float = 1.0, *labels: str) -> None:
        """Add to a counter of the plugin's own, shown at `/metrics` as `gateway_{kind}_{name}_total`.

        Its first label is the instance; `labels` are the values of `counter.labels`, in that order. They must be names
        from the options or words from the code: past 100 combinations per instance all further ones count as `other`.
        """

    def signal(self, typing: Typing) -> None:
        """Pass a typing signal on. Never fails, never blocks, may be dropped."""


# --- what an instance is asked to do ---------------------------------------------------------------------------------


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
    """The other side has the message. `remote_id` is its id there, if it gave one."""

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
    `Left.outcome` and `Left.note` tell why."""
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


class Listener(Component, Protocol):
    """Hears of every commit (CRM, statistics). Slow or failing listeners never hold anything up."""

    async def notice(self, change: Change) -> None:
        """Called after each commit, in order per conversation. See `ListenerKind.durable`."""


# --- optional, one method each ---------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Availability:
    """Whether somebody is there."""

    online: bool
    waiting: int | None = None
    """Length of the queue, where known."""


@runtime_checkable
class SupportsAvailability(Protocol):
    """A platform that can tell whether anybody is online; asked before a transfer."""

    async def availability(self, destination: str) -> Availability:
        """Tell about a group (empty: any)."""


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
