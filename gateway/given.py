"""What the core gives to an instance: conversations to read, files and facts it keeps, and `Context` with it all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from gateway.conversation import Conversation
from gateway.counted import Counted
from gateway.entries import Entry
from gateway.events import PluginEvent, Typing
from gateway.model import Attachment

if TYPE_CHECKING:
    import structlog
    from aiohttp import ClientSession

    from gateway.transport import HttpClient


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Availability:
    """Whether somebody is there."""

    online: bool
    waiting: int | None = None
    """Length of the queue, where known."""


class Conversations(Protocol):
    """Reading conversations: those of this channel, or those with a session on this platform."""

    async def get(self, conversation_id: str) -> Conversation | None:
        """Return the conversation, or None if there is none or it is not this instance's business."""

    async def of_client(self, client_id: str, *, channel: str = "") -> Conversation | None:
        """Return the newest conversation with the client, open or closed, if it is this instance's business.

        `channel`: where the client writes; a channel leaves it out and means itself.
        """

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

    def unhealthy(self, reason: str) -> None:
        """Tell that something that runs in the background does not work, such as a reader whose token was revoked.

        `reason` has the cure; it is in `/health/ready` and, once, in the log. It stands until `healthy`: calls that
        succeed meanwhile do not lift it. Failing calls need none of this, `AuthenticationFailed` says it already.
        """

    def healthy(self) -> None:
        """Take back what `unhealthy` said. Costs nothing where there is nothing to take back."""

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
