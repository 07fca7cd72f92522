"""Where things are: the config file, the plugins, the store. And how a command shows what it found."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from gateway.config import Loaded, Location
    from gateway.plugins import CommandOffer, PluginHost
    from gateway.store.sqlite import SqliteStore

ResultT = TypeVar("ResultT")
FunctionT = TypeVar("FunctionT", bound="Callable[..., Any]")

DEFAULT_CONFIG = "gateway.yaml"


def config_option(function: FunctionT) -> FunctionT:
    """Give a command the option `--config`."""
    option = click.option(
        "-c",
        "--config",
        type=click.Path(path_type=Path),
        default=DEFAULT_CONFIG,
        envvar="GATEWAY_CONFIG",
        show_default=True,
        show_envvar=True,
        help="The configuration file.",
    )
    return option(function)


def json_option(function: FunctionT) -> FunctionT:
    """Give a command the option `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(function)


def called() -> str:
    """Return how this program was called, so that what is printed can be pasted: `gateway`, if a shell finds it so."""
    program = Path(sys.argv[0])
    if program.name == "__main__.py":
        return f"{sys.executable} -m gateway"
    found = shutil.which(program.name)
    return program.name if found and Path(found).resolve() == program.resolve() else sys.argv[0]


def host_for(config: Path) -> PluginHost:
    """Load the plugins, except for those the configuration disables."""
    from gateway.config import disabled_plugins  # noqa: PLC0415
    from gateway.plugins import PluginHost  # noqa: PLC0415

    return PluginHost(disabled=disabled_plugins(config, os.environ))


def host_here() -> PluginHost:
    """Load the plugins as the configuration in the usual place, if there is one, wants it."""
    return host_for(Path(os.environ.get("GATEWAY_CONFIG", DEFAULT_CONFIG)))


def commands_of(offer: CommandOffer) -> dict[str, click.Command]:
    """Return the commands a plugin adds, by name. One plugin's trouble must not take away the others' commands."""
    group = click.Group()
    try:
        offer.add(group)
    except Exception as error:  # noqa: BLE001 - whatever it raises stays its own problem
        click.echo(f"gateway: {offer.label} cannot add its commands: {error}", err=True)
    return dict(group.commands)


def load(config: Path, host: PluginHost) -> Loaded:
    """Load the configuration with this process's environment."""
    from gateway.config import load as load_config  # noqa: PLC0415

    return load_config(config, host, os.environ)


def location(config: Path) -> Location:
    """Return where the store is. Needs no plugin and no secret. Raises `UserMistake`."""
    from gateway.config import locate  # noqa: PLC0415
    from gateway.errors import UserMistake  # noqa: PLC0415

    found = locate(config, os.environ)
    if found.type != "sqlite":
        raise UserMistake(f"the store of {config} is of type {found.type!r}: nothing outlives the gateway's process")
    return found


@asynccontextmanager
async def reading(config: Path) -> AsyncIterator[SqliteStore]:
    """Open the store for reading, whether the gateway runs or not."""
    from gateway.store.sqlite import SqliteStore  # noqa: PLC0415

    store = SqliteStore(location(config).database, read_only=True)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def run(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run a command's asynchronous part."""
    return asyncio.run(work)


def echo_json(value: object) -> None:
    """Print a value for programs."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def moment(seconds: float) -> str:
    """Return a time for people: local, to the second."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def clock(seconds: float) -> str:
    """Return the time of day for people: local, to the millisecond."""
    return f"{time.strftime('%H:%M:%S', time.localtime(seconds))}.{int(seconds % 1 * 1000):03d}"


def short(text: str, length: int = 60) -> str:
    """Return a text as one line that is not too long."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
