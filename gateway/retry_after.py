"""The delay another system asks for in a `Retry-After` header (RFC 9110, 10.2.3): one reader for all plugins."""

from __future__ import annotations

import time
from datetime import UTC
from email.utils import parsedate_to_datetime


def retry_after_seconds(header: str, now: float | None = None) -> float | None:
    """Return the seconds until a delay or date is over, never less than 0; None if the header names neither.

    `now`: unix seconds (`Context.now()`), default the machine's. Goes into `Temporary.retry_after_seconds`.
    """
    header = header.strip()
    if header.isascii() and header.isdigit():
        return float(header)
    try:
        then = parsedate_to_datetime(header)
    except ValueError:
        return None
    zoned = then if then.tzinfo else then.replace(tzinfo=UTC)
    return max(0.0, zoned.timestamp() - (time.time() if now is None else now))
