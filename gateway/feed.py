"""Tells watchers what was committed, and passes typing signs on. Nothing here is stored or can fail a commit.

A watcher that misses something (a slow socket, a restart) catches up from the log by number.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from gateway.conversation import Conversation
from gateway.events import Typing
from gateway.given import Change

log = structlog.get_logger()

OnChange = Callable[[Change], None]
OnTyping = Callable[[Typing], None]


class Feed:
    """Watchers by instance."""

    def __init__(self, *, on_error: Callable[[str], None] = lambda _instance: None) -> None:
        """`on_error` is told the instance whose watcher raised."""
        self._changes: dict[str, list[OnChange]] = {}
        self._typing: dict[str, list[OnTyping]] = {}
        self._all: list[OnChange] = []
        self._on_error = on_error

    def watch(self, instance: str, callback: OnChange) -> Callable[[], None]:
        """Call `callback` after commits that concern `instance`; returns what ends it."""
        return _add(self._changes.setdefault(instance, []), callback)

    def watch_all(self, callback: OnChange) -> Callable[[], None]:
        """Call `callback` after every commit."""
        return _add(self._all, callback)

    def watch_typing(self, instance: str, callback: OnTyping) -> Callable[[], None]:
        """Call `callback` for typing signs meant for `instance`."""
        return _add(self._typing.setdefault(instance, []), callback)

    def publish(self, change: Change) -> None:
        """Tell everybody concerned, in commit order."""
        for callback in tuple(self._all):
            self._call("", callback, change)
        for instance in concerned(change.conversation):
            for callback in tuple(self._changes.get(instance, ())):
                self._call(instance, callback, change)

    def typing(self, instance: str, signal: Typing) -> None:
        """Pass a typing sign to an instance's watchers."""
        for callback in tuple(self._typing.get(instance, ())):
            self._call(instance, callback, signal)

    def _call(self, instance: str, callback: Callable[..., None], value: object) -> None:
        try:
            callback(value)
        except Exception:
            log.exception("watcher.failed", instance=instance)
            self._on_error(instance)


def concerned(conversation: Conversation) -> tuple[str, ...]:
    """Return the instances whose business the conversation is: its channel and every platform that ever had it."""
    return tuple(dict.fromkeys((conversation.channel, *conversation.platforms)))


def _add(callbacks: list[Callable[..., None]], callback: Callable[..., None]) -> Callable[[], None]:
    callbacks.append(callback)

    def remove() -> None:
        if callback in callbacks:
            callbacks.remove(callback)

    return remove
