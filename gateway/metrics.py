"""Every number the gateway counts, declared once, each with its meaning and bounded labels.

A `Metrics` has a registry of its own: two gateways in one process (tests) do not disturb each other. Label values are
instance names from the config and words from the code, never anything a client sends. Children are kept, because
looking one up by labels costs more than counting.
"""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Generic, TypeVar

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

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.counted import Counted

MetricT = TypeVar("MetricT", Counter, Gauge, Histogram)

FAST_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
"""Buckets for what happens inside the gateway."""
CALL_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""Buckets for calls to others."""
HUMAN_SECONDS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600)
"""Buckets for people."""
BATCH_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


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


COMBINATIONS = 100
"""How many combinations of labels one instance may make of one counter of its plugin's own."""


class Plugins:
    """The counters that plugins declare themselves: an instance cannot make more of them than is good for us."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """`registry`: where they are shown."""
        self._registry = registry
        self._counters: dict[str, Labelled[Counter]] = {}
        self._made: dict[tuple[str, str], set[tuple[str, ...]]] = {}

    def count(self, kind: str, instance: str, counter: Counted, amount: float, labels: tuple[str, ...]) -> None:
        """Add to a counter, declared at its first use."""
        name = f"gateway_{kind.replace('-', '_')}_{counter.name}"
        metric = self._counters.get(name)
        if metric is None:
            declared = Counter(name, counter.meaning, ("instance", *counter.labels), registry=self._registry)
            metric = self._counters[name] = Labelled(declared)
        made = self._made.setdefault((name, instance), set())
        if labels not in made and len(made) >= COMBINATIONS:
            labels = ("other",) * len(labels)
        made.add(labels)
        metric(instance, *labels).inc(amount)


class Metrics:
    """The gateway's metrics. Names and labels are a promise to dashboards: add, do not rename."""

    def __init__(self, *, version: str = "") -> None:
        """`version` is the gateway's own, for `gateway_build_info`."""
        self.registry = CollectorRegistry(auto_describe=True)
        self.plugins = Plugins(self.registry)
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

    def follow(self, gauge: Gauge, read: Callable[[], float]) -> None:
        """Let a gauge ask `read` whenever `/metrics` is read, instead of being set."""
        gauge.set_function(read)

    def _declare_traffic(self) -> None:
        self.received = self._counter(
            "messages_received", "Messages taken in, by the instance they came from.", "instance"
        )
        self.sent = self._counter("messages_sent", "Messages handed to another side, by instance.", "instance")
        self.duplicates = self._counter(
            "duplicates_suppressed", "Events that had been seen before and did nothing, by instance.", "instance"
        )
        self.refused = self._counter(
            "input_refused", "Requests, frames and uploads refused, by instance and status.", "instance", "status"
        )
        self.ignored = self._counter(
            "input_ignored", "Things that came in and mean nothing to the plugin, by instance.", "instance"
        )
        self.sockets = self._gauge("sockets_open", "Open WebSockets and event streams, by instance.", "instance")

    def _declare_floor(self) -> None:
        self.floor_changes = self._counter(
            "floor_changes", "How often the floor went to whom, by route.", "route", "floor"
        )
        self.handoffs = self._counter(
            "handoffs", "Handoffs that ended, by platform and outcome.", "platform", "outcome"
        )
        self.handoff_accept = self._histogram(
            "handoff_accept_seconds", "From the transfer to a platform's yes.", CALL_SECONDS, "platform"
        )
        self.handoff_wait = self._histogram(
            "handoff_wait_seconds", "From the transfer to the agent's arrival.", HUMAN_SECONDS, "platform"
        )
        self.queue = self._gauge("queue_length", "Dialogs that wait for an agent, by platform.", "platform")

    def _declare_delivery(self) -> None:
        self.delivery = self._histogram(
            "delivery_seconds", "One call to another side, by instance and result.", CALL_SECONDS, "instance", "result"
        )
        self.retries = self._counter("retries", "Calls put off to be tried again, by instance.", "instance")
        self.dead_letters = self._counter("dead_letters", "Effects given up, by instance.", "instance")
        self.stale = self._counter(
            "stale_output_refused", "Outputs not sent because their speaker had lost the floor.", "instance"
        )
        self.listener_lag = self._gauge(
            "listener_lag", "Committed steps a durable listener has still to be told of, by instance.", "instance"
        )
        self.lanes = self._gauge("lanes_active", "Lanes with something in hand or waiting.")()
        self.effects = self._gauge("effects_pending", "Effects waiting to be carried out.")()
        self.overloaded = self._gauge("overloaded", "1 while clients' new messages are put off with 503.")()

    def _declare_machine(self) -> None:
        self.step = self._histogram("step_seconds", "From an event to its commit.", FAST_SECONDS)()
        self.commit = self._histogram("store_commit_seconds", "One transaction of the store.", FAST_SECONDS)()
        self.store_delay = self._gauge("store_delay_seconds", "How long the oldest write waits for the store.")()
        self.loop_delay = self._gauge("loop_delay_seconds", "How late the event loop is, on average.")()
        self.batch = self._histogram("store_batch_steps", "Steps that shared one transaction.", BATCH_STEPS)()
        self.instance_up = self._gauge("instance_up", "1 if an instance is started and healthy.", "instance", "kind")
        self.watcher_errors = self._counter(
            "watcher_errors", "Exceptions in what listens to commits, by instance.", "instance"
        )
        self._build_info = self._gauge("build_info", "Always 1; the labels tell what runs.", "version", "python")

    def _counter(self, name: str, meaning: str, *labels: str) -> Labelled[Counter]:
        return Labelled(Counter(f"gateway_{name}", meaning, labels, registry=self.registry))

    def _gauge(self, name: str, meaning: str, *labels: str) -> Labelled[Gauge]:
        return Labelled(Gauge(f"gateway_{name}", meaning, labels, registry=self.registry))

    def _histogram(self, name: str, meaning: str, buckets: tuple[float, ...], *labels: str) -> Labelled[Histogram]:
        return Labelled(Histogram(f"gateway_{name}", meaning, labels, buckets=buckets, registry=self.registry))
