"""Typing signs: from the client to whoever has the dialog, from bot and agent to the client. Seen or lost."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from gateway.contracts import SupportsTyping
from gateway.conversation import Conversation, Floor
from gateway.engine import Engine
from gateway.events import Typing
from gateway.feed import Feed
from gateway.supervisor import Running

MOST_UNDER_WAY = 100
"""Signs being passed on to one instance at the same time; more are dropped."""


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
        target = _target(conversation, source)
        if target:
            self._feed.typing(target, signal)
            self._tell(target, signal, conversation)

    def _tell(self, target: str, signal: Typing, conversation: Conversation) -> None:
        running = self._instances.get(target)
        tasks = self._tasks.setdefault(target, set())
        if running and running.typing and len(tasks) < MOST_UNDER_WAY:
            task = asyncio.create_task(_call(running, running.typing, signal, conversation))
            tasks.add(task)
            task.add_done_callback(tasks.discard)


def _target(conversation: Conversation, source: str) -> str:
    """Return the instance that is to see a sign from `source`; empty: nobody is."""
    handoff = conversation.handoff
    if source == conversation.channel:
        in_session = handoff and conversation.floor in {Floor.WAITING, Floor.AGENT}
        return handoff.platform if handoff and in_session and handoff.platform != source else ""
    is_agents = handoff is not None and handoff.platform == source and conversation.floor is Floor.AGENT
    is_bots = handoff is None and conversation.floor is Floor.BOT
    return conversation.channel if is_agents or is_bots else ""


async def _call(running: Running, component: SupportsTyping, signal: Typing, conversation: Conversation) -> None:
    session = conversation.handoff.session if conversation.handoff else ""
    await running.hint("typing", lambda: component.typing(signal, client=conversation.client, session=session))
