"""`gateway script …`: look at a script, and talk to it, without a gateway."""

from __future__ import annotations

import json
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway import UserMistake
from gateway_script.loading import Loaded, load
from gateway_script.program import compiled
from gateway_script.script import Script, json_schema
from gateway_script.talk import Talk, replay

if TYPE_CHECKING:
    from collections.abc import Iterable

FILE = click.argument("file", type=click.Path(path_type=Path))


def add_commands(group: click.Group) -> None:
    """Add `script` to the gateway's command line."""
    group.add_command(script)


@click.group()
def script() -> None:
    """Work on the scripts of bots of type script."""


@script.command()
@FILE
def check(file: Path) -> None:
    """Show every mistake in FILE, and what looks like one."""
    loaded = load(file)
    for line in (*loaded.mistakes, *loaded.warnings):
        click.echo(line)
    if loaded.script is None:
        raise SystemExit(2)
    click.echo(f"{file} is right." if not loaded.warnings else f"{file} works.")


@script.command()
@FILE
@click.option("--online/--offline", default=None, help="Whether agents are there; default: nobody can tell.")
def talk(file: Path, online: bool | None) -> None:
    """Talk to FILE.

    Press a button by typing [its words]; (start), (offline), (returned Anna: note) and so on stand for events.
    """
    loaded = load(file)
    dialog = Talk(compiled(script_of(loaded)), agents_online=online)
    show(dialog.hear("(start)"))
    while not dialog.closed:
        try:
            line = click.prompt("", prompt_suffix="> ")
        except click.Abort:
            break
        show(dialog.hear(line))


@script.command()
@FILE
@click.argument("transcript", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def test(file: Path, transcript: Path) -> None:
    """Talk to FILE as TRANSCRIPT says, and show where the bot answers something else."""
    wanted = transcript.read_text(encoding="utf-8").strip()
    found = replay(Talk(compiled(script_of(load(file)))), wanted)
    if found == wanted:
        click.echo(f"{transcript} is what {file} does.")
        return
    for line in unified_diff(wanted.splitlines(), found.splitlines(), str(transcript), str(file), lineterm=""):
        click.echo(line)
    raise SystemExit(1)


@script.command()
def schema() -> None:
    """Print the JSON Schema of scripts, for editors."""
    click.echo(schema_text(), nl=False)


def script_of(loaded: Loaded) -> Script:
    """Return the script. Raises `UserMistake` with all that is wrong with it."""
    if loaded.script is None:
        raise UserMistake("\n".join(loaded.mistakes))
    return loaded.script


def show(lines: Iterable[str]) -> None:
    """Print what the bot says."""
    for line in lines:
        click.echo(f"  {line}")


def schema_text() -> str:
    """Return the JSON Schema as it is kept in `schema.json`."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
