"""What comes in at `/hooks/{instance}`, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.errors import BadInput
from gateway.wire import read_json


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
            return read_json(self.body)
        except ValueError as error:
            msg = f"the body is not JSON: {error}"
            raise BadInput(msg) from None


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookResponse:
    """The answer to a webhook."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
