"""`gateway events …`: what the author of a receiver needs. Telling again is `gateway listeners replay`."""

from __future__ import annotations

import click

from gateway_events.event import schema_text
from gateway_events.signing import new_secret


def add_commands(group: click.Group) -> None:
    """Add `events` to the gateway's command line."""
    group.add_command(events)


@click.group()
def events() -> None:
    """For listeners of type events. `gateway listeners replay` tells one again."""


@events.command()
def secret() -> None:
    """Make a signing secret: give it to the receiver and to the gateway."""
    click.echo(new_secret())


@events.command()
def schema() -> None:
    """Print the JSON Schema of a request."""
    click.echo(schema_text(), nl=False)
