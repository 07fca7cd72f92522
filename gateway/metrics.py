"""Every number the gateway counts, declared once, each with its meaning and bounded labels.

A `Metrics` has a registry of its own: two gateways in one process (tests) do not disturb each other. Label values are
instance names from the config and words from the code, never anything a client sends. Children are kept, because
looking one up by labels costs more than counting.
"""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import choose_encoder

from gateway.conversation import Stage
from gateway.entries import Closed, Declined, Left, Said
from gateway.events import SendToClient
from gateway.model import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.conversation import Conversation, Handoff
    from gateway.entries import Entry
    from gateway.events import Effect

MetricT = TypeVar("MetricT", Counter, Gauge, Histogram)

FAST_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
"""Buckets for what happens inside the gateway."""
CALL_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""Buckets for calls to others."""
HUMAN_SECONDS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600)
"""Buckets for people."""
OK = "ok"
"""The result of a call that worked."""
BATCH_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


class Committed(Protocol):
    """What is read of a committed step."""

    @property
    def conversation(self) -> Conversation:
        """The new state."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The new entries."""

    @property
    def effects(self) -> tuple[Effect, ...]:
        """The new effects."""


class Labelled(Generic[MetricT]):
    """A metric with labels: `labelled("shop", "ok")` is the child with these values, in the order declared."""

    def __init__(self, metric: MetricT) -> None:
        self._metric: MetricT = metric
        self._children: dict[tuple[str, ...], MetricT] = {}

    def __call__(self, *values: str) -> MetricT:
        """Return the child, made once."""
        child = self._children.get(values)
        if child is None:
            child = self._children[values] = self._metric.labels(*values) if values else self._metric
        return child


class Metrics:
    """The gateway's metrics. Names and labels are a promise to dashboards: add, do not rename."""

    def __init__(self, *, version: str = "") -> None:
        """`version` is the gateway's own, for `gateway_build_info`."""
        self.registry = CollectorRegistry(auto_describe=True)
        self._declare_traffic()
        self._declare_floor()
        self._declare_delivery()
        self._declare_machine()
        self._build_info(version, platform.python_version()).set(1)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """Return what `/metrics` answers, and its content type, for a request with this `Accept` header."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type

    # --- what happened -------------------------------------------------------------------------------------------

    def step(self, event: str, seconds: float) -> None:
        """An event (its class name) was decided and committed."""
        self._step(event).observe(seconds)

    def observe(self, before: Conversation, step: Committed) -> None:
        """Count what a committed step tells: messages, floor, handoffs, queues."""
        after = step.conversation
        if step.entries:
            self._count_entries(before, step)
        if before.floor is not after.floor:
            self._floor_changes(after.route, after.floor.value).inc()
        if before.handoff is not after.handoff:
            self._follow_handoff(before.handoff, after.handoff, after.active_at)

    def duplicate(self, instance: str) -> None:
        """An event came again and did nothing."""
        self._duplicates(instance).inc()

    def refused(self, instance: str, status: int) -> None:
        """A request, frame or upload was refused with this HTTP status."""
        self._refused(instance, str(status)).inc()

    def stale_output(self, instance: str) -> None:
        """An output was not sent, because its speaker had lost the floor."""
        self._stale(instance).inc()

    def delivery(self, instance: str, action: str, result: str, seconds: float) -> None:
        """A call for an effect ended: `ok`, or a word for the failure."""
        self._delivery(instance, action, result).observe(seconds)
        if result == OK and action in {"send_to_client", "send_to_agent"}:
            self._sent(instance).inc()

    def retry(self, instance: str) -> None:
        """A call was put off to be tried again."""
        self._retries(instance).inc()

    def dead_letter(self, instance: str) -> None:
        """An effect was given up."""
        self._dead_letters(instance).inc()

    def commit(self, seconds: float, steps: int) -> None:
        """The store wrote one transaction. May be called from the store's thread."""
        self._commit.observe(seconds)
        self._batch.observe(steps)

    def watcher_error(self, instance: str) -> None:
        """Something that listens to commits raised."""
        self._watcher_errors(instance).inc()

    # --- how it is -----------------------------------------------------------------------------------------------

    def socket_opened(self, instance: str) -> None:
        """A WebSocket or event stream was opened."""
        self._sockets(instance).inc()

    def socket_closed(self, instance: str) -> None:
        """It is closed."""
        self._sockets(instance).dec()

    def instance_up(self, instance: str, kind: str, *, up: bool) -> None:
        """An instance became able, or unable, to work."""
        self._instance_up(instance, kind).set(up)

    def queue_is(self, platform_name: str, length: int) -> None:
        """Set a queue's length as found in the store at start; `observe` follows it from there."""
        self._queue(platform_name).set(length)

    def follow(self, *, lanes: Callable[[], float], effects: Callable[[], float]) -> None:
        """Ask these for lanes at work and effects waiting whenever `/metrics` is read."""
        self._lanes.set_function(lanes)
        self._effects.set_function(effects)

    # --- inside --------------------------------------------------------------------------------------------------

    def _count_entries(self, before: Conversation, step: Committed) -> None:
        sent_later = {effect.action.number for effect in step.effects if isinstance(effect.action, SendToClient)}
        for entry in step.entries:
            match entry.body:
                case Said(role=role, source=source):
                    self._received(source).inc()
                    if role is not Role.CLIENT and entry.number not in sent_later:
                        self._sent(step.conversation.channel).inc()  # the channel shows the log itself
                case Declined(platform=name, outcome=outcome) | Left(platform=name, outcome=outcome):
                    self._handoffs(name, outcome.value).inc()
                case Closed() if before.handoff is not None:
                    self._handoffs(before.handoff.platform, "conversation_closed").inc()

    def _follow_handoff(self, before: Handoff | None, after: Handoff | None, now: float) -> None:
        if before is not None and before.stage is Stage.QUEUED:
            self._queue(before.platform).dec()
        if after is None:
            return
        if after.stage is Stage.QUEUED:
            self._queue(after.platform).inc()
        earlier = before.stage if before is not None and before.session == after.session else Stage.OPENING
        if earlier is Stage.OPENING and after.stage is not Stage.OPENING:
            self._handoff_accept(after.platform).observe(max(0.0, now - after.since))
        if earlier is not Stage.JOINED and after.stage is Stage.JOINED:
            joined_at = now if after.joined_at is None else after.joined_at
            self._handoff_wait(after.platform).observe(max(0.0, joined_at - after.since))

    def _declare_traffic(self) -> None:
        self._received = self._counter(
            "messages_received", "Messages taken in, by the instance they came from.", "instance"
        )
        self._sent = self._counter(
            "messages_sent", "Messages shown or handed to another side, by instance.", "instance"
        )
        self._duplicates = self._counter(
            "duplicates_suppressed", "Events that had been seen before and did nothing, by instance.", "instance"
        )
        self._refused = self._counter(
            "input_refused", "Requests, frames and uploads refused, by instance and status.", "instance", "status"
        )
        self._sockets = self._gauge("sockets_open", "Open WebSockets and event streams, by instance.", "instance")

    def _declare_floor(self) -> None:
        self._floor_changes = self._counter(
            "floor_changes", "How often the floor went to whom, by route.", "route", "floor"
        )
        self._handoffs = self._counter(
            "handoffs", "Handoffs that ended, by platform and outcome.", "platform", "outcome"
        )
        self._handoff_accept = self._histogram(
            "handoff_accept_seconds", "From the transfer to a platform's yes.", CALL_SECONDS, "platform"
        )
        self._handoff_wait = self._histogram(
            "handoff_wait_seconds", "From the transfer to the agent's arrival.", HUMAN_SECONDS, "platform"
        )
        self._queue = self._gauge("queue_length", "Dialogs that wait for an agent, by platform.", "platform")

    def _declare_delivery(self) -> None:
        self._delivery = self._histogram(
            "delivery_seconds", "One call to another side.", CALL_SECONDS, "instance", "action", "result"
        )
        self._retries = self._counter("retries", "Calls put off to be tried again, by instance.", "instance")
        self._dead_letters = self._counter("dead_letters", "Effects given up, by instance.", "instance")
        self._stale = self._counter(
            "stale_output_refused", "Outputs not sent because their speaker had lost the floor.", "instance"
        )
        self._lanes = self._gauge("lanes_active", "Lanes with something in hand or waiting.")()
        self._effects = self._gauge("effects_pending", "Effects waiting to be carried out.")()

    def _declare_machine(self) -> None:
        self._step = self._histogram("step_seconds", "From an event to its commit, by event.", FAST_SECONDS, "event")
        self._commit = self._histogram("store_commit_seconds", "One transaction of the store.", FAST_SECONDS)()
        self._batch = self._histogram("store_batch_steps", "Steps that shared one transaction.", BATCH_STEPS)()
        self._instance_up = self._gauge("instance_up", "1 if an instance can work.", "instance", "kind")
        self._watcher_errors = self._counter(
            "watcher_errors", "Exceptions in what listens to commits, by instance.", "instance"
        )
        self._build_info = self._gauge("build_info", "Always 1; the labels tell what runs.", "version", "python")

    def _counter(self, name: str, meaning: str, *labels: str) -> Labelled[Counter]:
        return Labelled(Counter(f"gateway_{name}", meaning, labels, registry=self.registry))

    def _gauge(self, name: str, meaning: str, *labels: str) -> Labelled[Gauge]:
        return Labelled(Gauge(f"gateway_{name}", meaning, labels, registry=self.registry))

    def _histogram(self, name: str, meaning: str, buckets: tuple[float, ...], *labels: str) -> Labelled[Histogram]:
        return Labelled(Histogram(f"gateway_{name}", meaning, labels, buckets=buckets, registry=self.registry))
