"""`gateway webhook …`: what the author of a bot needs."""

from __future__ import annotations

import click

from gateway_webhook.schema import SCHEMAS, schema_text
from gateway_webhook.signing import new_secret


def add_commands(group: click.Group) -> None:
    """Add `webhook` to the gateway's command line."""
    group.add_command(webhook)


@click.group()
def webhook() -> None:
    """For bots of type webhook."""


@webhook.command()
def secret() -> None:
    """Make a signing secret: give it to the bot and to the gateway."""
    click.echo(new_secret())


@webhook.command()
@click.argument("name", type=click.Choice(list(SCHEMAS)))
def schema(name: str) -> None:
    """Print the JSON Schema of a turn's request, or of the reply."""
    click.echo(schema_text(name), nl=False)
