"""What this distribution offers to the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import BotEngineKind, hookimpl, Lazily
from gateway_script.options import ScriptOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gateway import Commands
    from gateway_script.engine import ScriptBot


def _engine() -> type[ScriptBot]:
    from gateway_script.engine import ScriptBot

    return ScriptBot


def _check() -> Callable[[str, ScriptOptions], Iterable[str]]:
    from gateway_script.engine import check

    return check


def _commands() -> Commands:
    from gateway_script.commands import add_commands

    return add_commands


KIND = BotEngineKind(
    name="script",
    summary="Answers from a YAML file: rules, questions, buttons, pictures, transfer to a human.",
    options=ScriptOptions,
    sample="type: script\nfile: faq.yaml # relative to this file; how to write one: the README of gateway-script\n",
    build=Lazily(_engine),
    check=Lazily(_check),
)


@hookimpl
def register_bot_engines() -> list[BotEngineKind[ScriptOptions]]:
    """Offer the scripted bot."""
    return [KIND]


@hookimpl
def register_commands() -> list[Commands]:
    """Offer `gateway script check|talk|schema`."""
    return [Lazily(_commands)]
