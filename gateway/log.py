"""What the gateway tells about itself: structlog, for people on a terminal and as JSON for machines.

Every line carries what is bound where it is written (`bound(conversation=…, instance=…)`). Secrets are taken out
last, by name and by value, from everything, tracebacks included. JSON goes through orjson straight to the stream:
structlog's detour over the standard library costs more than a store commit. The standard library's own loggers
(aiohttp, asyncio) are led into the same stream.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, Any, TextIO, cast
from urllib.parse import quote

import orjson
import structlog

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping
    from contextlib import AbstractContextManager

    from structlog.typing import Processor, WrappedLogger

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

HIDDEN = "***"
_SECRET_KEY = re.compile(
    r"token|secret|password|passwd|authorization|api_?key|cookie|credential|signature", re.IGNORECASE
)
_SHORTEST_SECRET = 4
"""Characters. A shorter one would blacken ordinary words; its key's name has to do."""


class Redactor:
    """Takes secrets out: whatever stands under a telling key, and known secret values wherever they turn up."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        long_enough = {secret for secret in secrets if len(secret) >= _SHORTEST_SECRET}
        spellings = long_enough | {quote(secret, safe="") for secret in long_enough}
        longest_first = sorted(spellings, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def text(self, text: str) -> str:
        """Return the text without the known secrets."""
        return self._pattern.sub(HIDDEN, text) if self._pattern else text

    def value(self, value: Any, key: str = "") -> Any:
        """Return plain data without secrets, however deep they sit."""
        if key and _SECRET_KEY.search(key) and value not in (None, "", True, False):
            return HIDDEN
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {name: self.value(item, str(name)) for name, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item) for item in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return self.text(str(value))

    def __call__(
        self, _logger: WrappedLogger, _method: str, line: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Do it for one log line: structlog calls this."""
        for key in line:
            line[key] = self.value(line[key], key)
        return line


def configure(
    *, style: str = "auto", level: str = "info", secrets: Iterable[str] = (), stream: TextIO | None = None
) -> Redactor:
    """Set up all logging of this process. `style`: `console`, `json` or `auto`. Returns the redactor in use."""
    stream = sys.stderr if stream is None else stream
    redactor = Redactor(secrets)
    machine = style == "json" or (style == "auto" and not stream.isatty())
    structlog.configure(
        processors=[*_shared(), redactor, *(_for_machines() if machine else _for_people(stream))],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=_bytes_factory(stream) if machine else structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    _lead_in_standard_library(LEVELS[level])
    return redactor


def get(**bound: Any) -> structlog.stdlib.BoundLogger:
    """Return a logger that carries `bound` on every line."""
    return cast("structlog.stdlib.BoundLogger", structlog.get_logger(**bound))


def bound(**facts: Any) -> AbstractContextManager[None]:
    """Bind facts (`conversation`, `instance`) to every line written inside this block and the tasks it starts."""
    return cast("AbstractContextManager[None]", structlog.contextvars.bound_contextvars(**facts))


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
    ]


def _for_machines() -> list[Processor]:
    return [structlog.processors.JSONRenderer(serializer=_dump)]


def _for_people(stream: TextIO) -> list[Processor]:
    return [
        structlog.dev.ConsoleRenderer(
            colors=stream.isatty(),
            timestamp_key="at",
            pad_event_to=28,
            exception_formatter=structlog.dev.plain_traceback,
        )
    ]


def _dump(line: Any, **_: Any) -> bytes:
    return orjson.dumps(line, option=orjson.OPT_NON_STR_KEYS, default=str)


def _bytes_factory(stream: TextIO) -> Any:
    buffer = getattr(stream, "buffer", None)
    return structlog.BytesLoggerFactory(buffer) if buffer is not None else _TextFactory(stream)


class _TextFactory:
    """For streams without bytes below (a test's StringIO)."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, *_: Any) -> _TextFactory:
        return self

    def msg(self, line: bytes) -> None:
        self._stream.write(line.decode() + "\n")

    debug = info = warning = error = critical = exception = log = msg


class _LeadIn(logging.Handler):
    """Passes a record of the standard library on to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            log = structlog.get_logger(logger=record.name)
            log.log(record.levelno, record.getMessage(), exc_info=record.exc_info)
        except Exception:  # noqa: BLE001 - logging never breaks what it talks about
            self.handleError(record)


def _lead_in_standard_library(level: int) -> None:
    root = logging.getLogger()
    root.handlers = [_LeadIn()]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for name in ("aiohttp.access", "aiosqlite", "asyncio"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
