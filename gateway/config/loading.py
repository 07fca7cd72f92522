"""Turns a file and an environment into `Settings`, or into the list of everything that is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from gateway.config import document, secrets, wiring
from gateway.config.settings import (
    FilesSettings,
    Instance,
    InstanceSettings,
    LogSettings,
    PluginsSettings,
    RouteSettings,
    Section,
    ServerSettings,
    Settings,
    StoreSettings,
)
from gateway.config.source import PREFIX, Address, Problem, Source
from gateway.config.validation import check, did_you_mean, secrets_in
from gateway.errors import UserMistake
from gateway.kinds import BotEngineKind
from gateway.plugins import NAME, Offer, PluginHost

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SectionT = TypeVar("SectionT", bound=Section)

RESERVED = frozenset({"admin", "files", "health", "hooks", "metrics"})
"""Names no instance may have, because the gateway serves something of its own there."""

OUR_KINDS = frozenset(
    {
        "bot-framework",
        "chat-api",
        "desk",
        "events",
        "jivo",
        "jivo-chat",
        "openai",
        "operator-api",
        "script",
        "telegram",
        "tovie",
        "webhook",
        "widget",
    }
)
"""What this project's own plugins offer, each in a package `gateway-KIND`: only these we tell anybody to install."""

SINGLE = ("server", "store", "log", "files", "plugins")


class Family(NamedTuple):
    """A section of instances: how the config and its messages call it, and who offers its kinds."""

    section: str
    what: str
    offers: Callable[[PluginHost], Mapping[str, Offer[Any]]]


FAMILIES = (
    Family("channels", "channel", lambda host: host.channels),
    Family("bots", "bot engine", lambda host: host.bot_engines),
    Family("platforms", "agent platform", lambda host: host.agent_platforms),
    Family("listeners", "listener", lambda host: host.listeners),
)
SECTIONS = (*SINGLE, *(family.section for family in FAMILIES), "routes")


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """The outcome: settings, unless one of the problems is an error."""

    settings: Settings | None
    problems: tuple[Problem, ...]


def load(path: str | Path, host: PluginHost, environ: Mapping[str, str]) -> Loaded:
    """Read the config file at `path`, lay the environment over it, check everything.

    Does no I/O beyond reading: the file, secret files, and whatever files the kinds' own checks look at.
    """
    file = Path(path)
    source = _read(file, environ)
    secrets.resolve(source, file.absolute().parent, environ)
    settings = _Checker(source, host, file.absolute()).settings()
    return Loaded(settings=None if source.failed else settings, problems=source.sorted_problems())


def disabled_plugins(path: str | Path, environ: Mapping[str, str]) -> frozenset[str]:
    """Return `plugins.disabled`, which must be known before plugins are loaded. Mistakes are left to `load`."""
    plugins = _read(Path(path), environ).data.get("plugins")
    names = plugins.get("disabled") if isinstance(plugins, dict) else None
    return frozenset(name for name in names if isinstance(name, str)) if isinstance(names, list) else frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Location:
    """Where a gateway keeps its data."""

    type: str
    database: Path

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.database.parent


def locate(path: str | Path, environ: Mapping[str, str]) -> Location:
    """Return where the store of a configuration is. Needs no plugin and no secret; raises `UserMistake`."""
    file = Path(path)
    source = _read(file, environ)
    data = source.data.get("store")
    store = check(StoreSettings, {} if data is None else data, ("store",), source)
    if store is None or not source.data:
        raise UserMistake("; ".join(str(problem) for problem in source.sorted_problems()))
    return Location(type=store.type, database=store.database(file.absolute().parent))


def _read(file: Path, environ: Mapping[str, str]) -> Source:
    source = document.read(file, str(file))
    if any(name.upper().startswith(PREFIX) for name in environ):
        from gateway.config import environment  # noqa: PLC0415 - pydantic-settings is large; most have no variables

        environment.override(source, environ)
    return source


class _Checker:
    """One run over one source."""

    def __init__(self, source: Source, host: PluginHost, file: Path) -> None:
        self._source = source
        self._host = host
        self._file = file

    def settings(self) -> Settings | None:
        if self._source.failed and not self._source.data:
            return None  # not even YAML: nothing more can be said
        self._check_sections()
        server = self._single("server", ServerSettings)
        single = {
            "server": server,
            "store": self._single("store", StoreSettings),
            "log": self._single("log", LogSettings),
            "files": self._single("files", FilesSettings),
            "plugins": self._single("plugins", PluginsSettings),
        }
        families = {family.section: self._family(family) for family in FAMILIES}
        routes = self._routes()
        wiring.check_names(self._source)
        wiring.check_routes(self._source, self._host)
        wiring.check_server(self._source, server)
        if self._source.failed:
            return None
        found = frozenset(self._source.secrets | {secret for value in single.values() for secret in secrets_in(value)})
        options = [instance.options for family in families.values() for instance in family.values()]
        found |= {secret for value in options for secret in secrets_in(value)}
        parts: dict[str, Any] = {**single, **families, "routes": routes}
        return Settings(file=self._file, folder=self._file.parent, secrets=found, **parts)

    def _check_sections(self) -> None:
        for key in self._source.data:
            if key not in SECTIONS:
                guess = did_you_mean(key, SECTIONS) or f"; the sections are {', '.join(SECTIONS)}"
                self._source.complain((key,), f"unknown section{guess}", at_key=True)

    def _single(self, name: str, model: type[SectionT]) -> SectionT | None:
        data = self._source.data.get(name)
        return check(model, {} if data is None else data, (name,), self._source)

    def _named(self, section: str) -> dict[str, Any]:
        data = self._source.data.get(section)
        if data is None or isinstance(data, dict):
            return data or {}
        self._source.complain((section,), "must be a mapping of names to settings")
        return {}

    def _routes(self) -> dict[str, RouteSettings]:
        routes = {}
        for name, data in self._named("routes").items():
            self._check_name(name, ("routes", name))
            route = check(RouteSettings, data, ("routes", name), self._source)
            if route is not None:
                routes[name] = route
        return routes

    def _family(self, family: Family) -> dict[str, Instance[Any]]:
        found = {name: self._instance(family, name, data) for name, data in self._named(family.section).items()}
        return {name: instance for name, instance in found.items() if instance is not None}

    def _instance(self, family: Family, name: str, data: object) -> Instance[Any] | None:
        address: Address = (family.section, name)
        self._check_name(name, address)
        if name in RESERVED:
            self._source.complain(address, f"the gateway uses the name itself (/{name}); take another one", at_key=True)
        if not isinstance(data, dict):
            self._source.complain(address, "must be a mapping with at least a `type`")
            return None
        offer = self._offer(family, data.get("type"), address, named="type" in data)
        core_keys = InstanceSettings.model_fields
        core_data = {"type": "unknown", **{key: data[key] for key in core_keys if key in data}}
        core = check(InstanceSettings, core_data, address, self._source)
        if offer is None:
            return None
        own = {key: value for key, value in data.items() if key not in core_keys}
        options = check(offer.kind.options, own, address, self._source, also=core_keys)
        if core is None or options is None:
            return None
        self._ask_kind(offer.kind, options, address)
        return Instance(name=name, kind=offer.kind, options=options, core=core)

    def _check_name(self, name: str, address: Address) -> None:
        if NAME.fullmatch(name) is None:
            message = f"{name!r} cannot be a name: use small letters, digits and dashes, a letter first"
            self._source.complain(address, message, at_key=True)

    def _offer(self, family: Family, kind: object, address: Address, *, named: bool) -> Offer[Any] | None:
        offers = family.offers(self._host)
        if not named:
            self._source.complain((*address, "type"), f"is required; {_installed(family, offers).lower()}", at_key=True)
            return None
        if isinstance(kind, str) and kind in offers:
            return offers[kind]
        if isinstance(kind, str):
            self._source.complain((*address, "type"), self._unknown_kind(family, kind, offers))
        return None

    def _unknown_kind(self, family: Family, kind: str, offers: Mapping[str, Offer[Any]]) -> str:
        message = f"unknown {family.what} type {kind!r}"
        guess = did_you_mean(kind, offers)
        if guess:
            return f"{message}{guess} {_installed(family, offers)}"
        for other in FAMILIES:
            if kind in other.offers(self._host):
                return f"{message}; it is a kind of {other.what}: move it to `{other.section}`"
        for plugin, problem in self._host.problems:
            if kind in {plugin.name, plugin.distribution.removeprefix("gateway-")} or repr(kind) in problem.text:
                return f"{message}; {plugin.label}: {problem}"
        if kind in self._host.disabled:
            return f"{message}; the plugin {kind!r} is listed in plugins.disabled"
        if kind in OUR_KINDS:
            return f"{message}. {_installed(family, offers)}. Its plugin is missing: pip install gateway-{kind}"
        guess = did_you_mean(kind, OUR_KINDS) or "."
        return f"{message}{guess} {_installed(family, offers)}. Is its plugin installed?"

    def _ask_kind(self, kind: Any, options: Any, address: Address) -> None:
        """Let the kind look at the files its options name."""
        if not isinstance(kind, BotEngineKind) or kind.check is None:
            return
        try:
            lines = list(kind.check(str(self._file.parent), options))
        except Exception as error:  # noqa: BLE001 - a plugin's mistake must not hide the user's others
            self._source.complain(address, f"the check of type {kind.name!r} failed: {type(error).__name__}: {error}")
            return
        self._source.problems.extend(_problem_of(line, address) for line in lines)


def _installed(family: Family, offers: Mapping[str, Offer[Any]]) -> str:
    return f"Installed {family.what} types: {', '.join(offers) or 'none'}"


def _problem_of(line: str, address: Address) -> Problem:
    """Read one line of a kind's check, `file:line:column: message`."""
    place, _, message = line.partition(": ")
    parts = place.rsplit(":", 2)
    path = ".".join(str(step) for step in address)
    if len(parts) == 3 and parts[1].isdigit() and parts[2].isdigit():  # noqa: PLR2004 - file, line, column
        return Problem(file=parts[0], line=int(parts[1]), column=int(parts[2]), path=path, message=message)
    return Problem(file=place if message else "", path=path, message=message or line)
