from __future__ import annotations

import re

from prometheus_client import Counter, Gauge, Histogram

from gateway.counted import Counted
from gateway.metrics import COMBINATIONS, Labelled, Metrics


def declared(metrics):
    """The gateway's own metrics, without the process's."""
    return [metric for metric in metrics.registry.collect() if metric.name.startswith("gateway_")]


def test_two_gateways_in_one_process_do_not_meet():
    one, two = Metrics(), Metrics()

    one.received("shop").inc()

    assert one.registry.get_sample_value("gateway_messages_received_total", {"instance": "shop"}) == 1
    assert two.registry.get_sample_value("gateway_messages_received_total", {"instance": "shop"}) is None


def test_everything_the_operations_guide_promises_is_there():
    names = {metric.name.removeprefix("gateway_") for metric in declared(Metrics())}

    assert names >= {
        "messages_received",
        "messages_sent",
        "step_seconds",
        "delivery_seconds",
        "floor_changes",
        "handoff_accept_seconds",
        "handoff_wait_seconds",
        "handoffs",
        "queue_length",
        "retries",
        "dead_letters",
        "stale_output_refused",
        "duplicates_suppressed",
        "input_refused",
        "sockets_open",
        "lanes_active",
        "effects_pending",
        "store_commit_seconds",
        "store_batch_steps",
        "instance_up",
        "watcher_errors",
        "listener_lag",
        "build_info",
    }


def test_every_metric_says_what_it_is_and_has_few_labels():
    for metric in declared(Metrics()):
        assert metric.documentation.endswith("."), metric.name
    labels = {
        name for each in vars(Metrics()).values() if isinstance(each, Labelled) for name in each._metric._labelnames
    }

    assert labels <= {
        "instance",
        "status",
        "route",
        "floor",
        "platform",
        "outcome",
        "result",
        "kind",
        "version",
        "python",
    }


def test_every_attribute_is_a_metric_of_its_own():
    metrics = Metrics()
    attributes = [each for name, each in vars(metrics).items() if name not in {"registry", "plugins"}]

    assert all(isinstance(each, Labelled | Counter | Gauge | Histogram) for each in attributes)
    assert len(declared(metrics)) == len(attributes)


def test_a_child_is_made_once():
    metrics = Metrics()

    assert metrics.delivery("shop", "ok") is metrics.delivery("shop", "ok")
    assert metrics.delivery("shop", "ok") is not metrics.delivery("shop", "refused")


def test_a_gauge_can_be_asked_instead_of_set():
    metrics = Metrics()
    lanes = [1, 2, 3]

    metrics.follow(metrics.lanes, lambda: len(lanes))
    lanes.pop()

    assert metrics.registry.get_sample_value("gateway_lanes_active") == 2


def test_a_plugin_has_counters_of_its_own():
    metrics = Metrics()
    tokens = Counted(name="tokens", meaning="Tokens used.", labels=("model",))

    metrics.plugins.count("my-bot", "faq", tokens, 2, ("small",))
    metrics.plugins.count("my-bot", "faq", tokens, 3, ("small",))
    metrics.plugins.count("my-bot", "other", tokens, 1, ("small",))

    value = metrics.registry.get_sample_value
    assert value("gateway_my_bot_tokens_total", {"instance": "faq", "model": "small"}) == 5
    assert value("gateway_my_bot_tokens_total", {"instance": "other", "model": "small"}) == 1


def test_a_plugin_cannot_make_labels_without_end():
    metrics = Metrics()
    words = Counted(name="words", meaning="Words.", labels=("word",))

    for number in range(COMBINATIONS + 20):
        metrics.plugins.count("bot", "faq", words, 1, (str(number),))

    (counter,) = [metric for metric in declared(metrics) if metric.name == "gateway_bot_words"]
    assert len([sample for sample in counter.samples if sample.name.endswith("_total")]) == COMBINATIONS + 1
    assert metrics.registry.get_sample_value("gateway_bot_words_total", {"instance": "faq", "word": "other"}) == 20


def test_the_page_speaks_the_format_asked_for():
    metrics = Metrics(version="1.2.3")

    text, kind = metrics.render()
    assert kind.startswith("text/plain")
    assert re.search(rb'gateway_build_info\{python="3[.\d]+",version="1\.2\.3"\} 1\.0', text)
    assert b"process_cpu_seconds_total" in text
    openmetrics, kind = metrics.render("application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text")
    assert openmetrics.endswith(b"# EOF\n")
