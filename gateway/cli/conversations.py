"""`gateway conversations`: which there are, beside a running gateway or without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gateway.cli.places import config_option, echo_json, json_option, moment, reading, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gateway.conversation import Conversation

FLOORS = ("bot", "waiting", "agent", "closed")


@click.command()
@config_option
@click.option("--channel", default="", help="Only those of this channel.")
@click.option("--floor", type=click.Choice(FLOORS), help="Only those where this side may speak.")
@click.option("--client", default="", help="Only those with the client of this id.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Most to show.")
@json_option
def conversations(config: Path, limit: int, as_json: bool, **wanted: str | None) -> None:
    """List conversations, the most recently active first."""
    found = run(_find(config, limit, {key: value or "" for key, value in wanted.items()}))
    if as_json:
        from gateway.wire import to_json  # noqa: PLC0415

        echo_json([to_json(conversation) for conversation in found])
    else:
        _print(found)


async def _find(config: Path, limit: int, wanted: dict[str, str]) -> Sequence[Conversation]:
    async with reading(config) as store:
        return await store.conversations(limit=limit, **wanted)


def _print(found: Sequence[Conversation]) -> None:
    if not found:
        click.echo("No conversation matches.")
        return
    rows = [("CONVERSATION", "ACTIVE", "FLOOR", "CHANNEL", "CLIENT", "ENTRIES"), *map(_row, found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _row(conversation: Conversation) -> tuple[str, ...]:
    handoff = conversation.handoff
    floor = f"{conversation.floor} ({handoff.platform})" if handoff else str(conversation.floor)
    client = conversation.client
    return (
        conversation.id,
        moment(conversation.active_at),
        floor,
        conversation.channel,
        f"{client.name} ({client.id})" if client.name else client.id,
        str(conversation.head),
    )


COMMANDS = (conversations,)
