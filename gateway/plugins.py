"""Finds plugins, loads them one by one and collects what they offer. The only module that knows pluggy.

pluggy itself stops at the first plugin that fails and does not say which one it was. So every entry point is loaded,
registered and asked in its own `try`: a broken plugin becomes a `Problem` with its distribution and a cure, and the
others go on. Plugins are taken in the order of their names, and no outcome depends on that order: a kind that two
plugins offer is offered by neither, because silently giving a channel's tokens to whoever comes first is worse than a
clear error.
"""

from __future__ import annotations

import difflib
import inspect
import re
import traceback
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import pluggy

from gateway import hookspecs
from gateway.kinds import (
    AgentPlatformKind,
    AnyAgentPlatformKind,
    AnyBotEngineKind,
    AnyChannelKind,
    AnyListenerKind,
    BotEngineKind,
    ChannelKind,
    Commands,
    Kind,
    ListenerKind,
    Options,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

GROUP = "gateway"
"""The entry-point group in a plugin's pyproject.toml."""

NAME = re.compile(r"[a-z][a-z0-9-]*")
"""What kinds and instances may be called: their names become parts of addresses and of file names."""

CORE_KEYS = frozenset({"type", "on_start_failure", "timeout_seconds", "concurrency"})
"""Keys of an instance that belong to the core: an options model must not use them."""

KindT = TypeVar("KindT", bound=Kind[Any])

_HOOKS: Mapping[str, tuple[str, type[Kind[Any]]]] = {
    "register_channels": ("channel", ChannelKind),
    "register_bot_engines": ("bot engine", BotEngineKind),
    "register_agent_platforms": ("agent platform", AgentPlatformKind),
    "register_listeners": ("listener", ListenerKind),
}
_COMMANDS_HOOK = "register_commands"
HOOKS = (*_HOOKS, _COMMANDS_HOOK)


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Something wrong with a plugin, and what to do about it."""

    text: str
    cure: str
    traceback: str = ""
    """Where the plugin's own code raised; empty if it did not."""

    def __str__(self) -> str:
        return f"{self.text}{'' if self.text.endswith('?') else '.'} {self.cure}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Plugin:
    """One entry point of the group and what came of it."""

    name: str
    """The entry point's name: what `plugins.disabled` in the config lists."""
    distribution: str
    version: str
    offers: tuple[tuple[str, str], ...] = ()
    """(what, kind): `("channel", "widget")`; commands have no kind name."""
    problems: tuple[Problem, ...] = ()
    disabled: bool = False

    @property
    def label(self) -> str:
        """Name the plugin in a message."""
        return label(self.name, self.distribution, self.version)


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer(Generic[KindT]):
    """A kind and the plugin it comes from."""

    kind: KindT
    plugin: str
    distribution: str
    version: str

    @property
    def label(self) -> str:
        """Name the plugin in a message."""
        return label(self.plugin, self.distribution, self.version)


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandOffer:
    """A function that adds commands to the command line, and the plugin it comes from."""

    add: Commands
    plugin: str
    distribution: str
    version: str

    @property
    def label(self) -> str:
        """Name the plugin in a message."""
        return label(self.plugin, self.distribution, self.version)


def label(name: str, distribution: str, version: str) -> str:
    """Name a plugin the way all messages do."""
    return f"plugin {name!r} of {distribution} {version}"


class PluginHost:
    """The installed plugins and their kinds. Everything is loaded, once, when it is made; it does not change later."""

    def __init__(self, found: Iterable[EntryPoint] | None = None, *, disabled: Iterable[str] = ()) -> None:
        """Load `found` (default: what is installed), except for the plugins named in `disabled`."""
        installed = entry_points(group=GROUP) if found is None else found
        self.disabled = frozenset(disabled)
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        candidates = [_Candidate(point, self._manager) for point in _unique(installed)]
        for candidate in candidates:
            candidate.load(skip=candidate.name in self.disabled)
        self._offers = {what: _settle(what, candidates) for what, _ in _HOOKS.values()}
        self.commands = tuple(offer for candidate in candidates for offer in candidate.commands)
        self.plugins = tuple(candidate.result() for candidate in candidates)

    @property
    def channels(self) -> Mapping[str, Offer[AnyChannelKind]]:
        """Kinds of channel by name."""
        return cast("Mapping[str, Offer[AnyChannelKind]]", self._offers["channel"])

    @property
    def bot_engines(self) -> Mapping[str, Offer[AnyBotEngineKind]]:
        """Kinds of bot engine by name."""
        return cast("Mapping[str, Offer[AnyBotEngineKind]]", self._offers["bot engine"])

    @property
    def agent_platforms(self) -> Mapping[str, Offer[AnyAgentPlatformKind]]:
        """Kinds of agent platform by name."""
        return cast("Mapping[str, Offer[AnyAgentPlatformKind]]", self._offers["agent platform"])

    @property
    def listeners(self) -> Mapping[str, Offer[AnyListenerKind]]:
        """Kinds of listener by name."""
        return cast("Mapping[str, Offer[AnyListenerKind]]", self._offers["listener"])

    def kinds(self, what: str) -> Mapping[str, Offer[Any]]:
        """Return the kinds of `what` (as in `Plugin.offers`) by name."""
        return self._offers.get(what, {})

    def summary(self, what: str, kind: str) -> str:
        """Return a kind's one line; empty if there is no such kind."""
        offer = self.kinds(what).get(kind)
        return offer.kind.summary if offer else ""

    @property
    def problems(self) -> tuple[tuple[Plugin, Problem], ...]:
        """All problems with the plugin that has them."""
        return tuple((plugin, problem) for plugin in self.plugins for problem in plugin.problems)


def _unique(found: Iterable[EntryPoint]) -> list[EntryPoint]:
    """Sort by name, and take an entry point once that is visible twice (an editable install beside a wheel)."""
    by_key = {(point.name, _distribution(point)[0], point.value): point for point in found}
    return [by_key[key] for key in sorted(by_key)]


def _distribution(point: EntryPoint) -> tuple[str, str]:
    dist = point.dist
    return (dist.name, dist.version) if dist is not None else ("an unknown distribution", "0")


class _Candidate:
    """One entry point on its way to being a plugin."""

    def __init__(self, point: EntryPoint, manager: pluggy.PluginManager) -> None:
        self.name = point.name
        self.distribution, self.version = _distribution(point)
        self.kinds: list[tuple[str, Kind[Any]]] = []
        self.commands: list[CommandOffer] = []
        self.contested: set[tuple[str, str]] = set()
        self._problems: list[Problem] = []
        self._disabled = False
        self._point = point
        self._manager = manager

    def load(self, *, skip: bool) -> None:
        self._disabled = skip
        if skip:
            return
        plugin = self._import()
        if plugin is not None and self._register(plugin):
            self._check_names(plugin)
            self._ask()

    def complain(self, text: str, cure: str, error: BaseException | None = None) -> None:
        trace = "".join(traceback.format_exception(error)) if error else ""
        self._problems.append(Problem(text=text, cure=cure, traceback=trace))

    def offer(self, kind: Kind[Any]) -> Offer[Any]:
        return Offer(kind=kind, plugin=self.name, distribution=self.distribution, version=self.version)

    def result(self) -> Plugin:
        kinds = [(what, kind.name) for what, kind in self.kinds if (what, kind.name) not in self.contested]
        return Plugin(
            name=self.name,
            distribution=self.distribution,
            version=self.version,
            offers=(*kinds, *(("commands", "") for _ in self.commands)),
            problems=tuple(self._problems),
            disabled=self._disabled,
        )

    @property
    def label(self) -> str:
        return label(self.name, self.distribution, self.version)

    @property
    def _blame(self) -> str:
        return f"Report it to the authors of {self.distribution}, or list {self.name!r} in plugins.disabled"

    def _import(self) -> object | None:
        try:
            return cast("object", self._point.load())
        except ModuleNotFoundError as error:
            cure = f"Install it again with what it needs: pip install --force-reinstall {self.distribution}"
            self.complain(f"cannot be imported: module {error.name!r} is missing", cure, error)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever its import raises stays its own problem
            self.complain(f"cannot be imported: {_say(error)}", self._blame, error)
        return None

    def _register(self, plugin: object) -> bool:
        asynchronous = [name for name, function in _implementations(plugin) if _is_async(function)]
        for name in asynchronous:
            self.complain(
                f"hook {name} is `async def`, and hooks run before there is an event loop",
                "Make it a plain `def` that returns kinds; I/O belongs in `start()`",
            )
        if asynchronous:
            return False
        try:
            self._manager.register(plugin, name=f"{self.distribution}:{self.name}")
        except Exception as error:  # noqa: BLE001 - a bad signature, or the same module registered twice
            self.complain(f"cannot be registered: {_say(error)}", self._blame, error)
            return False
        return True

    def _check_names(self, plugin: object) -> None:
        implemented = {name for name, _ in _implementations(plugin)}
        for name in sorted(implemented - set(HOOKS)):
            self.complain(f"there is no hook {name!r}{_guess(name, HOOKS)}", f"The hooks are {', '.join(HOOKS)}")
        unmarked = [name for name in HOOKS if name not in implemented and callable(_attribute(plugin, name))]
        for name in unmarked:
            self.complain(f"{name} is not marked as a hook", "Put `@gateway.hookimpl` above it")
        if not implemented and not unmarked:
            where = self._point.value
            self.complain(
                f"{where} implements no hook",
                "Write a function such as `register_channels` with `@gateway.hookimpl` above it, "
                f"or correct the entry point {self.name!r}",
            )

    def _ask(self) -> None:
        for hook in HOOKS:
            for implementation in getattr(self._manager.hook, hook).get_hookimpls():
                if implementation.plugin_name == f"{self.distribution}:{self.name}":
                    self._collect(hook, implementation.function)

    def _collect(self, hook: str, function: Any) -> None:
        try:
            answer = function()
            values = list(answer)
        except TypeError as error:
            if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
                self.complain(f"hook {hook} raised {_say(error)}", self._blame, error)
            else:
                self.complain(f"hook {hook} must return a list ({_say(error)})", self._blame, error)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a hook that raises stays its own problem
            self.complain(f"hook {hook} raised {_say(error)}", self._blame, error)
        else:
            for value in values:
                self._take(hook, value)

    def _take(self, hook: str, value: object) -> None:
        if hook == _COMMANDS_HOOK:
            self._take_commands(value)
            return
        what, wanted = _HOOKS[hook]
        trouble = _trouble(value, wanted)
        if trouble:
            self.complain(f"hook {hook} offers {trouble}", self._blame)
            return
        kind = cast("Kind[Any]", value)
        if any(had == what and kind.name == other.name for had, other in self.kinds):
            self.complain(f"hook {hook} offers {what} {kind.name!r} twice; the first is used", self._blame)
            return
        self.kinds.append((what, kind))

    def _take_commands(self, value: object) -> None:
        if not callable(value):
            self.complain(f"hook {_COMMANDS_HOOK} offers {value!r}, which is no function", self._blame)
            return
        self.commands.append(
            CommandOffer(
                add=cast("Commands", value),
                plugin=self.name,
                distribution=self.distribution,
                version=self.version,
            )
        )


def _settle(what: str, candidates: list[_Candidate]) -> Mapping[str, Offer[Any]]:
    """Return the kinds that exactly one plugin offers; tell the others about each other."""
    claims: dict[str, list[tuple[_Candidate, Kind[Any]]]] = {}
    for candidate in candidates:
        for had, kind in candidate.kinds:
            if had == what:
                claims.setdefault(kind.name, []).append((candidate, kind))
    for name, claimants in claims.items():
        if len(claimants) > 1:
            _report_conflict(what, name, [candidate for candidate, _ in claimants])
    settled = {name: claims[name][0] for name in sorted(claims) if len(claims[name]) == 1}
    return MappingProxyType({name: candidate.offer(kind) for name, (candidate, kind) in settled.items()})


def _report_conflict(what: str, name: str, claimants: list[_Candidate]) -> None:
    for candidate in claimants:
        candidate.contested.add((what, name))
        others = " and ".join(other.label for other in claimants if other is not candidate)
        candidate.complain(
            f"offers {what} {name!r}, and so does {others}; neither is used",
            f"Uninstall one of the distributions, or list {_either(claimants)} in plugins.disabled",
        )


def _either(claimants: list[_Candidate]) -> str:
    return " or ".join(repr(candidate.name) for candidate in claimants)


def _implementations(plugin: object) -> list[tuple[str, Any]]:
    """List the functions of a plugin that are marked as hooks, known or not."""
    found = []
    for name in dir(plugin):
        value = _attribute(plugin, name)
        if inspect.isroutine(value) and getattr(value, f"{hookspecs.PROJECT}_impl", None) is not None:
            found.append((name, value))
    return found


def _attribute(plugin: object, name: str) -> Any:
    try:
        return getattr(plugin, name, None)
    except Exception:  # noqa: BLE001 - a property that raises is no hook
        return None


def _is_async(function: Any) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


def _trouble(value: object, wanted: type[Kind[Any]]) -> str:
    """Say what is wrong with a value a hook returned; empty if it is a proper kind."""
    if not isinstance(value, wanted):
        return f"{value!r}, which is no {wanted.__name__}"
    name: Any = value.name  # what a plugin hands over was checked by nobody
    options: Any = value.options
    if not isinstance(name, str) or NAME.fullmatch(name) is None:
        return f"a kind named {name!r}: use small letters, digits and dashes, a letter first"
    if not (isinstance(options, type) and issubclass(options, Options)):
        return f"kind {name!r}, whose options are no subclass of gateway.Options"
    taken = sorted(CORE_KEYS & {field.alias or key for key, field in options.model_fields.items()})
    if taken:
        return f"kind {name!r} with the option {taken[0]!r}, a key that belongs to the core: rename it"
    return ""


def _say(error: BaseException) -> str:
    """Return an exception in one line, with the place it comes from."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words}{where}" if words else f"{type(error).__name__}{where}"


def _guess(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
