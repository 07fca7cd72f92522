"""What a transport is: a request in, status, headers and a bounded body out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

ClientName = Literal["lean", "aiohttp"]

_TROUBLES = (
    (("connection refused", "connect call failed"), "nothing listens at its address"),
    (("name or service not known", "nodename", "resolve", "idna"), "its host's name is unknown here"),
    (("certificate",), "its certificate is not trusted"),
)
"""What stands in the words of an error, on any system and of either transport -> what that means."""


def trouble(error: Exception) -> str:
    """Say why a call did not get through, for people. Not the error's own words: they may name the address."""
    words = f"{type(error).__name__} {error}".lower()
    found = next((said for marks, said in _TROUBLES if any(mark in words for mark in marks)), "")
    return f"{found} ({type(error).__name__})" if found else type(error).__name__


class Unreachable(Exception):
    """No answer, or none that is HTTP; the text is the kind of trouble."""


class Overlong(Exception):
    """The answer has more bytes than were allowed."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer that is there as a whole."""

    status: int
    headers: Mapping[str, str]
    """Looked up without case."""
    body: bytes


@dataclass(frozen=True, slots=True)
class HttpStream:
    """An answer whose body is read while it comes. A connection cut on the way raises like one that never was."""

    status: int
    headers: Mapping[str, str]
    """Looked up without case."""
    chunks: AsyncIterator[bytes]
    """In pieces of any size. Raises `Overlong` past the limit."""


class HttpClient(Protocol):
    """Makes calls; many at a time, over connections that are kept.

    Limits are for the whole answer. Raises `TimeoutError`, `Unreachable`, `Overlong`.
    """

    async def fetch(
        self,
        verb: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout_seconds: float | None = None,
        most_bytes: int,
    ) -> HttpAnswer:
        """Make a call and return what is answered."""

    def stream(
        self,
        verb: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout_seconds: float | None = None,
        most_bytes: int,
    ) -> AbstractAsyncContextManager[HttpStream]:
        """Make a call whose answer is wanted while it comes, which costs more."""

    async def close(self) -> None:
        """Hang up."""
