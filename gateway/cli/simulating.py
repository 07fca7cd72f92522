"""`gateway simulate`: the other side by hand, with no account."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from gateway.cli.places import called, commands_of, host_here, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.testing.simulate import Setup, Stage

PREFIX = "simulate-"
"""A plugin's command of this name and what follows is `gateway simulate <what follows>`."""
PORTS = {"telegram": 8181, "operator-api": 8182, "jivo": 8183, "tovie": 8184}
READY_MADE = Path("config", "simulate")


class Simulations(click.Group):
    """The core's simulations; what else is asked for is looked for among the plugins' commands."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a simulation."""
        return super().get_command(ctx, cmd_name) or _of_plugins(cmd_name)


def _of_plugins(name: str) -> click.Command | None:
    found = (commands_of(offer).get(f"{PREFIX}{name}") for offer in host_here().commands)
    return next((command for command in found if command), None)


def _gateway_address(_context: click.Context, _option: click.Parameter, value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise click.BadParameter(f"{value!r} is no address; write it like http://127.0.0.1:8080")
    return value.rstrip("/")


def _matching(pattern: str, rule: str) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """Return what checks an option that becomes a part of an address."""

    def check(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
        if value and not re.fullmatch(pattern, value):
            raise click.BadParameter(f"{value!r}: must be {rule}")
        return value

    return check


_instance = _matching("[a-z][a-z0-9-]*", "an instance's name: small letters, digits and -, beginning with a letter")
_key = _matching("[A-Za-z0-9_-]{16,200}", "16 to 200 letters, digits, - or _")


def _options(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options all simulations have."""

    def add(function: Callable[..., None]) -> Callable[..., None]:
        port = click.option(
            "--port",
            type=click.IntRange(0, 65535),
            default=PORTS[name],
            show_default=True,
            help="Port of the page and of the fake behind it; 0: any free one.",
        )
        gateway = click.option(
            "--gateway",
            default="http://127.0.0.1:8080",
            show_default=True,
            callback=_gateway_address,
            help="Address of the gateway it talks to.",
        )
        browser = click.option(
            "--open/--no-open",
            "opens",
            default=None,
            help="Open the page. Default: if there is a terminal and a screen.",
        )
        return port(gateway(browser(function)))

    return add


@click.group("simulate", cls=Simulations, short_help="Play the other side by hand, with no account.")
def simulate() -> None:
    """Play the other side by hand: a faithful fake on this machine, with a page for the people behind it.

    The command prints what belongs into the gateway's configuration. Plugins can add simulations of their own.
    """


@simulate.command(short_help="Telegram: you write to the bot.")
@_options("telegram")
def telegram(*, port: int, gateway: str, opens: bool | None) -> None:
    """Play the people who write to a Telegram bot: words, files, places, buttons, blocking the bot."""
    from gateway.testing.simulate.telegram import TelegramStage  # noqa: PLC0415

    _play(TelegramStage(), port, gateway, opens=opens)


@simulate.command(short_help="JivoChat: you are its clients, and its agents.")
@_options("jivo")
@click.option(
    "--instance", default="jivo", show_default=True, callback=_instance, help="Name of the gateway's channel."
)
def jivo(*, port: int, gateway: str, instance: str, opens: bool | None) -> None:
    """Play the clients who write in JivoChat, and the agents who take over there. The gateway is the bot."""
    from gateway.testing.simulate.jivo import JivoStage  # noqa: PLC0415

    _play(JivoStage(instance=instance), port, gateway, opens=opens)


@simulate.command(short_help="A bot in Tovie: you are its agents.")
@_options("tovie")
@click.option("--instance", default="tovie", show_default=True, callback=_instance, help="Name of the gateway's bot.")
@click.option("--key", callback=_key, help="The bot's webhook_key.  [default: a fixed one]")
def tovie(*, port: int, gateway: str, instance: str, key: str | None, opens: bool | None) -> None:
    """Play Tovie Agent behind a bot of Tovie's. A small script answers the gateway by itself until it hands over."""
    from gateway.testing.simulate.tovie import WEBHOOK_KEY, TovieBotStage  # noqa: PLC0415

    _play(TovieBotStage(instance=instance, key=key or WEBHOOK_KEY), port, gateway, opens=opens)


@simulate.command("operator-api", short_help="A help desk, or a Tovie bot, behind the Operator API.")
@_options("operator-api")
@click.option(
    "--as",
    "side",
    type=click.Choice(["desk", "tovie"]),
    default="desk",
    show_default=True,
    help="desk: you are the agents the gateway hands clients to. tovie: the clients a Tovie bot hands to the gateway.",
)
@click.option("--instance", callback=_instance, help="With --as tovie: name of the channel.  [default: tovie]")
@click.option("--key", callback=_key, help="With --as tovie: key of that channel.  [default: a fixed one]")
def operator_api(
    *, port: int, gateway: str, side: str, instance: str | None, key: str | None, opens: bool | None
) -> None:
    """Play either side of the Operator API: the agents of a help desk, or the clients of a Tovie bot."""
    from gateway.testing.simulate.operator_desk import DeskStage  # noqa: PLC0415
    from gateway.testing.simulate.operator_tovie import KEY, TovieStage  # noqa: PLC0415

    if side == "desk" and (instance or key):
        raise click.UsageError("--instance and --key go with --as tovie.")
    stage: Stage = DeskStage() if side == "desk" else TovieStage(instance=instance or "tovie", key=key or KEY)
    _play(stage, port, gateway, opens=opens)


def _play(stage: Stage, port: int, gateway: str, *, opens: bool | None) -> None:
    from gateway.testing.simulate import play  # noqa: PLC0415

    def ready(url: str) -> None:
        with suppress(OSError):  # nobody reads it; the page says the same
            click.echo(_words(stage, url, gateway))
        if _has_screen() if opens is None else opens:
            click.launch(f"{url}/")

    run(play(stage, port=port, gateway=gateway, ready=ready, serve=_serve))


def _has_screen() -> bool:
    """Tell whether a browser window would be seen, and not one inside this terminal."""
    shown = sys.platform in {"darwin", "win32"} or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return sys.stdout.isatty() and bool(shown)


def _serve(ready_made: str) -> str:
    """Return the command line that runs a ready-made configuration; empty if there is none here."""
    file = READY_MADE / ready_made
    return f"{called()} serve --config {file}" if ready_made and file.is_file() else ""


def _words(stage: Stage, url: str, gateway: str) -> str:
    setup = stage.setup()
    return "\n".join([f"{stage.title}, simulated. {stage.part}", "", f"    {url}/", "", *_how(setup, gateway)])


def _how(setup: Setup, gateway: str) -> list[str]:
    exports = [f"    export {name}={value}" for name, value in setup.environ.items()]
    serve = _serve(setup.ready_made)
    return [
        "The gateway's configuration needs:",
        "",
        *(f"    {line}" for line in setup.config.splitlines()),
        "",
        "and its environment:",
        "",
        *exports,
        "",
        *setup.steps,
        *([f"Ready-made: {serve}"] if serve else []),
        f"It talks to the gateway at {gateway}. Stop it with Ctrl-C.",
    ]


COMMANDS: tuple[Any, ...] = (simulate,)
