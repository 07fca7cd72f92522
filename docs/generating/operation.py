"""The pages about running it: commands, metrics, log events."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import click
import yaml
from prometheus_client.metrics import MetricWrapperBase

from gateway.cli import gateway as command_line
from gateway.metrics import Metrics
from generating.markdown import table

ROOT = Path(__file__).resolve().parents[2]
EVENTS = ROOT / "docs" / "reference" / "log-events.yaml"
LEVELS = {"debug", "info", "warning", "error", "exception"}


CLI_HEAD = """# Command line

Exit code 0: done. 2: a mistake in the configuration, in the arguments or in what was asked for, one line each.
Commands that read (`conversations`, `trace`, `dead-letters list`) work beside a running gateway. Plugins can add
commands; they are not listed here.
"""


def cli_page() -> str:
    """Return the page about all commands."""
    return CLI_HEAD + "".join(_command("gateway", command_line))


def _command(path: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=path)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    yield f"\n## {path}\n\n```console\n$ {usage}\n```\n\n{inspect.cleandoc(command.help or '')}\n"
    records = [record for param in command.params if (record := param.get_help_record(context))]
    if records:
        yield "\n" + table(("option", "meaning"), [(f"`{option}`", meaning) for option, meaning in records])
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from _command(f"{path} {name}", command.commands[name])


def metrics_page() -> str:
    """Return the page about `/metrics`."""
    head = (
        "# Metrics\n\n"
        "`GET /metrics` answers in the Prometheus text or OpenMetrics format. Label values are names from the "
        "configuration and words from the code, never anything a client sends. Names and labels are a promise to "
        "dashboards: they are added to, not renamed. The usual `process_*` and `python_*` metrics come on top, and "
        "counters of plugins, named `gateway_{kind}_…_total`, which the plugin's README lists.\n"
    )
    rows = []
    for metric in declared_metrics():
        suffix = "_total" if metric.type == "counter" else ""
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        rows.append((f"`{metric.name}{suffix}`", metric.type, labels, metric.meaning))
    return head + "\n" + table(("metric", "type", "labels", "meaning"), sorted(rows)) + METRICS_TAIL


class Declared(NamedTuple):
    """What is known of a metric."""

    attribute: str
    """Its name in `Metrics`."""
    name: str
    type: str
    labels: tuple[str, ...]
    meaning: str


def declared_metrics() -> Iterator[Declared]:
    """Yield all metrics of the gateway's own."""
    for attribute, collector in vars(Metrics()).items():
        metric: Any = getattr(collector, "_metric", collector)
        if isinstance(metric, MetricWrapperBase):
            facts = [getattr(metric, f"_{fact}") for fact in ("name", "type", "labelnames", "documentation")]
            yield Declared._make([attribute, *facts])


METRICS_TAIL = """
A histogram has `_bucket`, `_sum` and `_count`; counters end in `_total`. How to scrape and what to be woken by:
[Prometheus](../how-to/prometheus.md).
"""


def log_page() -> str:
    """Return the page about the log events of the core."""
    found = dict(sorted(_log_calls()))
    meanings = yaml.safe_load(EVENTS.read_text(encoding="utf-8"))
    if missing := sorted(set(found) ^ set(meanings)):
        sys.exit(f"{EVENTS.relative_to(ROOT)} and the code name different log events: {', '.join(missing)}")
    head = (
        "# Log events\n\n"
        "Every line has `event`, `level` and `at` (UTC); what is bound where it is written comes along, above all "
        "`conversation` and `instance`. Contents of messages are never logged; secrets are taken out by the name of "
        "their key and by their value. `log.format: json` writes one JSON object per line to standard error. "
        "Plugins write events of their own, beginning with the name of the plugin.\n"
    )
    rows = [
        (f"`{event}`", level, ", ".join(f"`{key}`" for key in keys), meanings[event])
        for event, (level, keys) in found.items()
    ]
    return head + "\n" + table(("event", "level", "keys", "meaning"), rows)


def _log_calls() -> Iterator[tuple[str, tuple[str, tuple[str, ...]]]]:
    """Yield (event, (level, keys)) of every log line the core writes."""
    for file in sorted((ROOT / "gateway").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and (level := _level(node)) and node.args:
                event = _event(node.args[0])
                keys = tuple(keyword.arg for keyword in node.keywords if keyword.arg)
                if "." in event:
                    yield event, (level, keys)


def _level(call: ast.Call) -> str:
    """Return the level of a call on a logger; empty if it is none."""
    match call.func:
        case ast.Attribute(attr=attr, value=value) if attr in LEVELS and "log" in ast.unparse(value):
            return "error" if attr == "exception" else attr
        case ast.Name(id="write"):
            return "info or error"
    return ""


def _event(argument: ast.expr) -> str:
    match argument:
        case ast.Constant(value=str() as event):
            return event
        case ast.Attribute(attr=attr) if attr.isupper():
            return str(getattr(import_module("gateway.log"), attr, ""))
    return ""
