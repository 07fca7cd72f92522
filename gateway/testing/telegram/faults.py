"""What can be told to go wrong with calls of methods."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass


class BotApiError(Exception):
    """A refusal, as the Bot API words it."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        """`parameters`: `retry_after`, for instance."""
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters


def bad_request(description: str) -> BotApiError:
    """Return the most frequent one."""
    return BotApiError(400, f"Bad Request: {description}")


@dataclass(kw_only=True, slots=True)
class Fault:
    """One thing that goes wrong, `times` times. Methods are named as Telegram does; empty: any."""

    method: str = ""
    chat: int | None = None
    times: int = 1
    error: BotApiError | None = None
    """Answered instead of doing it."""
    until: asyncio.Event | None = None
    """Waited for before anything else."""
    drop: str = ""
    """`before`: the connection is cut instead of doing it; `after`: it is done, and the answer is lost."""
    status: int = 0
    """Answered as a bare HTTP status, as a proxy in between would."""

    def concerns(self, method: str, chat: int | None) -> bool:
        """Tell whether it is about this call."""
        about_method = not self.method or self.method.lower() == method.lower()
        return about_method and self.times > 0 and (self.chat is None or self.chat == chat)


class Faults:
    """The faults that are still to come, in the order they were asked for."""

    def __init__(self) -> None:
        """None."""
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Let something go wrong."""
        self._waiting.append(fault)
        return fault

    def take(self, method: str, chat: int | None) -> Fault:
        """Return what goes wrong with this call; a fault without content if nothing does."""
        for fault in self._waiting:
            if fault.concerns(method, chat):
                fault.times -= 1
                return fault
        return Fault()
