"""The composition root: the only module that knows everybody. Settings in, a running gateway out."""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp

from gateway import admin
from gateway import log as logs
from gateway.admin import Admin
from gateway.capabilities import Capabilities
from gateway.carry import Carrier
from gateway.context import Core, InstanceContext
from gateway.contracts import SendsMessages, SupportsNews, SupportsPages
from gateway.decide import Policy
from gateway.dispatch import Dispatcher, Patience
from gateway.engine import Engine
from gateway.errors import GatewayError, UserMistake
from gateway.feed import Feed
from gateway.fetch import Fetcher
from gateway.files import FileStore
from gateway.following import Following
from gateway.kinds import ChannelKind
from gateway.listening import Listening
from gateway.load import Limits, Load
from gateway.loop_delay import LoopDelay
from gateway.metrics import Metrics
from gateway.observe import Observer
from gateway.signals import Signals
from gateway.store.memory import MemoryStore
from gateway.store.sqlite import SqliteStore
from gateway.supervisor import OnStartFailure, Running, Terms
from gateway.texts import Texts
from gateway.transport import HttpClient
from gateway.transport.clients import http_client
from gateway.web import Web

if TYPE_CHECKING:
    from gateway.config import Instance, RouteSettings, Settings
    from gateway.plugins import PluginHost
    from gateway.store.contract import Store

log = logs.get()

ClientT = TypeVar("ClientT")

COLLECTOR = (10_000, 20, 20)
"""How much may gather before the garbage collector looks at it (see `gc.set_threshold`)."""

LEAST_SECONDS = 1.0
"""What a listener or an instance gets to stop even if others have used up all the time."""


class Gateway:
    """A gateway built from settings. `start` makes it listen, `stop` ends it without losing anything."""

    def __init__(self, settings: Settings, *, now: Callable[[], float] = time.time) -> None:
        """Build everything; no I/O but the data folder. `now`: the clock, in unix seconds."""
        self.settings = settings
        self.metrics = Metrics(version=version("integration-gateway"))
        self.store = _store(settings, now, self.metrics)
        self.feed = Feed(on_error=lambda instance: self.metrics.watcher_errors(instance or "gateway").inc())
        self.observer = Observer(self.metrics)
        self._fetcher = Fetcher(allow_private=settings.files.allow_private)
        self.files = FileStore(settings.data / "files", max_bytes=settings.files.max_bytes, fetcher=self._fetcher)
        self.policies = _policies(settings)
        self._loop_delay = LoopDelay()
        self.load = self._load()
        self.engine = Engine(
            store=self.store,
            policies=self.policies,
            feed=self.feed,
            observer=self.observer,
            expect_room=self.load.expect_room,
            now=now,
        )
        self.instances: dict[str, Running] = {}
        self.signals = Signals(self.engine, self.feed, self.instances)
        self._carrier = self._new_carrier()
        self.dispatcher = self._dispatcher(now)
        self.engine.connect(self.dispatcher)
        self._listening: dict[str, Listening | Following] = {}
        self._http: aiohttp.ClientSession | None = None
        self._client: HttpClient | None = None
        self._web: Web | None = None
        self._admin: Admin | None = None
        self._now = now
        self.port = settings.server.port
        self._build(now)

    # --- building ------------------------------------------------------------------------------------------------

    def _load(self) -> Load:
        server = self.settings.server
        return Load(
            limits=Limits(
                pending_effects=server.max_pending_effects,
                events_under_way=server.max_events_under_way,
                store_delay_seconds=server.max_store_delay_seconds,
                loop_delay_seconds=server.max_loop_delay_seconds,
            ),
            pending_effects=lambda: self.dispatcher.pending(),  # noqa: PLW0108 - not there yet
            events_under_way=lambda: self.engine.under_way,
            store_delay=lambda: self.store.delay_seconds,
            loop_delay=lambda: self._loop_delay.seconds,
        )

    def _new_carrier(self) -> Carrier:
        return Carrier(
            engine=self.engine,
            store=self.store,
            instances=self.instances,
            chains={name: policy.chain for name, policy in self.policies.items()},
            signals=self.signals,
            public_url=lambda: self.url,
            progress=lambda effect: self.dispatcher.progressed(effect),  # noqa: PLW0108 - not there yet
        )

    def _dispatcher(self, now: Callable[[], float]) -> Dispatcher:
        patience = {
            channel: Patience(
                notify=route.notify_delay_seconds, expire=route.expire_seconds, expire_bot=route.bot_expire_seconds
            )
            for route in self.settings.routes.values()
            for channel in route.channels
        }
        places = {name: max(1, each.core.concurrency // 2) for name, each in _instances(self.settings).items()}
        return Dispatcher(
            engine=self.engine,
            store=self.store,
            carry_out=self._carrier.carry_out,
            patience=lambda channel: patience.get(channel, Patience()),
            places=lambda target: places.get(target, 1),
            metrics=self.metrics,
            now=now,
        )

    def _build(self, now: Callable[[], float]) -> None:
        settings = self.settings
        core = Core(
            engine=self.engine,
            store=self.store,
            feed=self.feed,
            files=self.files,
            signals=self.signals,
            metrics=self.metrics,
            secret=_own_secret(settings.data),
            config_dir=str(settings.folder),
            public_url=lambda: self.url,
            http=self._session,
            client=self._transport,
            availability=self._carrier.availability,
            report=lambda name, reason: self.instances[name].report(reason),
            now=now,
        )
        for name, instance in _instances(settings).items():
            self.instances[name] = _built(core, instance, self.metrics)
        for name, listener in settings.listeners.items():
            self._listening[name] = self._hearing(self.instances[name], durable=listener.kind.durable)
        self.metrics.follow(self.metrics.effects, self.dispatcher.pending)
        self.metrics.follow(self.metrics.lanes, self.dispatcher.lanes)
        self.metrics.follow(self.metrics.store_delay, lambda: self.store.delay_seconds)
        self.metrics.follow(self.metrics.loop_delay, lambda: self._loop_delay.seconds)
        self.metrics.follow(self.metrics.overloaded, lambda: bool(self.load.excess))

    def _hearing(self, running: Running, *, durable: bool) -> Listening | Following:
        if durable:
            return Following(running, store=self.store, metrics=self.metrics)
        return Listening(running, self.metrics)

    # --- life ----------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The address others reach it at."""
        server = self.settings.server
        return server.public_url or f"http://{_reachable(server.host)}:{self.port}"

    async def start(self) -> None:
        """Open the store, start the instances, take up what was left undone, then listen."""
        await self.store.open()
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None),
            cookie_jar=aiohttp.DummyCookieJar(),  # one instance's are none of another's business
        )
        self._client = http_client(self.settings.server.http_client, self._http)
        self._loop_delay.start()
        await self._listen()
        await self._start_instances()
        for listening in self._listening.values():
            await listening.start()
            self.feed.watch_all(listening)
        for platform in (*self.settings.platforms, *self.settings.bots):
            self.observer.recovered(await self.store.sessions(platform))
        await self.dispatcher.start()
        self.engine.open = True

    async def _start_instances(self) -> None:
        """Start all, and tell of all that cannot."""
        starts = [running.start() for running in self.instances.values()]
        failures = [each for each in await asyncio.gather(*starts, return_exceptions=True) if each]
        if failures:
            raise UserMistake("\n".join(map(str, failures)))

    async def _listen(self) -> None:
        self._web = Web(
            settings=self.settings.server,
            instances=self.instances,
            files=self.files,
            store=self.store,
            metrics=self.metrics,
            admin=lambda: self._admin,
            is_open=lambda: self.engine.open,
        )
        self.port = await self._web.start()
        access = admin.announce(self.settings.data, f"http://{_reachable(self.settings.server.host)}:{self.port}")
        self._admin = Admin(
            store=self.store,
            replay=self.dispatcher.replay,
            tell_again=self._tell_again,
            token=access.token,
            now=self._now,
        )

    async def _tell_again(self, listener: str, conversation: str, number: int) -> bool:
        following = self._listening.get(listener)
        return isinstance(following, Following) and await following.tell_again(conversation, number)

    async def stop(self) -> None:
        """Take nothing new, finish what is in hand, close everything. Safe also after a failed start.

        Whatever a plugin does, this takes hardly longer than `server.shutdown_seconds`.
        """
        now = asyncio.get_running_loop().time
        end = now() + self.settings.server.shutdown_seconds
        self.engine.open = False
        self._loop_delay.stop()
        if self._admin:
            admin.withdraw(self.settings.data)
        await self.engine.drain(within_seconds=end - now())
        await self.dispatcher.stop(within_seconds=max(0.0, end - now()))
        await _all(each.stop(within_seconds=max(LEAST_SECONDS, end - now())) for each in self._listening.values())
        await _all(each.stop(within_seconds=max(LEAST_SECONDS, end - now())) for each in self.instances.values())
        if self._web:
            await self._web.stop()
        await self._fetcher.close()
        if self._client:
            await self._client.close()
        if self._http:
            await self._http.close()
        await self.store.close()

    def pages(self) -> list[tuple[str, str]]:
        """Return (what it is, address) of what a person may want to open."""
        found = [
            (label, f"{self.url}/{name}{path}")
            for name, running in self.instances.items()
            for label, path in _pages(running).items()
        ]
        return [*found, ("metrics", f"{self.url}/metrics")]

    def _session(self) -> aiohttp.ClientSession:
        return _opened(self._http)

    def _transport(self) -> HttpClient:
        return _opened(self._client)


def _opened(client: ClientT | None) -> ClientT:
    if client is None:
        raise RuntimeError("calls outside can be made between start() and stop() only")
    return client


async def serve(settings: Settings, _host: PluginHost | None = None) -> None:
    """Run until SIGTERM or SIGINT, then stop gracefully. A second signal ends the process at once."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal(number: signal.Signals) -> None:
        if stopped.is_set():
            os._exit(130)
        stopped.set()
        log.info("gateway.stopping", signal=number.name)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    gateway = Gateway(settings)
    log.info("gateway.starting", config=str(settings.file))
    if await _unless(stopped, gateway.start()):
        _spare_the_collector()
        _announce(gateway)
        await stopped.wait()
        await gateway.stop()
    log.info("gateway.stopped")


async def _unless(stopped: asyncio.Event, start: Coroutine[Any, Any, None]) -> bool:
    """Start, unless told to stop before that is done: then what had started has been stopped again."""
    starting, stopping = asyncio.create_task(start), asyncio.create_task(stopped.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not starting.done():
        starting.cancel()
        await asyncio.wait({starting})
        return False
    await starting
    return True


def _spare_the_collector() -> None:
    """Have the garbage collector pass over what the start has made, and look at the rest less often.

    What a message needs is freed without it; looking for cycles among all that was a seventh of the work.
    """
    gc.freeze()
    gc.set_threshold(*COLLECTOR)


def _announce(gateway: Gateway) -> None:
    log.info("gateway.ready", url=gateway.url, instances=sorted(gateway.instances))
    width = max(len(label) for label, _ in gateway.pages())
    lines = [f"  {label:<{width}}  {address}" for label, address in gateway.pages()]
    try:
        print(*lines, sep="\n", flush=True)  # noqa: T201 - for the person at the terminal
    except OSError:  # nobody reads, or the disk is full: what could not be written must not be tried again at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _pages(running: Running) -> Mapping[str, str]:
    if not isinstance(running.component, SupportsPages):
        return {}
    try:
        return dict(running.component.pages())
    except Exception:
        log.exception("plugin.bug", instance=running.name, kind=running.kind, call="pages")
        return {}


async def _all(calls: Iterable[Coroutine[Any, Any, None]]) -> None:
    await asyncio.gather(*calls)


def _reachable(host: str) -> str:
    """Return an address of this machine under which a listening host is reached from here."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound to
    return f"[{host}]" if ":" in host else host


# --- from settings to what the core understands ----------------------------------------------------------------------


def _store(settings: Settings, now: Callable[[], float], metrics: Metrics) -> Store:
    if settings.store.type == "memory":
        return MemoryStore()

    def on_commit(seconds: float, writes: int) -> None:
        metrics.commit.observe(seconds)
        metrics.batch.observe(writes)

    return SqliteStore(settings.database, clock=now, on_commit=on_commit)


def _instances(settings: Settings) -> dict[str, Instance[Any]]:
    return {**settings.channels, **settings.bots, **settings.platforms, **settings.listeners}


def _policies(settings: Settings) -> dict[str, Policy]:
    return {
        channel: _policy(settings, name, route, channel)
        for name, route in settings.routes.items()
        for channel in route.channels
    }


def _policy(settings: Settings, name: str, route: RouteSettings, channel: str) -> Policy:
    return Policy(
        route=name,
        channel=channel,
        shows=_shows(settings.channels[channel]),
        bot=route.bot,
        chain=route.handoff,
        history=route.history,
        wait_when_offline=route.when_offline == "wait",
        accept_timeout=route.accept_timeout_seconds,
        wait_timeout=route.wait_timeout_seconds,
        agent_timeout=route.agent_timeout_seconds,
        idle_timeout=route.idle_timeout_seconds,
        bot_failures_before_handoff=route.bot_failures_before_handoff or sys.maxsize,
        close_phrases=route.close_phrases,
        texts=Texts(overrides=route.overrides),
    )


def _shows(instance: Instance[Any]) -> Capabilities:
    return getattr(instance.kind, "capabilities", None) or Capabilities()


def _built(core: Core, instance: Instance[Any], metrics: Metrics) -> Running:
    kind = instance.kind
    component = _component(core, instance)
    shown = isinstance(component, SendsMessages) or _shows(instance).tails_log
    if isinstance(kind, ChannelKind) and not shown:
        msg = f"channel kind {kind.name!r} has no send() and does not declare tails_log: its plugin is at fault"
        raise UserMistake(msg)
    if _shows(instance).hears and not isinstance(component, SupportsNews):
        msg = f"channel kind {kind.name!r} wants to hear of entries and has no tell(): its plugin is at fault"
        raise UserMistake(msg)
    terms = Terms(
        on_start_failure=OnStartFailure(instance.core.on_start_failure),
        timeout_seconds=instance.core.timeout_seconds,
        concurrency=instance.core.concurrency,
    )
    running = Running(
        name=instance.name, kind=kind.name, component=component, terms=terms, shows=_shows(instance), now=core.now
    )
    metrics.follow(metrics.instance_up(running.name, running.kind), lambda: float(running.healthy))
    return running


def _component(core: Core, instance: Instance[Any]) -> Any:
    """Have the plugin build its instance. Raises `UserMistake`, also if the plugin is at fault."""
    kind = instance.kind
    try:
        return kind.build(InstanceContext(core, instance.name, kind.name), instance.options)
    except GatewayError:
        raise
    except ModuleNotFoundError as error:
        missing = f"module {error.name!r} is missing; install its plugin again with what it needs"
        msg = f"{instance.name!r} ({kind.name}) cannot be built: {missing}"
        raise UserMistake(msg) from error
    except Exception as error:
        log.exception("plugin.bug", instance=instance.name, kind=kind.name, call="build")
        msg = f"{instance.name!r} ({kind.name}) cannot be built: a fault in its plugin: {type(error).__name__}"
        raise UserMistake(msg) from error


SECRET_BYTES = 32


def _own_secret(folder: Path) -> bytes:
    """Return the gateway's own secret, made at the first start; nobody else on the machine may read it."""
    path = folder / "secret"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _write_secret(path)
        found = path.read_bytes()
    except OSError as error:
        raise UserMistake(f"cannot write the data folder {folder}: {error.strerror}; correct store.path") from None
    if len(found) != SECRET_BYTES:
        raise UserMistake(f"{path} is damaged: restore it, or remove it (then clients and agents sign in anew)")
    return found


def _write_secret(path: Path) -> None:
    """Write it whole or not at all: from half a secret others could be guessed."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_bytes(SECRET_BYTES))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
