"""What this distribution offers to the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import BotEngineKind, hookimpl
from gateway_script.commands import add_commands
from gateway_script.engine import build, check
from gateway_script.options import ScriptOptions

if TYPE_CHECKING:
    from gateway import Commands

KIND = BotEngineKind(
    name="script",
    summary="Answers from a YAML file: rules, questions, buttons, pictures, transfer to a human.",
    options=ScriptOptions,
    sample="type: script\nfile: faq.yaml # relative to this file; how to write one: the README of gateway-script\n",
    build=build,
    check=check,
)


@hookimpl
def register_bot_engines() -> list[BotEngineKind[ScriptOptions]]:
    """Offer the scripted bot."""
    return [KIND]


@hookimpl
def register_commands() -> list[Commands]:
    """Offer `gateway script check|talk|schema`."""
    return [add_commands]
