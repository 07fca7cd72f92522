"""`gateway listeners`: have a durable listener told again."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import click

from gateway.cli.places import config_option, location, run

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.admin import Access

SECONDS = 30


@click.group("listeners")
def listeners() -> None:
    """What listens to all conversations (CRM, statistics)."""


@listeners.command()
@config_option
@click.argument("listener")
@click.argument("conversation", required=False, default="")
@click.option(
    "--from", "number", type=click.IntRange(1), default=1, show_default=True, help="Log number to begin with."
)
@click.option("--all", "everything", is_flag=True, help="All conversations, from their beginning.")
def replay(config: Path, listener: str, conversation: str, number: int, everything: bool) -> None:
    """Tell LISTENER again what was logged in CONVERSATION, whether the gateway runs or not.

    For listeners that miss nothing, such as those of type events. Each entry keeps its id.
    """
    from gateway import admin  # noqa: PLC0415
    from gateway.errors import UserMistake  # noqa: PLC0415

    if bool(conversation) == everything:
        raise click.UsageError("name a conversation, or give --all.")
    place = location(config)
    access = admin.find(place.data)
    done = _ask(access, listener, conversation, number) if access else None
    if done is None:  # nobody answers: no gateway runs, and the store's lock makes sure of that
        done = run(_do(place.database, listener, conversation, number))
    if not done:
        raise UserMistake(
            f"there is no conversation {conversation!r}, or no durable listener {listener!r} that ever ran"
            if conversation
            else f"there is no durable listener {listener!r} that ever ran"
        )
    click.echo(f"{listener} is told again: {f'{conversation} from {number}' if conversation else 'everything'}.")


def _ask(access: Access, listener: str, conversation: str, number: int) -> bool | None:
    """Ask the running gateway; None if none answers."""
    request = urllib.request.Request(  # noqa: S310 - the address comes from the gateway's own file
        f"{access.url}/admin/listeners/replay",
        data=json.dumps({"listener": listener, "conversation": conversation, "number": number}).encode(),
        headers={"Authorization": f"Bearer {access.token}", "Content-Type": "application/json"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as response:  # noqa: S310
            return bool(json.load(response)["done"])
    except urllib.error.HTTPError as error:
        from gateway.errors import UserMistake  # noqa: PLC0415

        raise UserMistake(f"the gateway at {access.url} answered {error.code}: {error.reason}") from None
    except (urllib.error.URLError, OSError):
        return None


async def _do(database: Path, listener: str, conversation: str, number: int) -> bool:
    from gateway.bookmark import tell_again  # noqa: PLC0415
    from gateway.store.sqlite import SqliteStore  # noqa: PLC0415

    store = SqliteStore(database)
    await store.open()
    try:
        return await tell_again(store, listener, conversation, number)
    finally:
        await store.close()


COMMANDS = (listeners,)
