"""All SQL that is run per message, and how rows become values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from gateway.conversation import Conversation
from gateway.entries import Entry, Said
from gateway.events import Action, Effect, Timer
from gateway.store.contract import EffectRecord, PendingLane, Stretch
from gateway.wire import adapter, from_bytes, to_bytes

if TYPE_CHECKING:
    from gateway.store.contract import Finished

Row = tuple[Any, ...]

# --- writing -------------------------------------------------------------------------------------------------------

VERSIONS = "SELECT id, version FROM conversation WHERE id IN (SELECT value FROM json_each(?))"

SEEN = """
SELECT dedup.instance, dedup.key FROM json_each(?) AS asked
JOIN dedup ON dedup.instance = json_extract(asked.value, '$[0]') AND dedup.key = json_extract(asked.value, '$[1]')
"""

PUT_CONVERSATION = """
INSERT INTO conversation (id, version, channel, client, floor, platform, active_at, data)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET version = excluded.version, channel = excluded.channel, client = excluded.client,
    floor = excluded.floor, platform = excluded.platform, active_at = excluded.active_at, data = excluded.data
"""

ADD_ENTRY = "INSERT INTO entry (conversation, number, said, data) VALUES (?, ?, ?, ?)"

ADD_STRETCH = "INSERT INTO journal (conversation, first, last) VALUES (?, ?, ?)"

ADD_EFFECT = """
INSERT INTO effect (conversation, number, target, epoch, made_at, action, state, attempts, due_at, error, delayed)
VALUES (?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?)
"""

CHANGE_EFFECT = """
UPDATE effect SET action = coalesce(?, action), state = ?, attempts = ?, due_at = ?, error = ?, delayed = ?,
    ended_at = ?, failures = failures || ?
WHERE conversation = ? AND number = ? AND (? OR state = 'pending')
"""

CANCEL_LANE = """
UPDATE effect SET state = 'dropped', ended_at = ?
WHERE conversation = ? AND target = ? AND number >= ? AND number < ? AND state = 'pending'
"""

PUT_TIMER = "INSERT OR REPLACE INTO timer (conversation, name, due_at, epoch) VALUES (?, ?, ?, ?)"
DROP_TIMER = "DELETE FROM timer WHERE conversation = ? AND name = ?"
ADD_DEDUP = "INSERT INTO dedup (instance, key, at) VALUES (?, ?, ?)"
ADD_SESSION = "INSERT OR IGNORE INTO session (conversation, platform, session) VALUES (?, ?, ?)"
PUT_KV = "INSERT OR REPLACE INTO kv (instance, key, value) VALUES (?, ?, ?)"
DROP_KV = "DELETE FROM kv WHERE instance = ? AND key = ?"

REPLAY = """
UPDATE effect
SET state = 'pending', made_at = ?, attempts = 0, due_at = ?, error = '', delayed = 0, ended_at = NULL
WHERE conversation = ? AND number = ? AND state = 'failed'
"""
DROP_DEAD = """
UPDATE effect SET state = 'dropped', ended_at = ? WHERE conversation = ? AND number = ? AND state = 'failed'
"""

PRUNE_DEDUP = """
DELETE FROM dedup WHERE at < ? AND seq IN (SELECT seq FROM dedup ORDER BY seq LIMIT ?)
"""
PRUNE_EFFECTS = """
DELETE FROM effect WHERE (conversation, number) IN (
    SELECT conversation, number FROM effect
    WHERE conversation < ? AND ended_at < ? AND state IN ('done', 'stale', 'dropped') LIMIT ?
)
"""

# --- reading -------------------------------------------------------------------------------------------------------

LOAD = "SELECT data FROM conversation WHERE id = ?"
NEWEST = "SELECT data FROM conversation WHERE channel = ? AND client = ? ORDER BY seq DESC LIMIT 1"
BY_SESSION = """
SELECT data FROM conversation WHERE platform = ?1 AND id IN (
    SELECT conversation FROM session WHERE platform = ?1 AND session = ?2
) ORDER BY seq DESC
"""
HAD_SESSION = "SELECT 1 FROM session WHERE conversation = ? AND platform = ? LIMIT 1"
SESSIONS = "SELECT data FROM conversation WHERE platform = ?"
CONVERSATIONS = "SELECT data FROM conversation WHERE {} ORDER BY active_at DESC, seq DESC LIMIT ?"
ENTRIES_UP = "SELECT data FROM entry WHERE conversation = ? AND number > ? ORDER BY number LIMIT ?"
ENTRIES_DOWN = (
    "SELECT data FROM entry WHERE conversation = ? AND number > ? AND number < ? ORDER BY number DESC LIMIT ?"
)
SAID = """
SELECT data FROM entry WHERE conversation = ? AND number <= ? AND said IS NOT NULL ORDER BY number DESC LIMIT ?
"""
JOURNAL = "SELECT position, conversation, first, last FROM journal WHERE position > ? ORDER BY position LIMIT ?"
JOURNAL_END = "SELECT coalesce(max(position), 0) FROM journal"
FIND_MESSAGE = "SELECT conversation, number FROM entry WHERE said = ? ORDER BY conversation, number"

_EFFECT = "conversation, number, target, epoch, made_at, action, attempts, due_at, error, delayed"
_RECORD = f"{_EFFECT}, state, ended_at, failures"
PENDING = f"""
SELECT {_EFFECT} FROM effect
WHERE conversation = ? AND number IN (SELECT value FROM json_each(?)) AND state = 'pending' ORDER BY number
"""  # noqa: S608
PENDING_LANES = """
SELECT conversation, target, due_at, min(number), group_concat(number) FROM effect
WHERE state = 'pending' GROUP BY conversation, target ORDER BY conversation, target
"""
"""Of the columns that are not grouped SQLite takes those of the row with the least number."""
EFFECT = f"SELECT {_EFFECT} FROM effect WHERE conversation = ? AND number = ?"  # noqa: S608
EFFECTS = f"SELECT {_RECORD} FROM effect WHERE conversation = ? ORDER BY number"  # noqa: S608
DEAD_LETTERS = f"""
SELECT {_RECORD} FROM effect WHERE state = 'failed' AND {{}} ORDER BY ended_at, conversation, number LIMIT ?
"""  # noqa: S608
TIMERS = "SELECT conversation, name, due_at, epoch FROM timer ORDER BY conversation, name"
KV_GET = "SELECT value FROM kv WHERE instance = ? AND key = ?"
KV_FROM = "SELECT key, value FROM kv WHERE instance = ? AND key >= ? ORDER BY key"

# --- values to rows ------------------------------------------------------------------------------------------------


def conversation_row(value: Conversation) -> Row:
    """Return the parameters of PUT_CONVERSATION."""
    platform = value.handoff.platform if value.handoff is not None else None
    return (
        value.id,
        value.version,
        value.channel,
        value.client.id,
        value.floor.value,
        platform,
        value.active_at,
        to_bytes(value),
    )


def entry_row(conversation_id: str, entry: Entry) -> Row:
    """Return the parameters of ADD_ENTRY."""
    said = entry.body.message.id if isinstance(entry.body, Said) else None
    return (conversation_id, entry.number, said, to_bytes(entry))


def effect_row(effect: Effect) -> Row:
    """Return the parameters of ADD_EFFECT."""
    return (
        effect.conversation,
        effect.number,
        effect.target,
        effect.epoch,
        effect.made_at,
        to_bytes(effect.action),
        effect.attempts,
        effect.due_at,
        effect.error,
        effect.delayed,
    )


def finished_row(finished: Finished) -> Row:
    """Return the parameters of CHANGE_EFFECT that end an effect."""
    effect = finished.effect
    error = finished.error or effect.error
    failure = failure_line(finished.at, error) if finished.state == "failed" else ""
    return (
        to_bytes(effect.action) if effect.has_arrived else None,
        *_changed(finished.state, effect, error),
        finished.at,
        failure,
        effect.conversation,
        effect.number,
        True,
    )


def rescheduled_row(effect: Effect, at: float) -> Row:
    """Return the parameters of CHANGE_EFFECT that note a failed attempt of an effect still pending."""
    changed = _changed("pending", effect, effect.error)
    return (
        to_bytes(effect.action),
        *changed,
        None,
        failure_line(at, effect.error),
        effect.conversation,
        effect.number,
        False,
    )


def failure_line(at: float, reason: str) -> str:
    """Return one line of the column `failures`."""
    return orjson.dumps([at, reason]).decode() + "\n"


def _changed(state: str, effect: Effect, error: str) -> Row:
    return (state, effect.attempts, effect.due_at, error, effect.delayed)


# --- rows to values ------------------------------------------------------------------------------------------------


def conversation_of(row: Row) -> Conversation:
    """Read a row of LOAD and its like."""
    return from_bytes(Conversation, row[0])


def entry_of(row: Row) -> Entry:
    """Read a row of ENTRIES_UP and its like."""
    return from_bytes(Entry, row[0])


def effect_of(row: Row) -> Effect:
    """Read a row that begins with an effect's columns."""
    return Effect(
        conversation=row[0],
        number=row[1],
        target=row[2],
        epoch=row[3],
        made_at=row[4],
        action=adapter(Action).validate_json(row[5]),  # type: ignore[arg-type] # an annotated union is a type to pydantic
        attempts=row[6],
        due_at=row[7],
        error=row[8],
        delayed=bool(row[9]),
    )


def lane_of(row: Row) -> PendingLane:
    """Read a row of PENDING_LANES."""
    numbers = tuple(sorted(map(int, row[4].split(","))))
    return PendingLane(conversation=row[0], target=row[1], due_at=row[2], numbers=numbers)


def record_of(row: Row) -> EffectRecord:
    """Read a row of EFFECTS and DEAD_LETTERS."""
    state, ended_at, failures = row[10:13]
    lines = [orjson.loads(line) for line in failures.split("\n") if line]
    return EffectRecord(
        effect=effect_of(row), state=state, ended_at=ended_at, failures=tuple((at, reason) for at, reason in lines)
    )


def stretch_of(row: Row) -> Stretch:
    """Read a row of JOURNAL."""
    return Stretch(position=row[0], conversation=row[1], first=row[2], last=row[3])


def timer_of(row: Row) -> Timer:
    """Read a row of TIMERS."""
    return Timer(conversation=row[0], name=row[1], due_at=row[2], epoch=row[3])
