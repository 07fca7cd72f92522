"""Compares the world's books with the gateway's log, once everything has come to rest."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from gateway.conversation import Conversation, Floor
from gateway.entries import BotFailed, Closed, Delivery, DeliveryState, Entry, Joined, Said
from gateway.events import AskBot
from gateway.model import Role
from gateway.store.contract import EffectRecord
from gateway.store.sqlite import SqliteStore
from tests.faults.ledger import HONEST, Call, Ledger, Word

EVERYTHING = 10**7


@dataclass(slots=True)
class Dialog:
    """A conversation as the store has it."""

    conversation: Conversation
    entries: list[Entry]
    effects: list[EffectRecord]


@dataclass(slots=True)
class Verdict:
    """What was found. Everything in `problems` breaks a promise."""

    problems: list[str] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)

    def blame(self, kind: str, text: str) -> None:
        """Write down a broken promise."""
        self.figures[kind] += 1
        self.problems.append(f"{kind}: {text}")


async def read(database: Path) -> list[Dialog]:
    """Read the whole store, conversations in the order they were begun."""
    store = SqliteStore(database, read_only=True)
    await store.open()
    try:
        found = {each.id: each for each in await store.conversations(limit=EVERYTHING)}
        return [
            Dialog(found[each], list(await store.entries(each, limit=EVERYTHING)), list(await store.effects(each)))
            for each in _in_order(database)
        ]
    finally:
        await store.close()


def _in_order(database: Path) -> list[str]:
    """Return the ids in the order the conversations were begun, whatever the clock was then."""
    with closing(sqlite3.connect(database)) as connection:
        return [each for (each,) in connection.execute("SELECT id FROM conversation ORDER BY seq")]


def judge(ledger: Ledger, dialogs: list[Dialog]) -> Verdict:
    """Return what the books say about the promises."""
    verdict = Verdict()
    judge_words(verdict, dialogs, ledger.said, Role.CLIENT)
    judge_words(verdict, dialogs, ledger.told, Role.AGENT)
    calls = defaultdict[str, list[Call]](list)
    for call in ledger.calls:
        calls[call.conversation].append(call)
    for dialog in dialogs:
        mine = calls.pop(dialog.conversation.id, [])
        judge_state(verdict, dialog)
        judge_calls(verdict, dialog, mine, ledger)
        judge_hearing(verdict, dialog, mine)
        judge_speakers(verdict, dialog, mine, ledger)
    for conversation in calls:
        verdict.blame("lost", f"conversation {conversation} was spoken of outside and is not stored")
    return verdict


def judge_file(verdict: Verdict, database: Path) -> None:
    """The file itself is sound."""
    with closing(sqlite3.connect(database)) as connection:
        (sound,) = connection.execute("PRAGMA integrity_check").fetchone()
    if sound != "ok":
        verdict.blame("damaged", sound)


# --- what was confirmed is in the log ---------------------------------------------------------------------------------


def judge_words(verdict: Verdict, dialogs: list[Dialog], words: dict[str, Word], role: Role) -> None:
    """Every confirmed word is in the log once, and after all that had been confirmed before it was said."""
    logged = Counter[str]()
    newest = defaultdict[str, float](float)
    for word_id in _said_by(dialogs, role):
        logged[word_id] += 1
        word = words.get(word_id)
        if word is None:
            verdict.blame("invented", f"{role} never said {word_id}")
            continue
        if word.acked and word.acked < newest[word.speaker]:
            verdict.blame("reordered", f"{word_id} stands in the log after what was said after it")
        newest[word.speaker] = max(newest[word.speaker], word.sent)
    for word in words.values():
        if word.acked and not logged[word.id]:
            verdict.blame("lost", f"{word.id} was confirmed and is not in the log")
        if role is Role.CLIENT and word.refused:
            verdict.blame("refused", f"{word.id} was answered {word.refused}")
    for word_id, times in logged.items():
        if times > 1:
            verdict.blame("twice", f"{word_id} is in the log {times} times")


def _said_by(dialogs: list[Dialog], role: Role) -> Iterator[str]:
    for dialog in dialogs:
        for entry in dialog.entries:
            if isinstance(entry.body, Said) and entry.body.role is role:
                yield entry.body.message.id


# --- it has come to rest ----------------------------------------------------------------------------------------------


def judge_state(verdict: Verdict, dialog: Dialog) -> None:
    """Nothing waits for ever: everybody is back with the bot, or done."""
    conversation = dialog.conversation
    numbers = [entry.number for entry in dialog.entries]
    if numbers != list(range(1, conversation.head + 1)):
        verdict.blame("damaged", f"{conversation.id}: the log has gaps")
    pending = [each.effect.action.type for each in dialog.effects if each.state == "pending"]
    if pending or conversation.turns or conversation.cues or conversation.handoff:
        handoff = conversation.handoff and conversation.handoff.stage
        verdict.blame("stuck", f"{conversation.id}: {pending} {conversation.turns} {conversation.cues} {handoff}")
    verdict.figures["given up"] += sum(each.state == "failed" for each in dialog.effects)
    for entry in dialog.entries:
        verdict.figures[f"floor {entry.floor}"] += 1
    verdict.figures["handoffs"] += sum(entry.body.type == "transferred" for entry in dialog.entries)


# --- what was committed reached the outside, in order, and not twice --------------------------------------------------


def judge_calls(verdict: Verdict, dialog: Dialog, calls: list[Call], ledger: Ledger) -> None:
    """Each effect that counts as done was seen outside, in the order of its lane."""
    effects = {each.effect.number: each for each in dialog.effects}
    seen = defaultdict[int, list[Call]](list)
    newest = Counter[str]()
    for call in calls:
        number = int(call.key.split(".")[1])
        if number not in effects or not _is_about(call, effects[number], dialog):
            verdict.blame("lost", f"{call.side} got {call.what} {call.key}, of which the store knows nothing")
            continue
        if number < newest[call.side] and not seen[number] and effects[number].state == "done":
            verdict.blame("reordered", f"{call.side} got {call.key} after {newest[call.side]}")
        newest[call.side] = max(newest[call.side], number)
        seen[number].append(call)
    for number, record in effects.items():
        if record.state == "done" and not seen[number]:
            verdict.blame("lost", f"{record.effect.target} never got {dialog.conversation.id}.{number}")
    _judge_repetitions(verdict, dialog, seen, ledger)


def _is_about(call: Call, record: EffectRecord, dialog: Dialog) -> bool:
    """Tell whether what was called is what the store says, word for word."""
    if record.effect.target != call.side:
        return False
    if not call.text:
        return True
    entry = dialog.entries[call.number - 1] if call.number <= len(dialog.entries) else None
    return entry is not None and isinstance(entry.body, Said) and entry.body.message.text == call.text


def _judge_repetitions(verdict: Verdict, dialog: Dialog, seen: dict[int, list[Call]], ledger: Ledger) -> None:
    """Whoever honours keys sees nothing twice; the others at most once per crash and per answer that got lost."""
    again = Counter[str]()
    for calls in seen.values():
        side = calls[0].side if calls else ""
        if side in HONEST:
            verdict.figures["repeated with its key"] += len(calls) - 1
            again[side] += len({call.key for call in calls}) - 1
        elif side:
            again[side] += len(calls) - 1
    for side, times in again.items():
        if side in HONEST and times:
            verdict.blame("duplicate", f"{side} got something of {dialog.conversation.id} twice under different keys")
            continue
        verdict.figures["repeated without keys"] += times
        allowed = ledger.crashes + ledger.broken + len(ledger.unanswered[side, dialog.conversation.id])
        if times > allowed:
            verdict.blame("duplicate", f"{side}: {times} repetitions in {dialog.conversation.id}, {allowed} explained")
    answers = Counter(
        entry.body.message.text
        for entry in dialog.entries
        if isinstance(entry.body, Said) and entry.body.role is Role.BOT and " said " in entry.body.message.text
    )
    for text, times in answers.items():
        if times > 1:
            verdict.blame("duplicate", f"the bot's answer {text!r} counted {times} times")


# --- everybody who had to hear it did ---------------------------------------------------------------------------------


def judge_hearing(verdict: Verdict, dialog: Dialog, calls: list[Call]) -> None:
    """A client's word reached the bot or an agent, as the floor demanded; each agent heard it once."""
    states = {each.effect.number: each.state for each in dialog.effects}
    bot = {
        each.effect.action.number
        for each in dialog.effects
        if isinstance(each.effect.action, AskBot) and each.state == "done"
    }
    excused = _excused(dialog)
    agents = _heard_by_agents(verdict, dialog, calls, states)
    ends = [entry.number for entry in dialog.entries if isinstance(entry.body, Closed)]
    for entry in dialog.entries:
        if not isinstance(entry.body, Said) or entry.body.role is not Role.CLIENT:
            continue
        heard = agents if entry.floor is Floor.AGENT else agents | bot
        left = entry.floor is Floor.AGENT and entry.number in bot and _agent_left_after(dialog, entry.number)
        if entry.number not in heard | excused and not left and not (ends and ends[-1] > entry.number):
            verdict.blame("unheard", f"{dialog.conversation.id}: nobody heard entry {entry.number} ({entry.floor})")


def _excused(dialog: Dialog) -> set[int]:
    """Words whose author was told that they failed."""
    failed = {entry.body.number for entry in dialog.entries if isinstance(entry.body, BotFailed)}
    for entry in dialog.entries:
        if isinstance(entry.body, Delivery) and entry.body.state is DeliveryState.FAILED:
            failed.add(entry.body.number)
    return failed


def _agent_left_after(dialog: Dialog, number: int) -> bool:
    return any(entry.number > number and entry.body.type in {"left", "declined", "moved"} for entry in dialog.entries)


def _heard_by_agents(verdict: Verdict, dialog: Dialog, calls: list[Call], states: dict[int, str]) -> set[int]:
    sessions = defaultdict[tuple[str, str], Counter[int]](Counter)
    counted = set[str]()
    for call in calls:
        if call.key in counted or call.what not in {"open_platform", "send_platform"}:
            continue
        counted.add(call.key)
        if call.what == "send_platform":
            sessions[call.side, call.session][call.number] += 1
        elif states.get(int(call.key.split(".")[1])) != "refused":
            sessions[call.side, call.session].update(call.history)
    for (side, session), numbers in sessions.items():
        for number, times in numbers.items():
            if times > 1:
                verdict.blame("duplicate", f"{side} has entry {number} of {session} {times} times")
    return {number for numbers in sessions.values() for number in numbers}


# --- one speaker ------------------------------------------------------------------------------------------------------


def judge_speakers(verdict: Verdict, dialog: Dialog, calls: list[Call], ledger: Ledger) -> None:
    """What the bot said before an agent came is not sent once the agent's coming was confirmed."""
    for entry in dialog.entries:
        if isinstance(entry.body, Said) and entry.body.role is Role.BOT and entry.floor is not Floor.BOT:
            verdict.blame(
                "two speakers", f"{dialog.conversation.id}: the bot has {entry.number}, {entry.floor} the floor"
            )
    bots = {entry.number for entry in dialog.entries if isinstance(entry.body, Said) and entry.body.role is Role.BOT}
    sent = [(call.number, call.begun) for call in calls if call.what == "send_channel" and call.number in bots]
    for entry in dialog.entries:
        if not isinstance(entry.body, Joined) or entry.body.agent.id not in ledger.joins:
            continue
        came = ledger.joins[entry.body.agent.id]
        for number, begun in sent:
            if number < entry.number and begun > came:
                verdict.blame("two speakers", f"{dialog.conversation.id}: entry {number} was sent after {entry.number}")
