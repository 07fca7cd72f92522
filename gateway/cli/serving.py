"""`gateway serve`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.places import config_option, host_for, load

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from pathlib import Path

    from gateway.config import Settings
    from gateway.plugins import PluginHost

STANDARD_ERROR = 2


@click.command(short_help="Run the gateway until it is told to stop.")
@config_option
def serve(config: Path) -> None:
    """Run the gateway until it is told to stop (Ctrl-C, SIGTERM)."""
    _open_standard_streams()
    host = host_for(config)
    loaded = load(config, host)
    if loaded.settings is None:
        for problem in loaded.problems:
            click.echo(str(problem), err=True)
        errors = sum(problem.severity == "error" for problem in loaded.problems)
        click.echo(f"gateway: not started: {errors} mistake{'s' * (errors != 1)} in the configuration", err=True)
        sys.exit(2)
    _start_logging(loaded.settings)
    _log_warnings(host, [str(problem) for problem in loaded.problems])
    _run(loaded.settings, host)


def _open_standard_streams() -> None:
    """Whoever started this may have closed some; then the store or a socket would get their numbers."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= STANDARD_ERROR:
        pass
    os.close(number)
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8")  # noqa: SIM115 - as long as the process
    sys.stderr = sys.stderr or open(STANDARD_ERROR, "w", encoding="utf-8")  # noqa: SIM115 - as above


def _start_logging(settings: Settings) -> None:
    from gateway import log  # noqa: PLC0415

    log.configure(style=settings.log.format, level=settings.log.level, secrets=settings.secrets, for_good=True)


def _log_warnings(host: PluginHost, warnings: list[str]) -> None:
    from gateway import log as logs  # noqa: PLC0415

    log = logs.get()
    for warning in warnings:
        log.warning("config.warning", problem=warning)
    for plugin, problem in host.problems:
        log.warning("plugin.broken", plugin=plugin.label, problem=str(problem))


def _run(settings: Settings, host: PluginHost) -> None:
    import asyncio  # noqa: PLC0415

    from gateway import runtime  # noqa: PLC0415

    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        runner.run(runtime.serve(settings, host))


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's, a third faster, where it exists."""
    try:
        import uvloop  # noqa: PLC0415
    except ImportError:
        return None
    loop: Any = uvloop
    return loop.new_event_loop  # type: ignore[no-any-return]


COMMANDS = (serve,)
