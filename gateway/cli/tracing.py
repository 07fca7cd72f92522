"""`gateway trace`: one conversation, or one message, hop by hop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gateway.cli.places import clock, config_option, echo_json, json_option, moment, reading, run, short

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gateway.conversation import Conversation
    from gateway.entries import Entry
    from gateway.store.contract import EffectRecord
    from gateway.store.sqlite import SqliteStore

PAGE = 500
INDENT = " " * 7


@click.command(short_help="Show every hop of a conversation or a message.")
@config_option
@click.argument("what", metavar="CONVERSATION|MESSAGE")
@json_option
def trace(config: Path, what: str, as_json: bool) -> None:
    """Show every hop of a conversation or of one message: times, attempts, floor and epoch.

    CONVERSATION is an id from `gateway conversations`. MESSAGE is the author's own id of a message, or
    CONVERSATION.NUMBER with the number of an entry. Works while the gateway runs.
    """
    traces = run(_collect(config, what))
    if as_json:
        echo_json([trace.as_data() for trace in traces])
        return
    for one in traces:
        one.print()


class Trace:
    """What is known of a conversation, narrowed down to one message if `number` is given."""

    def __init__(
        self,
        conversation: Conversation,
        entries: Sequence[Entry],
        records: Sequence[EffectRecord],
        number: int | None = None,
    ) -> None:
        self.conversation = conversation
        self.entries = [entry for entry in entries if number is None or _is_about(entry, number)]
        self.records = [record for record in records if number is None or _number_of(record) == number]

    def as_data(self) -> dict[str, Any]:
        """Return it for programs."""
        from gateway.wire import to_json  # noqa: PLC0415

        return {
            "conversation": to_json(self.conversation),
            "entries": [to_json(entry) for entry in self.entries],
            "effects": [to_json(record) for record in self.records],
        }

    def print(self) -> None:
        """Print it for people: entries with their numbers, and what was done about them below."""
        self._print_head()
        for _, _, lines in sorted([*map(_entry_lines, self.entries), *map(_record_lines, self.records)]):
            for line in lines:
                click.echo(line)

    def _print_head(self) -> None:
        conversation = self.conversation
        client = conversation.client
        click.echo(click.style(f"conversation {conversation.id}", bold=True))
        click.echo(f"  client   {client.name or '(no name)'} ({client.id}) in {conversation.channel}")
        click.echo(f"  route    {conversation.route}")
        click.echo(f"  floor    {conversation.floor}, epoch {conversation.epoch}, version {conversation.version}")
        if conversation.handoff:
            handoff = conversation.handoff
            click.echo(f"  handoff  {handoff.stage} on {handoff.platform}, session {handoff.session}")
        click.echo(f"  times    {moment(conversation.started_at)} to {moment(conversation.active_at)}")
        click.echo("")
        click.echo(f"{'entry':>6} {'time':<12} {'floor':<8} {'epoch':>5}")


async def _collect(config: Path, what: str) -> list[Trace]:
    from gateway.errors import UserMistake  # noqa: PLC0415

    async with reading(config) as store:
        found = await _find(store, what)
        traces = [await _trace(store, conversation, number) for conversation, number in found]
    if not traces:
        raise UserMistake(f"there is no conversation and no message {what!r}; `gateway conversations` lists them")
    return traces


async def _find(store: SqliteStore, what: str) -> list[tuple[Conversation, int | None]]:
    conversation = await store.load(what)
    if conversation is not None:
        return [(conversation, None)]
    name, _, number = what.rpartition(".")
    if number.isdigit() and (conversation := await store.load(name)):
        return [(conversation, int(number))]
    places = await store.find_message(what)
    loaded = [(await store.load(name), number) for name, number in places]
    return [(conversation, number) for conversation, number in loaded if conversation is not None]


async def _trace(store: SqliteStore, conversation: Conversation, number: int | None) -> Trace:
    entries: list[Entry] = []
    while len(entries) < conversation.head:
        page = await store.entries(conversation.id, after=entries[-1].number if entries else 0, limit=PAGE)
        if not page:
            break
        entries += page
    return Trace(conversation, entries, await store.effects(conversation.id), number)


def _is_about(entry: Entry, number: int) -> bool:
    return entry.number == number or getattr(entry.body, "number", None) == number


def _number_of(record: EffectRecord) -> int | None:
    return getattr(record.effect.action, "number", None)


Lines = tuple[float, int, list[str]]
"""Sorted by time; at the same time entries come before effects."""


def _entry_lines(entry: Entry) -> Lines:
    line = f"{entry.number:>6} {clock(entry.at)} {entry.floor:<8} {entry.epoch:>5}  {_entry_words(entry)}"
    return entry.at, 0, [line]


def _record_lines(record: EffectRecord) -> Lines:
    effect = record.effect
    number = _number_of(record)
    about = f" of {number}" if number is not None else ""
    known = ", ".join(filter(None, getattr(effect.action, "remote", ())))
    known = f" as {known}" if known else ""
    what = f"→ {effect.target}: {effect.action.type}{about} #{effect.number}{known}"
    lines = [f"{INDENT}{clock(effect.made_at)} {'':<8} {effect.epoch:>5}    {what} {_fate(record)}"]
    lines += [f"{INDENT}{clock(at)} {'':<8} {'':>5}      failed: {reason}" for at, reason in record.failures]
    return effect.made_at, effect.number, lines


def _fate(record: EffectRecord) -> str:
    attempts = record.effect.attempts + (record.state == "done")
    tries = f", {attempts} attempts" if attempts > 1 else ""
    if record.ended_at is None:
        due = f", next at {clock(record.effect.due_at)}" if record.effect.due_at else ""
        return f"{record.state}{tries}{due}"
    return f"{record.state} after {record.ended_at - record.effect.made_at:.3f} s{tries}"


def _entry_words(entry: Entry) -> str:
    from gateway.entries import Said  # noqa: PLC0415

    body = entry.body
    if isinstance(body, Said):
        author = body.author.name or body.author.id
        return f"{body.role} {author} ({body.source}): {short(body.message.text) or _contents(body)}"
    return f"{body.type}{_facts(body)}"


def _contents(said: Any) -> str:
    return ", ".join(f"[{content.type}]" for content in said.message.contents)


def _facts(body: Any) -> str:
    """Return the members that say something, in the order they are declared."""
    from gateway.wire import to_json  # noqa: PLC0415

    facts = [f"{key}={_fact(value)}" for key, value in to_json(body).items() if key != "type" and _fact(value)]
    return (" " + " ".join(facts)) if facts else ""


def _fact(value: Any) -> str:
    if isinstance(value, dict):
        inner = [f"{key}={_fact(item)}" for key, item in value.items() if _fact(item)]
        return f"({' '.join(inner)})" if inner else ""
    if isinstance(value, list):
        return f"[{', '.join(_fact(item) for item in value)}]" if value else ""
    if isinstance(value, str):
        return repr(short(value)) if " " in value else value
    return "" if value in (None, False) else str(value)


COMMANDS = (trace,)
