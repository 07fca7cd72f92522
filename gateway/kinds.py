"""What the hooks return: kinds, each a name, a model of its options, and how an instance is built."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from pydantic import BaseModel, ConfigDict

from gateway.capabilities import EVERYTHING, PLAIN_TEXT, Capabilities
from gateway.contracts import AgentPlatform, BotEngine, Component, Listener
from gateway.given import Context

if TYPE_CHECKING:
    import click


class Options(BaseModel):
    """Base of every options model: unknown keys are errors, values do not change. Describe every field."""

    # What validates is made when it is first needed: most kinds that are installed are not in the config.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


OptionsT = TypeVar("OptionsT", bound=Options)
FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


class Lazy:
    """Stands for a class or function that is imported when it is first called."""

    def __init__(self, load: Callable[[], Callable[..., Any]]) -> None:
        self.load = load

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Import it and call it."""
        return self.load()(*args, **kwargs)


def lazily(load: Callable[[], FunctionT]) -> FunctionT:
    """Return something to give to a kind as `build` or `check`, so that what nobody configured is not even imported.

    Stands above a function of two lines that imports the class or function and returns it. What it returns can be
    called as that can, and nothing else.
    """
    return cast("FunctionT", Lazy(load))


@dataclass(frozen=True, kw_only=True)
class Kind(Generic[OptionsT]):
    """Something to configure by `type: name`."""

    name: str
    summary: str
    """One line for `gateway plugins` and the docs."""
    options: type[OptionsT]
    sample: str = ""
    """A YAML block for `gateway example`, as it stands below the instance's name."""


@dataclass(frozen=True, kw_only=True)
class ChannelKind(Kind[OptionsT]):
    """A kind of channel. `build` may return a `SendsMessages`, a log-tailing component or a `BusinessChannel`."""

    build: Callable[[Context, OptionsT], Component]
    capabilities: Capabilities = PLAIN_TEXT


@dataclass(frozen=True, kw_only=True)
class BotEngineKind(Kind[OptionsT]):
    """A kind of bot engine. `build` may return a `BotWithAgents`."""

    build: Callable[[Context, OptionsT], BotEngine]
    capabilities: Capabilities = PLAIN_TEXT
    """What the agents of a `BotWithAgents` can be shown."""
    check: Callable[[str, OptionsT], Iterable[str]] | None = None
    """Looks at files the options name (first argument: the config folder) and yields one line per mistake,
    beginning with `file:line:column`. Used by `gateway check` and before every start."""


@dataclass(frozen=True, kw_only=True)
class AgentPlatformKind(Kind[OptionsT]):
    """A kind of agent platform."""

    build: Callable[[Context, OptionsT], AgentPlatform]
    capabilities: Capabilities = EVERYTHING


@dataclass(frozen=True, kw_only=True)
class ListenerKind(Kind[OptionsT]):
    """A kind of listener."""

    build: Callable[[Context, OptionsT], Listener]
    durable: bool = False
    """True: misses nothing that is committed from its first start on, also over restarts and outages. `notice` gets
    the entries one by one, each at least once, in order per conversation, with the conversation as it is now. What
    raised `Temporary` or `AuthenticationFailed` is told again until it is taken; `Permanent` passes it over.
    False: hears only while both run, each change once."""


AnyChannelKind = ChannelKind[Any]
AnyBotEngineKind = BotEngineKind[Any]
AnyAgentPlatformKind = AgentPlatformKind[Any]
AnyListenerKind = ListenerKind[Any]
Commands = Callable[["click.Group"], None]
