from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import re
import warnings
from contextlib import suppress
from pathlib import Path

import pytest
import structlog

from gateway import log

CORE = Path(log.__file__).parent


@pytest.fixture(autouse=True)
def clean():
    """Leave no trace in the process: logging is global by nature."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    levels = {name: logging.getLogger(name).level for name in ("aiohttp.access", "aiosqlite", "asyncio")}
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.captureWarnings(capture=False)
    root.handlers, root.level = before
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def lines():
    """Log as JSON; the result reads what was written."""
    stream = io.StringIO()
    log.configure(style="json", level="debug", secrets=["open sesame", "123:ab/c", "abc"], stream=stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_for_machines_has_its_facts(lines):
    log.get(instance="shop").info("delivery.done", attempt=2)

    [line] = lines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line.pop("at"))
    assert line == {"event": "delivery.done", "level": "info", "instance": "shop", "attempt": 2}


async def test_what_is_bound_is_on_every_line_of_the_task_and_its_children(lines):
    async def child():
        log.get().info("inner")

    with log.bound(conversation="c1", instance="shop"):
        await asyncio.create_task(child())
    log.get().info("outer")

    assert [line.get("conversation") for line in lines()] == ["c1", None]


@pytest.mark.parametrize(
    "facts",
    [
        {"token": "12"},
        {"Authorization": "Bearer x"},
        {"webhook_secret": "x"},
        {"api_key": "x"},
        {"headers": {"Cookie": "x", "Accept": "text/plain"}},
        {"requests": [{"password": "x"}]},
    ],
)
def test_what_stands_under_a_telling_key_is_hidden(lines, facts):
    log.get().info("request", **facts)

    text = json.dumps(lines())
    assert "***" in text
    assert "Bearer" not in text
    assert '"x"' not in text
    assert '"12"' not in text


@pytest.mark.parametrize(
    "value",
    [
        "it is open sesame!",
        "https://api.example.com/bot123:ab/c/send",
        "https://api.example.com/?t=123%3Aab%2Fc",
        {"deep": ["open sesame"]},
        ValueError("open sesame"),
        b"open sesame",
    ],
)
def test_known_secrets_are_hidden_wherever_they_turn_up(lines, value):
    log.get().info("call", address=value)

    text = json.dumps(lines())
    assert "sesame" not in text
    assert "ab/c" not in text
    assert "ab%2Fc" not in text


def test_short_secrets_do_not_blacken_words(lines):
    log.get().info("abcdef")

    assert lines()[0]["event"] == "abcdef"


def test_secrets_with_quotes_are_found_in_json_and_in_literals():
    redactor = log.Redactor(['pa"ss\\word'])

    assert redactor.text(json.dumps('pa"ss\\word')) == '"***"'
    assert redactor.text(repr('pa"ss\\word')) == "'***'"


def test_tracebacks_are_kept_and_cleaned(lines):
    try:
        int("open sesame")
    except ValueError:
        log.get().exception("step.failed")

    [line] = lines()
    assert line["exception"].startswith("Traceback (most recent call last):")
    assert line["exception"].endswith("ValueError: invalid literal for int() with base 10: '***'")


def test_the_standard_library_comes_along(lines):
    logging.getLogger("aiohttp.server").error("broken %s", "open sesame")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old age", stacklevel=1)

    first, second = lines()
    assert (first["source"], first["event"], first["level"]) == ("aiohttp.server", "broken ***", "error")
    assert (second["source"], second["level"]) == ("py.warnings", "warning")


def test_every_request_is_not_worth_a_line(lines):
    logging.getLogger("aiohttp.access").info("GET /")
    logging.getLogger("asyncio").debug("Using selector")

    assert lines() == []


def test_levels_below_the_chosen_one_are_dropped():
    stream = io.StringIO()
    log.configure(style="json", level="warning", stream=stream)

    log.get().info("quiet")
    logging.getLogger("some.library").info("quiet")
    log.get().warning("loud")

    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["loud"]


def test_a_terminal_gets_lines_for_people():
    stream = Terminal()
    log.configure(style="auto", secrets=["open sesame"], stream=stream)

    log.get(instance="shop").warning("instance.unhealthy", reason="open sesame", token="abcdef")

    text = stream.getvalue()
    assert "instance.unhealthy" in text
    assert "sesame" not in text
    assert "abcdef" not in text
    assert not text.startswith("{")


def test_a_pipe_gets_json():
    stream = io.StringIO()
    log.configure(style="auto", stream=stream)

    log.get().info("gateway.ready")

    assert json.loads(stream.getvalue())["event"] == "gateway.ready"


def test_bytes_go_straight_to_the_stream_below(tmp_path):
    with (tmp_path / "log").open("w", encoding="utf-8") as stream:
        log.configure(style="json", stream=stream)
        log.get().info("gateway.ready", name="Zoë")

    assert json.loads((tmp_path / "log").read_text(encoding="utf-8"))["name"] == "Zoë"


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_log_that_cannot_be_written_stops_nothing(style):
    reading, writing = os.pipe()
    os.close(reading)  # who read it has gone
    stream = os.fdopen(writing, "w", encoding="utf-8")
    log.configure(style=style, stream=stream)

    log.get().info("gateway.ready")
    logging.getLogger("aiohttp.server").error("oh")

    with suppress(BrokenPipeError):
        stream.close()


def test_every_line_of_the_core_is_about_a_dotted_event():
    """`log.info("delivery.done", …)`: facts are keys, never part of the event, so that lines can be counted."""
    pattern = re.compile(r"\blog\.(?:debug|info|warning|error|exception)\(\s*(f?\"[^\"]*\")")
    found = [
        (file.name, event) for file in CORE.rglob("*.py") for event in pattern.findall(file.read_text(encoding="utf-8"))
    ]

    assert found
    assert [each for each in found if not re.fullmatch(r"\"[a-z_]+\.[a-z_]+\"", each[1])] == []
