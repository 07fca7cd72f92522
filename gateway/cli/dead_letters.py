"""`gateway dead-letters`: what could not be delivered; send it again or forget it."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.places import config_option, echo_json, json_option, location, moment, reading, run, short

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gateway.admin import Access
    from gateway.store.contract import EffectRecord

SECONDS = 30


@click.group("dead-letters")
def dead_letters() -> None:
    """What could not be delivered: list, show, replay, drop.

    A LETTER is named CONVERSATION.NUMBER, as `list` shows it.
    """


@dead_letters.command("list")
@config_option
@click.option("--conversation", default="", help="Only those of this conversation.")
@click.option("--instance", default="", help="Only those to this instance.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="Most to show.")
@json_option
def list_letters(config: Path, conversation: str, instance: str, limit: int, as_json: bool) -> None:
    """List dead letters, the oldest first."""
    letters = run(_letters(config, conversation, instance, limit))
    if as_json:
        echo_json([_as_data(letter) for letter in letters])
    elif not letters:
        click.echo("No dead letters.")
    else:
        for letter in letters:
            click.echo(_line(letter))


@dead_letters.command()
@config_option
@click.argument("letter")
@json_option
def show(config: Path, letter: str, as_json: bool) -> None:
    """Show one dead letter with all its attempts."""
    conversation, number = _named(letter)
    found = run(_one(config, conversation, number))
    if as_json:
        echo_json(_as_data(found))
        return
    click.echo(_line(found))
    for at, reason in found.failures:
        click.echo(f"  {moment(at)}  {reason}")
    click.echo(f"`gateway trace {conversation}` shows the whole conversation.")


@dead_letters.command()
@config_option
@click.argument("letters", nargs=-1, metavar="LETTER...")
@click.option("--all", "everything", is_flag=True, help="All dead letters.")
@click.option("--instance", default="", help="All dead letters to this instance.")
def replay(config: Path, letters: tuple[str, ...], everything: bool, instance: str) -> None:
    """Try to deliver dead letters again, whether the gateway runs or not."""
    _act(config, "replay", _chosen(config, letters, everything, instance))


@dead_letters.command()
@config_option
@click.argument("letters", nargs=-1, metavar="LETTER...")
@click.option("--all", "everything", is_flag=True, help="All dead letters.")
@click.option("--instance", default="", help="All dead letters to this instance.")
def drop(config: Path, letters: tuple[str, ...], everything: bool, instance: str) -> None:
    """Forget dead letters: they will not be delivered."""
    _act(config, "drop", _chosen(config, letters, everything, instance))


def _chosen(config: Path, letters: tuple[str, ...], everything: bool, instance: str) -> list[tuple[str, int]]:
    if bool(letters) + everything + bool(instance) != 1:
        raise click.UsageError("name letters, or give --all, or --instance.")
    if letters:
        return [_named(letter) for letter in letters]
    found = run(_letters(config, "", instance, 1_000_000))
    return [(letter.effect.conversation, letter.effect.number) for letter in found]


def _act(config: Path, what: str, letters: list[tuple[str, int]]) -> None:
    from gateway import admin  # noqa: PLC0415
    from gateway.errors import UserMistake  # noqa: PLC0415

    place = location(config)
    if not letters:
        click.echo("No dead letters.")
        return
    access = admin.find(place.data)
    outcomes = _ask(access, what, letters) if access else None
    if outcomes is None:  # nobody answers: no gateway runs, and the store's lock makes sure of that
        outcomes = run(_do(place.database, what, letters))
    done = sum(outcomes)
    click.echo(f"{done} of {len(letters)} dead letter{'s' * (len(letters) != 1)} {_past(what)}.")
    missing = [f"{name}.{number}" for (name, number), ok in zip(letters, outcomes, strict=True) if not ok]
    if missing:
        raise UserMistake(f"not a dead letter (any more): {', '.join(missing)}")


def _past(what: str) -> str:
    return {"replay": "put in line again", "drop": "dropped"}[what]


def _ask(access: Access, what: str, letters: list[tuple[str, int]]) -> list[bool] | None:
    """Ask the running gateway; None if none answers."""
    try:
        return [_post(access, what, conversation, number) for conversation, number in letters]
    except urllib.error.HTTPError as error:
        from gateway.errors import UserMistake  # noqa: PLC0415

        raise UserMistake(f"the gateway at {access.url} answered {error.code}: {error.reason}") from None
    except (urllib.error.URLError, OSError):
        return None


def _post(access: Access, what: str, conversation: str, number: int) -> bool:
    request = urllib.request.Request(  # noqa: S310 - the address comes from the gateway's own file
        f"{access.url}/admin/dead-letters/{what}",
        data=json.dumps({"conversation": conversation, "number": number}).encode(),
        headers={"Authorization": f"Bearer {access.token}", "Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as response:  # noqa: S310
        return bool(json.load(response)["done"])


async def _do(database: Path, what: str, letters: list[tuple[str, int]]) -> list[bool]:
    from gateway.store.sqlite import SqliteStore  # noqa: PLC0415

    store = SqliteStore(database)
    await store.open()
    try:
        change = store.replay if what == "replay" else store.drop
        return [bool(await change(conversation, number, at=time.time())) for conversation, number in letters]
    finally:
        await store.close()


async def _letters(config: Path, conversation: str, instance: str, limit: int) -> Sequence[EffectRecord]:
    async with reading(config) as store:
        return await store.dead_letters(conversation=conversation, target=instance, limit=limit)


async def _one(config: Path, conversation: str, number: int) -> EffectRecord:
    from gateway.errors import UserMistake  # noqa: PLC0415

    for letter in await _letters(config, conversation, "", 1_000_000):
        if letter.effect.number == number:
            return letter
    raise UserMistake(f"{conversation}.{number} is no dead letter; `gateway dead-letters list` shows them")


def _named(letter: str) -> tuple[str, int]:
    conversation, _, number = letter.rpartition(".")
    if not conversation or not number.isdigit():
        raise click.BadParameter(f"{letter!r} is no letter: it is CONVERSATION.NUMBER, as `list` shows it.")
    return conversation, int(number)


def _as_data(letter: EffectRecord) -> dict[str, Any]:
    from gateway.wire import to_json  # noqa: PLC0415

    return {"letter": _id(letter), **to_json(letter)}


def _id(letter: EffectRecord) -> str:
    return f"{letter.effect.conversation}.{letter.effect.number}"


def _line(letter: EffectRecord) -> str:
    effect = letter.effect
    ended = moment(letter.ended_at) if letter.ended_at else ""
    return f"{_id(letter)}  {ended}  {effect.action.type} → {effect.target}: {short(effect.error, 90)}"


COMMANDS = (dead_letters,)
