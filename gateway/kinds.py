"""What the hooks return: kinds, each a name, a model of its options, and how an instance is built."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from gateway.capabilities import EVERYTHING, PLAIN_TEXT, Capabilities
from gateway.contracts import AgentPlatform, BotEngine, Component, Listener
from gateway.given import Context

if TYPE_CHECKING:
    import click


class Options(BaseModel):
    """Base of every options model: unknown keys are errors, values do not change. Describe every field."""

    model_config = ConfigDict(extra="forbid", frozen=True)


OptionsT = TypeVar("OptionsT", bound=Options)


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
