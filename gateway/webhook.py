"""What comes in at `/hooks/{instance}`, and what is answered."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.errors import BadInput

_HALVES = re.compile(
    r"(?<!\\)((?:\\\\)*)"  # a backslash may be an escaped one itself
    r"(?:(\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2})|\\ud[89a-f][0-9a-f]{2})",
    re.IGNORECASE,
)
"""Surrogates written as escapes: two of them are a character, a single one is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookRequest:
    """A bounded HTTP request to `/hooks/{instance}` or below."""

    method: str
    tail: str
    """The path after `/hooks/{instance}/`, without the leading slash."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    def json(self) -> Any:
        """Decode the body. Half a character (an escaped surrogate on its own) becomes a question mark.

        Raises `BadInput` with the position of the mistake.
        """
        try:
            return json.loads(_whole(self.body.decode(json.detect_encoding(self.body))))
        except ValueError as error:
            msg = f"the body is not JSON: {error}"
            raise BadInput(msg) from None
        except RecursionError:
            raise BadInput("the body is nested too deeply") from None


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookResponse:
    """The answer to a webhook."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"


def _whole(text: str) -> str:
    """Return JSON without half characters: they can be neither stored nor hashed nor compared."""
    if "\\ud" not in text and "\\uD" not in text:
        return text
    return _HALVES.sub(lambda found: found[1] + (found[2] or "?"), text)
