"""`gateway check`: everything that is wrong, and what each route cannot show. Nothing is started."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.places import config_option, echo_json, host_for, json_option, load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.config import Loaded, Settings
    from gateway.plugins import PluginHost


@click.command(short_help="Check the configuration: all mistakes at once.")
@config_option
@json_option
def check(config: Path, as_json: bool) -> None:
    """Check the configuration: all mistakes at once, with their places.

    Exit code 0: it can be served (warnings are allowed); 2: it cannot.
    """
    host = host_for(config)
    loaded = load(config, host)
    losses = list(_losses(loaded.settings)) if loaded.settings else []
    if as_json:
        echo_json(_as_data(loaded, host, losses))
    else:
        _print(config, loaded, host, losses)
    sys.exit(2 if loaded.settings is None else 0)


def _as_data(loaded: Loaded, host: PluginHost, losses: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "ok": loaded.settings is not None,
        "problems": [{**asdict(problem), "text": str(problem)} for problem in loaded.problems],
        "plugins": [{"plugin": plugin.name, "problem": str(problem)} for plugin, problem in host.problems],
        "losses": [{"route": route, "loss": loss} for route, loss in losses],
    }


def _print(config: Path, loaded: Loaded, host: PluginHost, losses: list[tuple[str, str]]) -> None:
    for problem in loaded.problems:
        click.echo(str(problem))
    for plugin, trouble in host.problems:
        click.echo(f"warning: {plugin.label}: {trouble}")
    for route, loss in losses:
        click.echo(f"note: route {route}: {loss}")
    errors = sum(problem.severity == "error" for problem in loaded.problems)
    warnings = len(loaded.problems) - errors + len(host.problems)
    counted = [_count(errors, "mistake"), _count(warnings, "warning")]
    verdict = "can be served" if loaded.settings else "cannot be served"
    click.echo(f"{config} {verdict}: {', '.join(filter(None, counted)) or 'nothing to complain about'}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}" if number else ""


def _losses(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield (route, what one of its sides cannot show)."""
    from gateway.capabilities import EVERYTHING  # noqa: PLC0415
    from gateway.render import losses  # noqa: PLC0415

    for name, route in settings.routes.items():
        for channel in route.channels:
            for loss in losses(EVERYTHING, settings.channels[channel].kind.capabilities):
                yield name, f"{channel}: {loss}"
        for platform in route.handoff:
            if offered := settings.platforms.get(platform) or settings.bots.get(platform):
                for loss in losses(EVERYTHING, offered.kind.capabilities):
                    yield name, f"{platform}: {loss}"


COMMANDS = (check,)
