"""Plugins out of thin air: modules and entry points as if they had been installed."""

from __future__ import annotations

import sys
import types
from importlib.metadata import EntryPoint
from typing import Any

from pydantic import Field, SecretStr

from gateway import AgentPlatformKind, BotEngineKind, ChannelKind, ListenerKind, Options, hookimpl


class Distribution:
    def __init__(self, name, version):
        self.name = name
        self.version = version


def entry_point(name, module, *, distribution=None, version="1.0"):
    point: Any = EntryPoint(name=name, value=module, group="gateway")
    return point._for(Distribution(distribution or f"gateway-{name}", version))


def module(monkeypatch, name, **attributes):
    """Make `import {name}` give a module with these attributes."""
    made = types.ModuleType(name)
    for key, value in attributes.items():
        setattr(made, key, value)
    monkeypatch.setitem(sys.modules, name, made)
    return made


def plugin(monkeypatch, name, **hooks):
    """Install a plugin whose hooks return these values; return its entry point."""
    module(monkeypatch, f"fake_{name}", **{hook: hookimpl(returning(value)) for hook, value in hooks.items()})
    return entry_point(name, f"fake_{name}")


def returning(value):
    def hook():
        return value

    return hook


class Wire(Options):
    url: str = Field(description="Where to call.")
    token: SecretStr | None = Field(None, description="Proof of who calls.")
    retries: int = Field(3, ge=0, description="How often.")


class Plain(Options):
    words: tuple[str, ...] = Field((), description="What it says.")


class Component:
    def __init__(self, context, options):
        self.options = options

    async def start(self):
        pass

    async def stop(self):
        pass


class Business(Component):
    async def open(self, opening):
        pass

    async def close(self, closing):
        pass


class Staffed(Business):
    async def send(self, outgoing):
        pass


BUILD: Any = Component


def channel(name="wire", options: Any = Wire, build: Any = Component, **more):
    return ChannelKind(name=name, summary=f"The {name}.", options=options, build=build, **more)


def bot(name="echo", options: Any = Plain, build: Any = Component, **more):
    return BotEngineKind(name=name, summary=f"The {name}.", options=options, build=build, **more)


def platform(name="office", options: Any = Plain, **more):
    return AgentPlatformKind(name=name, summary=f"The {name}.", options=options, build=BUILD, **more)


def listener(name="ear", options: Any = Plain, **more):
    return ListenerKind(name=name, summary=f"The {name}.", options=options, build=BUILD, **more)
