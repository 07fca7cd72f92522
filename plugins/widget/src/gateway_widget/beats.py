"""Every browser hears something every 20 seconds, and whoever does not answer, or may no longer listen, is let go."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from gateway_widget.crowd import PARTS

if TYPE_CHECKING:
    from gateway_widget.crowd import Crowd
    from gateway_widget.tail import Tail
    from gateway_widget.tokens import Reception

BEAT_SECONDS = 20.0
"""A browser hears something at least this often, so that it notices a dead line. It has half of it to answer."""


class Beats:
    """One timer for a whole crowd, where one for each of thousands would cost more than all else they hold."""

    def __init__(self, crowd: Crowd, reception: Reception) -> None:
        self._crowd = crowd
        self._reception = reception
        self._turns = 0
        self._timer: asyncio.Task[None] | None = None
        self._sending: dict[Tail, asyncio.Task[None]] = {}
        """Who has not taken a beat gets no other, or they would pile up."""

    def start(self) -> None:
        """Begin to beat."""
        self._timer = asyncio.create_task(self._run())

    def stop(self) -> None:
        """Beat no more. Safe always."""
        if self._timer:
            self._timer.cancel()

    def turn(self) -> None:
        """Beat the next part of the crowd; the part that is half a round behind should have answered."""
        for tail in self._crowd.part(self._turns):
            self._beat(tail)
        for tail in self._crowd.part(self._turns + PARTS // 2):
            tail.line.expect_answer()
        self._turns += 1

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS / PARTS)
            self.turn()

    def _beat(self, tail: Tail) -> None:
        """Who a token speaks for is known only as long as it lives; the browser comes again with a new one."""
        if not self._reception.seconds_left(tail.visitor):
            tail.line.end()
        elif tail not in self._sending:
            self._sending[tail] = asyncio.create_task(self._send(tail))

    async def _send(self, tail: Tail) -> None:
        try:
            await tail.line.beat()
        except ConnectionError:
            pass  # whoever waits at the line hears of it
        finally:
            del self._sending[tail]
