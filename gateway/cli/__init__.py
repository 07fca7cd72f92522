"""The command line. Each command imports what it needs when it runs, so that `gateway --help` is there at once.

A user's mistake is one line and exit code 2; a bug keeps its traceback.
"""

from __future__ import annotations

import sys

import click

from gateway.cli import checking, conversations, dead_letters, listeners, plugins, serving, simulating, tracing
from gateway.cli.places import commands_of, host_here
from gateway.errors import Unavailable, UserMistake


class Commands(click.Group):
    """The core's commands; what else is asked for is looked for among the plugins' commands."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command. Plugins are loaded only for a name the core does not know."""
        return super().get_command(ctx, cmd_name) or self._of_plugins(cmd_name)

    def _of_plugins(self, name: str) -> click.Command | None:
        for offer in host_here().commands:
            command = commands_of(offer).get(name)
            if command is not None:
                return command
        return None


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Plugins can add commands of their own; `gateway plugins` lists them.",
)
@click.version_option(package_name="integration-gateway", prog_name="gateway", message="%(prog)s %(version)s")
def gateway() -> None:
    """Connects chat channels, bots and the platforms where people answer."""


for module in (serving, checking, plugins, conversations, tracing, dead_letters, listeners, simulating):
    for command in module.COMMANDS:
        gateway.add_command(command)


def main() -> None:
    """Run the command line; the entry point of the `gateway` script."""
    try:
        gateway.main(prog_name="gateway")
    except (UserMistake, Unavailable) as mistake:
        click.echo(f"gateway: {mistake}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone, as `| head` does
        sys.exit(1)
