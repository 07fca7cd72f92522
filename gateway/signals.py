"""Typing signs: from the client to whoever has the dialog, from bot and agent to the client. Seen or lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

from gateway.contracts import SupportsTyping
from gateway.conversation import Conversation, Floor
from gateway.engine import Engine
from gateway.events import Typing
from gateway.feed import Feed
from gateway.supervisor import Running

MOST_UNDER_WAY = 100
"""Signs being passed on to one instance at the same time; more are dropped."""

FIRST_SECONDS = 0.3
"""Who answers sooner is not said to write: to some channels the sign is a call of its own, and would come too late."""

AGAIN_SECONDS = 4.0
"""How often a lasting sign is given: those who show one let it fade after some five seconds."""


class Signals:
    """Passes typing signs on, if the one who types is the one who may speak (or is the client)."""

    def __init__(self, engine: Engine, feed: Feed, instances: Mapping[str, Running]) -> None:
        """`instances`: all of them, by name; may be filled later."""
        self._engine = engine
        self._feed = feed
        self._instances = instances
        self._tasks: dict[str, set[asyncio.Task[None]]] = {}

    def typing(self, source: str, signal: Typing) -> None:
        """Pass on a sign that `source` (an instance) gave."""
        conversation = self._engine.peek(signal.conversation)
        if conversation is None:
            return
        target = self._target(conversation, source, signal)
        if target:
            self._feed.typing(target, signal)
            self._tell(target, signal, conversation)

    def lasting(self, source: str, signal: Typing) -> Lasting:
        """Give a sign if the block takes longer than a moment, and again and again while it runs."""
        return Lasting(partial(self.typing, source, signal))

    def _target(self, conversation: Conversation, source: str, signal: Typing) -> str:
        """Return the instance that is to see a sign from `source`; empty: nobody is."""
        handoff = conversation.handoff
        if source == conversation.channel:
            in_session = handoff and conversation.floor in {Floor.WAITING, Floor.AGENT}
            return handoff.platform if handoff and in_session and handoff.platform != source else ""
        if source == self._engine.bot_of(conversation):
            in_time = conversation.floor is Floor.BOT and signal.epoch in {None, conversation.epoch}
            return conversation.channel if in_time else ""
        is_agents = handoff is not None and handoff.platform == source and conversation.floor is Floor.AGENT
        return conversation.channel if is_agents else ""

    def _tell(self, target: str, signal: Typing, conversation: Conversation) -> None:
        """Call the plugin, but not for each word of a draft: those who show drafts watch, see `watch_typing`."""
        if signal.text:
            return
        running = self._instances.get(target)
        tasks = self._tasks.setdefault(target, set())
        if running and running.typing and len(tasks) < MOST_UNDER_WAY:
            task = asyncio.create_task(_call(running, running.typing, signal, conversation))
            tasks.add(task)
            task.add_done_callback(tasks.discard)


class Lasting:
    """A sign that is given while a block runs."""

    __slots__ = ("_give", "_timer")

    def __init__(self, give: Callable[[], None]) -> None:
        """`give`: gives it once."""
        self._give = give

    def __enter__(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(FIRST_SECONDS, self._again)

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _again(self) -> None:
        self._give()
        self._timer = asyncio.get_running_loop().call_later(AGAIN_SECONDS, self._again)


async def _call(running: Running, component: SupportsTyping, signal: Typing, conversation: Conversation) -> None:
    session = conversation.handoff.session if conversation.handoff else ""
    await running.hint("typing", lambda: component.typing(signal, client=conversation.client, session=session))
