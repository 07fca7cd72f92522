"""What this distribution offers to the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import BotEngineKind, hookimpl, lazily
from gateway_script.options import ScriptOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gateway import Commands
    from gateway_script.engine import ScriptBot


@lazily
def _engine() -> type[ScriptBot]:
    from gateway_script.engine import ScriptBot

    return ScriptBot


@lazily
def _check() -> Callable[[str, ScriptOptions], Iterable[str]]:
    from gateway_script.engine import check

    return check


@lazily
def _commands() -> Commands:
    from gateway_script.commands import add_commands

    return add_commands


KIND = BotEngineKind(
    name="script",
    summary="Answers from a YAML file: rules, questions, buttons, pictures, transfer to a human.",
    options=ScriptOptions,
    sample="type: script\nfile: faq.yaml # relative to this file; how to write one: the README of gateway-script\n",
    build=_engine,
    check=_check,
)


@hookimpl
def register_bot_engines() -> list[BotEngineKind[ScriptOptions]]:
    """Offer the scripted bot."""
    return [KIND]


@hookimpl
def register_commands() -> list[Commands]:
    """Offer `gateway script check|talk|schema`."""
    return [_commands]
