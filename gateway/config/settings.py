"""What the configuration says once it was found to be right: frozen values with units in their names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, IPvAnyNetwork, SecretStr

from gateway.kinds import AgentPlatformKind, BotEngineKind, ChannelKind, Kind, ListenerKind, Options
from gateway.texts import ANY_LANGUAGE, KEYS
from gateway.transport import ClientName

KindT = TypeVar("KindT", bound=Kind[Any])

MEBIBYTE = 1024 * 1024


class Section(BaseModel):
    """Base of the core's own sections: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _address(value: str) -> str:
    """Accept an address of this gateway without a path of its own; drop a slash at the end."""
    value = value.rstrip("/")
    scheme, separator, rest = value.partition("://")
    if not separator or scheme not in {"http", "https"} or not rest or set(rest) & set("/?# "):
        raise ValueError("must be an address such as https://gateway.example.com, without a path")
    return value


class ServerSettings(Section):
    """Where the gateway listens, and how it is reached from outside."""

    host: str = Field(
        "127.0.0.1", min_length=1, description="Address to listen on; 0.0.0.0 means all of this machine's."
    )
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 lets the system choose.")
    public_url: Annotated[str, AfterValidator(_address)] | None = Field(
        None,
        description="How others reach the gateway, such as https://gateway.example.com. Needed for webhooks and for "
        "files that other systems fetch; default: the address it listens on.",
    )
    shutdown_seconds: float = Field(
        20.0, ge=0, le=600, description="Longest wait for what is in hand when the gateway is stopped."
    )
    max_body_bytes: int = Field(
        MEBIBYTE,
        ge=1024,
        description="Largest body of a webhook or request, in bytes. Files have a limit of their own.",
    )
    max_pending_effects: int = Field(
        20_000,
        ge=1,
        description="With so many deliveries waiting, clients' new messages are answered 503 until there are fewer. "
        "What one destination can pile up while it is away counts too.",
    )
    max_events_under_way: int = Field(
        128,
        ge=1,
        description="With so many events from outside being committed at once, clients' new messages are answered 503: "
        "whoever asks too often is told so at once, instead of waiting in a line.",
    )
    max_store_delay_seconds: float = Field(
        2.0,
        gt=0,
        le=600,
        description="With the store so far behind, clients' new messages are answered 503 until it has caught up.",
    )
    max_loop_delay_seconds: float = Field(
        0.006,
        gt=0,
        le=600,
        description="When the gateway itself is so late, having all it can do, clients' new messages are answered 503 "
        "as soon as 200 deliveries wait or 64 events are under way. Waiting for a slow bot makes nothing late.",
    )
    max_sockets: int = Field(
        20_000, ge=1, description="Most WebSockets and event streams one instance may have open; more get 503."
    )
    mistakes_per_minute: int = Field(
        600,
        ge=0,
        description="A public address that makes more wrong requests than this is answered 429 for a while; 0: no "
        "limit. Addresses of private networks are never limited: a proxy may stand there.",
    )
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(
        (),
        description="Addresses or networks of your proxies, such as 10.0.0.0/8: `X-Forwarded-For` is believed only "
        "from them.",
    )
    http_client: ClientName = Field(
        "lean",
        description="What makes calls to other systems: the gateway's own client, which is several times quicker, or "
        "aiohttp's, for a destination that does not get on with it.",
    )
    metrics_token: SecretStr | None = Field(
        None,
        min_length=16,
        description="Bearer token without which /metrics answers 401; default: everybody may read it.",
    )


class StoreSettings(Section):
    """Where conversations are kept."""

    type: Literal["sqlite", "memory"] = Field(
        "sqlite", description="sqlite keeps everything in one file; memory forgets everything when the gateway stops."
    )
    path: str = Field(
        "data",
        min_length=1,
        description="Data folder, or the database file in it (then it ends in .db), relative to this file. "
        "The files clients send and the gateway's own secret are kept beside the database.",
    )

    def database(self, folder: Path) -> Path:
        """Return the SQLite file; `folder` is the config file's."""
        path = folder / self.path
        return path if path.suffix == ".db" else path / "gateway.db"


class LogSettings(Section):
    """What the gateway tells about itself while it runs."""

    format: Literal["auto", "console", "json"] = Field(
        "auto", description="console is for people, json for machines; auto: console if a terminal is attached."
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least important level that is written. Contents of messages are never logged."
    )


class FilesSettings(Section):
    """Files that clients, bots and agents send."""

    max_bytes: int = Field(25 * MEBIBYTE, ge=1024, description="Largest file accepted, in bytes.")
    allow_private: bool = Field(
        default=False,
        description="Fetch files also from private addresses. Only if everybody who names addresses is trusted.",
    )


class PluginsSettings(Section):
    """Which installed plugins stay unused."""

    disabled: tuple[str, ...] = Field(
        (), description="Names of plugins (see `gateway plugins`) that are not even imported."
    )


class InstanceSettings(Section):
    """What the core itself wants to know about each channel, bot, platform and listener."""

    type: str = Field(description="The kind, one of those `gateway plugins` lists.")
    on_start_failure: Literal["fail", "retry", "disable"] = Field(
        "fail",
        description="If it cannot start: fail stops the gateway, retry goes on without it and keeps trying, "
        "disable goes on without it.",
    )
    timeout_seconds: float = Field(
        30.0, gt=0, le=600, description="Longest time one call to it may take; then it counts as failed for now."
    )
    concurrency: int = Field(32, ge=1, le=10_000, description="Most calls to it at the same time.")


Seconds = Annotated[float, Field(ge=0, le=366 * 86_400)]


def _language(value: str) -> str:
    """Accept what looks like a BCP 47 tag."""
    if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", value) is None:
        raise ValueError(f"{value!r} is no language; write it like en or pt-BR")
    return value


Language = Annotated[str, AfterValidator(_language)]


class RouteSettings(Section):
    """Which channels share a bot, a chain of agent platforms, and the rules of the handoff. Times are in seconds."""

    channels: tuple[str, ...] = Field(min_length=1, description="Channels whose clients take this route.")
    bot: str = Field(
        "", description="The bot that answers first; default: every conversation goes straight to an agent."
    )
    handoff: tuple[str, ...] = Field(
        (),
        description="Agent platforms to try in this order when a human is asked for; a business channel "
        "names itself, and so does a bot that has agents.",
    )
    history: int = Field(20, ge=0, le=1000, description="How many of the last messages an agent gets to see; 0: none.")
    when_offline: Literal["bot", "wait"] = Field(
        "bot",
        description="Nobody is online: bot gives the client back to the bot at once, wait puts them in the queue.",
    )
    accept_timeout_seconds: Seconds = Field(
        30.0, description="A platform has this long to take or refuse a dialog; then the next one is tried."
    )
    wait_timeout_seconds: Seconds = Field(
        600.0, description="A client stands in a queue for this long at most, then goes back to the bot; 0: no limit."
    )
    agent_timeout_seconds: Seconds = Field(
        1800.0, description="An agent may leave a client without an answer for this long; 0: no limit."
    )
    idle_timeout_seconds: Seconds = Field(
        86_400.0, description="A conversation in which nobody says anything for this long is closed; 0: never."
    )
    bot_failures_before_handoff: int = Field(
        3, ge=0, le=100, description="After this many failed bot turns in a row a human is asked for; 0: never."
    )
    notify_delay_seconds: Seconds = Field(
        20.0, description="Whoever wrote a message that could not be delivered for this long is told so."
    )
    expire_seconds: Seconds = Field(
        900.0, description="A message that could not be delivered for this long is given up and kept as a dead letter."
    )
    bot_expire_seconds: Seconds = Field(
        60.0, description="A bot that could not be reached for this long is given up for this turn; the client is told."
    )
    close_phrases: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        (), description="Words by which a client leaves the agent, where the transfer names none."
    )
    texts: Mapping[str, str | Mapping[Language, str]] = Field(
        default_factory=dict,
        description="The gateway's own words to clients: a text for all languages, or one for each. "
        f"An empty text says nothing. Keys: {', '.join(sorted(KEYS))}.",
    )

    @property
    def overrides(self) -> Mapping[str, Mapping[str, str]]:
        """`texts` as key -> language -> text; the language of a text for all of them is empty."""
        return {
            key: {ANY_LANGUAGE: value} if isinstance(value, str) else dict(value) for key, value in self.texts.items()
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Instance(Generic[KindT]):
    """One configured kind."""

    name: str
    kind: KindT
    options: Options
    """Validated by `kind.options`."""
    core: InstanceSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The whole configuration."""

    file: Path
    folder: Path
    """Relative paths in options start here."""
    server: ServerSettings
    store: StoreSettings
    log: LogSettings
    files: FilesSettings
    plugins: PluginsSettings
    channels: Mapping[str, Instance[ChannelKind[Any]]] = field(default_factory=dict)
    bots: Mapping[str, Instance[BotEngineKind[Any]]] = field(default_factory=dict)
    platforms: Mapping[str, Instance[AgentPlatformKind[Any]]] = field(default_factory=dict)
    listeners: Mapping[str, Instance[ListenerKind[Any]]] = field(default_factory=dict)
    routes: Mapping[str, RouteSettings] = field(default_factory=dict)
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    """All secret values in it, for redaction."""

    @property
    def data(self) -> Path:
        """The data folder: database, lock, the gateway's secret, files."""
        return self.database.parent

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.store.database(self.folder)
