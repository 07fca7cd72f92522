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
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO, cast
from urllib.parse import quote

import orjson
import structlog

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

    from structlog.typing import Processor, WrappedLogger

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

HIDDEN = "***"
_SECRET_KEY = re.compile(
    r"token|secret|password|passwd|authorization|api_?key|cookie|credential|signature", re.IGNORECASE
)
_SHORTEST_SECRET = 4
"""Characters. A shorter one would blacken ordinary words; its key's name has to do."""


class Redactor:
    """Takes secrets out: whatever stands under a telling key, and known secret values wherever they turn up.

    Values are looked for once per line, in its rendered form: that is several times cheaper than value by value.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """`secrets` are the values to look for."""
        spellings = {
            spelling for secret in secrets if len(secret) >= _SHORTEST_SECRET for spelling in _spellings(secret)
        }
        longest_first = sorted(spellings, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def text(self, text: str) -> str:
        """Return the text without the known secrets."""
        return self._pattern.sub(HIDDEN, text) if self._pattern else text

    def keys(self, _logger: WrappedLogger, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Hide what stands under a telling key of a log line, at any depth: structlog calls this."""
        for key, value in line.items():
            if _is_telling(key):
                line[key] = HIDDEN
            elif isinstance(value, dict | list | tuple):
                line[key] = _without_telling_keys(value)
        return line


def _spellings(secret: str) -> set[str]:
    """How a secret may look in a line: as it is, inside an address, inside JSON or a Python literal."""
    return {secret, quote(secret, safe=""), orjson.dumps(secret).decode()[1:-1], repr(secret)[1:-1]}


@lru_cache(maxsize=4096)
def _is_telling(key: str) -> bool:
    return _SECRET_KEY.search(key) is not None


def _without_telling_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: HIDDEN if _is_telling(str(key)) else _without_telling_keys(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_telling_keys(item) for item in value]
    return value


def configure(
    *,
    style: str = "auto",
    level: str = "info",
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
    for_good: bool = False,
) -> Redactor:
    """Set up all logging of this process. `style`: `console`, `json` or `auto`. Returns the redactor in use.

    `for_good`: loggers in use keep this set-up, which makes them a third faster; for a process that does this once.
    """
    stream = sys.stderr if stream is None else stream
    redactor = Redactor(secrets)
    machine = style == "json" or (style == "auto" and not stream.isatty())
    structlog.configure(
        processors=[
            *_shared(),
            redactor.keys,
            *(_for_machines(redactor) if machine else _for_people(redactor, stream)),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        cache_logger_on_first_use=for_good,
        logger_factory=_bytes_factory(stream)
        if machine
        else structlog.PrintLoggerFactory(cast("TextIO", _Lasting(stream))),
    )
    _lead_in_standard_library(LEVELS[level])
    return redactor


def get(**bound: Any) -> structlog.stdlib.BoundLogger:
    """Return a logger that carries `bound` on every line."""
    return cast("structlog.stdlib.BoundLogger", structlog.get_logger(**bound))


class bound:  # noqa: N801 - used as a function; a generator would cost several times as much
    """Bind facts (`conversation`, `instance`) to every line written inside this block and the tasks it starts."""

    __slots__ = ("_facts", "_tokens")

    def __init__(self, **facts: Any) -> None:
        self._facts = facts

    def __enter__(self) -> None:
        self._tokens = structlog.contextvars.bind_contextvars(**self._facts)

    def __exit__(self, *_: object) -> None:
        structlog.contextvars.reset_contextvars(**self._tokens)


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
    ]


def _for_machines(redactor: Redactor) -> list[Processor]:
    def dump(_logger: WrappedLogger, _method: str, line: MutableMapping[str, Any]) -> bytes:
        text = orjson.dumps(line, option=orjson.OPT_NON_STR_KEYS, default=str).decode()
        return redactor.text(text).encode()

    return [dump]


def _for_people(redactor: Redactor, stream: TextIO) -> list[Processor]:
    renderer = structlog.dev.ConsoleRenderer(
        colors=stream.isatty(),
        timestamp_key="at",
        pad_event_to=28,
        exception_formatter=structlog.dev.plain_traceback,
    )

    def render(logger: WrappedLogger, method: str, line: MutableMapping[str, Any]) -> str:
        return redactor.text(renderer(logger, method, line))

    return [render]


def _bytes_factory(stream: TextIO) -> Any:
    buffer = getattr(stream, "buffer", None)
    return (
        structlog.BytesLoggerFactory(cast("BinaryIO", _Lasting(buffer))) if buffer is not None else _TextFactory(stream)
    )


class _Lasting:
    """A stream that never raises. Who read the log has gone, or the disk is full: the work it tells of goes on."""

    def __init__(self, stream: TextIO | BinaryIO) -> None:
        self._stream: Any = stream

    def write(self, line: str | bytes) -> None:
        with suppress(OSError, ValueError):  # ValueError: it was closed
            self._stream.write(line)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


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
            log = structlog.get_logger(source=record.name)
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
