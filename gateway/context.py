"""The core as one plugin instance sees it: the implementation of `contracts.Context` and what hangs on it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway import log as logs
from gateway.feed import concerned

if TYPE_CHECKING:
    import structlog
    from aiohttp import ClientSession

    from gateway.conversation import Conversation
    from gateway.counted import Counted
    from gateway.engine import Engine
    from gateway.entries import Entry
    from gateway.events import PluginEvent, Typing
    from gateway.feed import Feed
    from gateway.given import Availability, Change, Files, Received
    from gateway.metrics import Metrics
    from gateway.signals import Signals
    from gateway.store.contract import Store
    from gateway.transport import HttpClient


KINDS_REMEMBERED = 100
"""How many kinds of ignored input are logged per instance at most: their names come from outside."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Core:
    """What all instances share."""

    engine: Engine
    store: Store
    feed: Feed
    files: Files
    signals: Signals
    metrics: Metrics
    secret: bytes
    """The gateway's own, 32 bytes."""
    config_dir: str
    public_url: Callable[[], str]
    http: Callable[[], ClientSession]
    client: Callable[[], HttpClient]
    availability: Callable[[str, str], Awaitable[Availability | None]]
    """By channel and destination."""
    report: Callable[[str, str], None]
    """What an instance says is wrong with it; empty: nothing."""
    now: Callable[[], float]


class InstanceContext:
    """Implements `Context` for one instance."""

    def __init__(self, core: Core, name: str, kind: str) -> None:
        """`name`: the instance's in the config."""
        self._core = core
        self._name = name
        self._kind = kind
        self._log = logs.get(instance=name, kind=kind)
        self._conversations = InstanceConversations(core, name)
        self._storage = InstanceStorage(core.store, name)
        self._ignored: set[str] = set()

    @property
    def name(self) -> str:
        """See `Context.name`."""
        return self._name

    @property
    def log(self) -> structlog.stdlib.BoundLogger:
        """See `Context.log`."""
        return self._log

    @property
    def http(self) -> ClientSession:
        """See `Context.http`."""
        return self._core.http()

    @property
    def client(self) -> HttpClient:
        """See `Context.client`."""
        return self._core.client()

    @property
    def conversations(self) -> InstanceConversations:
        """See `Context.conversations`."""
        return self._conversations

    @property
    def files(self) -> Files:
        """See `Context.files`."""
        return self._core.files

    @property
    def storage(self) -> InstanceStorage:
        """See `Context.storage`."""
        return self._storage

    @property
    def config_dir(self) -> str:
        """See `Context.config_dir`."""
        return self._core.config_dir

    def url(self, path: str) -> str:
        """See `Context.url`."""
        return self._core.public_url() + path if path.startswith("/") else path

    def secret(self, purpose: str) -> bytes:
        """See `Context.secret`."""
        return hmac.digest(self._core.secret, f"{self._name}\0{purpose}".encode(), hashlib.sha256)

    def now(self) -> float:
        """See `Context.now`."""
        return self._core.now()

    async def receive(self, event: PluginEvent, *, key: str = "") -> Received:
        """See `Context.receive`."""
        return await self._core.engine.receive(self._name, event, key=key)

    async def availability(self, destination: str = "") -> Availability | None:
        """See `Context.availability`."""
        return await self._core.availability(self._name, destination)

    def unhealthy(self, reason: str) -> None:
        """See `Context.unhealthy`."""
        self._core.report(self._name, reason)

    def healthy(self) -> None:
        """See `Context.healthy`."""
        self._core.report(self._name, "")

    def ignored(self, what: str) -> None:
        """See `Context.ignored`."""
        self._core.metrics.ignored(self._name).inc()
        if what not in self._ignored and len(self._ignored) < KINDS_REMEMBERED:
            self._ignored.add(what)
            self._log.warning("input.ignored", what=what)

    def count(self, counter: Counted, amount: float = 1.0, *labels: str) -> None:
        """See `Context.count`."""
        self._core.metrics.plugins.count(self._kind, self._name, counter, amount, labels)

    def signal(self, typing: Typing) -> None:
        """See `Context.signal`."""
        self._core.signals.typing(self._name, typing)


class InstanceConversations:
    """Implements `Conversations`: an instance reads what is its business and nothing else."""

    def __init__(self, core: Core, name: str) -> None:
        """`name`: the instance that reads."""
        self._core = core
        self._name = name

    async def get(self, conversation_id: str) -> Conversation | None:
        """See `Conversations.get`."""
        conversation = await self._core.engine.get(conversation_id)
        return conversation if conversation and self._may_read(conversation) else None

    async def of_client(self, client_id: str, *, channel: str = "") -> Conversation | None:
        """See `Conversations.of_client`."""
        conversation = await self._core.engine.of_client(channel or self._name, client_id)
        return conversation if conversation and self._may_read(conversation) else None

    async def recent(self, *, client_id: str = "", limit: int = 20) -> Sequence[Conversation]:
        """See `Conversations.recent`."""
        return await self._core.store.conversations(channel=self._name, client=client_id, limit=limit)

    async def sessions(self) -> Sequence[Conversation]:
        """See `Conversations.sessions`."""
        return await self._core.store.sessions(self._name)

    async def entries(
        self, conversation_id: str, *, after: int = 0, before: int | None = None, limit: int = 200
    ) -> Sequence[Entry]:
        """See `Conversations.entries`."""
        if await self.get(conversation_id) is None:
            return ()
        return await self._core.store.entries(conversation_id, after=after, before=before, limit=limit)

    def watch(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """See `Conversations.watch`."""
        return self._core.feed.watch(self._name, callback)

    def watch_typing(self, callback: Callable[[Typing], None]) -> Callable[[], None]:
        """See `Conversations.watch_typing`."""
        return self._core.feed.watch_typing(self._name, callback)

    def _may_read(self, conversation: Conversation) -> bool:
        return self._name in concerned(conversation) or self._core.engine.bot_of(conversation) == self._name


class InstanceStorage:
    """Implements `Storage`."""

    def __init__(self, store: Store, name: str) -> None:
        """`name`: the instance whose map it is."""
        self._store = store
        self._name = name

    async def get(self, key: str) -> Any | None:
        """See `Storage.get`."""
        return await self._store.kv_get(self._name, key)

    async def put(self, key: str, value: Any) -> None:
        """See `Storage.put`."""
        await self._store.kv_put(self._name, key, value)

    async def items(self, prefix: str = "") -> Mapping[str, Any]:
        """See `Storage.items`."""
        return await self._store.kv_items(self._name, prefix)
