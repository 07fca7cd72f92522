"""Small steps to feed a store with. Times are unix seconds that count up from 1000."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gateway.conversation import Conversation, Floor, Handoff
from gateway.entries import Closed, Entry, Said
from gateway.events import AskBot, Effect, SendToClient, Timer
from gateway.model import Message, Peer, Role, Text, Transfer
from gateway.store.contract import DedupKey, Finished, Step

if TYPE_CHECKING:
    from gateway.store.contract import EffectRecord, Store

ANN = Peer(id="ann", name="Ann")


def conversation(key: str = "c1", version: int = 1, **changes: Any) -> Conversation:
    facts = {"channel": "site", "route": "support", "client": ANN, "active_at": 1000.0 + version, **changes}
    return Conversation(id=key, version=version, **facts)


def said(number: int, text: str = "hello", *, message_id: str = "", role: Role = Role.CLIENT) -> Entry:
    message = Message(contents=(Text(text=text),), id=message_id)
    return entry(number, Said(role=role, author=ANN, message=message, source="site"))


def closed(number: int) -> Entry:
    return entry(number, Closed(by=Role.CLIENT))


def entry(number: int, body: Any) -> Entry:
    return Entry(number=number, at=1000.25 + number, floor=Floor.BOT, epoch=1, body=body)


def ask(number: int, *, key: str = "c1", target: str = "bot") -> Effect:
    return Effect(conversation=key, number=number, target=target, epoch=1, action=AskBot(number=number), made_at=1000.5)


def send(number: int, *, key: str = "c1", target: str = "site") -> Effect:
    return replace(ask(number, key=key, target=target), action=SendToClient(number=number))


def timer(name: str, due_at: float = 2000.0, *, key: str = "c1") -> Timer:
    return Timer(conversation=key, name=name, due_at=due_at, epoch=1)


def handoff(platform: str = "desk", session: str = "s1", remote: str = "", since: float = 1000.0) -> Handoff:
    return Handoff(transfer=Transfer(), chain=(), platform=platform, session=session, remote=remote, since=since)


def dedup(key: str, instance: str = "site") -> DedupKey:
    return DedupKey(instance=instance, key=key)


def failed(effect: Effect, *, at: float = 1500.0, error: str = "gone") -> Finished:
    return Finished(effect=effect, state="failed", at=at, error=error)


def done(effect: Effect, *, at: float = 1500.0) -> Finished:
    return Finished(effect=effect, state="done", at=at)


def step(key: str = "c1", version: int = 1, **changes: Any) -> Step:
    of_step = {name: changes.pop(name) for name in tuple(changes) if name in Step.__dataclass_fields__}
    return Step(conversation=conversation(key, version, **changes), at=1000.0 + version, **of_step)


def fates(records: Any) -> dict[int, str]:
    return {record.effect.number: record.state for record in records}


async def record_of(store: Store, number: int, key: str = "c1") -> EffectRecord:
    return next(record for record in await store.effects(key) if record.effect.number == number)


async def settled(store: Store) -> None:
    """Whatever rides along with the next write is written once this returns."""
    await store.kv_put("tests", "settled", None)


async def pending(store: Store) -> list[Effect]:
    """Return all pending effects, found as a start finds them."""
    found: list[Effect] = []
    for lane in await store.pending_lanes():
        found += await store.pending_effects(lane.conversation, lane.numbers)
    return sorted(found, key=lambda each: (each.conversation, each.number))
