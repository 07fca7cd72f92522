"""What a committed step means in numbers and log lines: read off the entries, so that no rule has to count anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gateway import log as logs
from gateway.conversation import Conversation, Floor, Stage
from gateway.entries import Declined, Entry, Left, Said
from gateway.events import SendToClient
from gateway.model import Role

if TYPE_CHECKING:
    from gateway.metrics import Metrics
    from gateway.store.contract import Step

log = logs.get()


class Observer:
    """Counts and logs steps."""

    def __init__(self, metrics: Metrics) -> None:
        """`metrics`: where to count."""
        self._metrics = metrics
        self._waiting: dict[str, int] = {}

    def step(self, before: Conversation, step: Step, seconds: float) -> None:
        """Count one committed step that took `seconds` from its event on."""
        self._metrics.step.observe(seconds)
        after = step.conversation
        sent_later = {each.action.number for each in step.effects if isinstance(each.action, SendToClient)}
        for entry in step.entries:
            self._entry(entry.body)
            if _is_for_client(entry) and entry.number not in sent_later:
                self._metrics.sent(after.channel).inc()  # the channel shows the log itself
        self._handoff(before, step)
        if before.floor is not after.floor or before.version == 0:
            self._metrics.floor_changes(after.route, after.floor.value).inc()
            log.info("floor.changed", conversation=after.id, floor=after.floor.value, epoch=after.epoch)
        self._queue(before, after)

    def duplicate(self, instance: str) -> None:
        """Count an event that had been seen before."""
        self._metrics.duplicates(instance).inc()
        log.info("event.duplicate", instance=instance)

    def stale(self, instance: str, conversation: str) -> None:
        """Count an output whose speaker had lost the floor."""
        self._metrics.stale(instance).inc()
        log.info("output.stale", instance=instance, conversation=conversation)

    def recovered(self, conversations: Sequence[Conversation]) -> None:
        """Begin with the queues as they are after a restart."""
        for conversation in conversations:
            self._queue(None, conversation)

    def _entry(self, body: object) -> None:
        match body:
            case Said(source=source, role=role) if role is not Role.SYSTEM:
                self._metrics.received(source).inc()
            case Left(platform=platform, outcome=outcome) | Declined(platform=platform, outcome=outcome):
                self._metrics.handoffs(platform, outcome.value).inc()
            case _:
                pass

    def _handoff(self, before: Conversation, step: Step) -> None:
        """Measure how long the platform took to accept, and how long the client waited for an agent."""
        was, now = before.handoff, step.conversation.handoff
        if not now:
            return
        stage = was.stage if was and was.session == now.session else Stage.OPENING
        seconds = max(0.0, step.at - now.since)
        if stage is Stage.OPENING and now.stage is not Stage.OPENING:
            self._metrics.handoff_accept(now.platform).observe(seconds)
        if stage is not Stage.JOINED and now.stage is Stage.JOINED:
            self._metrics.handoff_wait(now.platform).observe(seconds)

    def _queue(self, before: Conversation | None, after: Conversation) -> None:
        left, entered = _queue_of(before), _queue_of(after)
        if left != entered:
            for platform, change in ((left, -1), (entered, 1)):
                if platform:
                    self._waiting[platform] = self._waiting.get(platform, 0) + change
                    self._metrics.queue(platform).set(self._waiting[platform])


def _is_for_client(entry: Entry) -> bool:
    return isinstance(entry.body, Said) and entry.body.role is not Role.CLIENT


def _queue_of(conversation: Conversation | None) -> str:
    """Return the platform in whose queue the conversation stands; empty: in none."""
    handoff = conversation.handoff if conversation else None
    waits = handoff and conversation and conversation.floor is Floor.WAITING and handoff.stage is Stage.QUEUED
    return handoff.platform if handoff and waits else ""
