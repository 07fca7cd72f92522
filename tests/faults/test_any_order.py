"""Whatever happens in whatever order, with a crash at any await: engine, dispatcher and store keep every promise.

`tests/unit/decide/test_any_order.py` plays the rules alone; here they run in the engine, with lanes, retries,
time-outs, a store that fails, and a clock that jumps. A quick look by default; a million steps take half an hour:
`DECIDE_EXAMPLES=15600 pytest tests/faults/test_any_order.py --timeout 0 -s`, which counts them, too.
"""

from __future__ import annotations

import logging
import os
import sys

import structlog
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.contracts import BotReply, Opened
from gateway.errors import Permanent, Refused, Temporary
from gateway.events import (
    AgentJoined,
    AgentWrote,
    ClientAsked,
    ClientClosed,
    ClientLeftAgent,
    ClientWrote,
    SessionEnded,
    SessionMoved,
)
from gateway.model import Outcome, Peer, Transfer, text_message
from tests.faults.inside import Asked, Inside
from tests.faults.ledger import Word

LONG = os.environ.get("DECIDE_EXAMPLES", "")
ROUNDS_TO_REST = 60

if LONG:  # nobody reads the log of an hour
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

clients = st.sampled_from(["keen", "keen", "plain"])
numbers = st.integers(0, 5)
turns = st.integers(0, 12)
rarely = st.integers(0, 9).map(lambda number: number == 0)


class Life(RuleBasedStateMachine):
    """One client per channel, their bots and agents, and everything that can go wrong."""

    steps = 0

    @initialize()
    def begins(self) -> None:
        self.inside = Inside()
        self.ids = 0
        self.sessions: dict[str, str] = {}
        """Session -> platform."""

    def _id(self, speaker: str) -> str:
        self.ids += 1
        return f"{speaker}:{self.ids}"

    # --- the client ----------------------------------------------------------------------------------------------

    def _says(self, channel: str) -> None:
        key = self._id(channel)
        word = Word(key, channel, sent=self.inside.tick())
        self.inside.ledger.said[key] = word
        event = ClientWrote(client=Peer(id="ann"), message=text_message(f"{key} hello", id=key))
        self.inside.receive(channel, event, key, word)

    @rule(channel=clients)
    def a_client_writes(self, channel: str) -> None:
        self._says(channel)
        self.inside.loop.settle()

    @rule(channel=clients)
    def a_client_writes_twice_at_once(self, channel: str) -> None:
        self._says(channel)
        self._says(channel)
        self.inside.loop.settle()

    @rule(channel=clients, turns=turns)
    def a_client_writes_and_it_is_not_over_yet(self, channel: str, turns: int) -> None:
        self._says(channel)
        self._turns(turns)

    @precondition(lambda self: self.inside.ledger.said)
    @rule(number=numbers)
    def a_webhook_comes_again(self, number: int) -> None:
        words = [*self.inside.ledger.said.values()]
        word = words[-1 - number % len(words)]
        event = ClientWrote(client=Peer(id="ann"), message=text_message(f"{word.id} hello", id=word.id))
        self.inside.receive(word.speaker, event, word.id, word)
        self.inside.loop.settle()

    @rule(channel=clients, act=st.sampled_from([ClientAsked, ClientLeftAgent, ClientClosed]), turns=turns)
    def a_client_does_something_else(self, channel: str, act: type, turns: int) -> None:
        self.inside.receive(channel, act(client=Peer(id="ann")), self._id(channel))
        self._turns(turns)

    def _turns(self, count: int) -> None:
        for _ in range(count):
            self.inside.loop.turn()

    # --- calls ---------------------------------------------------------------------------------------------------

    def _asked(self, number: int) -> Asked:
        calls = self.inside.calls
        return calls[number % len(calls)]

    @precondition(lambda self: self.inside.calls)
    @rule(number=numbers, wish=st.sampled_from(["", "", "", "transfer", "transfer", "close"]), joined=rarely)
    def a_call_succeeds(self, number: int, wish: str, joined: bool) -> None:
        self._succeeds(self._asked(number), wish, joined=joined)
        self.inside.loop.settle()

    def _succeeds(self, asked: Asked, wish: str = "", *, joined: bool = False) -> None:
        if asked.answer.done():
            return
        self.inside.gets_through(asked)
        call = asked.call
        answer: object = None
        if call.what == "turn_bot":
            kind = "said" if call.text else "cue"
            words = text_message(f"{call.conversation} {kind} {call.number}")
            answer = BotReply(
                messages=(words,), transfer=Transfer() if wish == "transfer" else None, close=wish == "close"
            )
        elif call.what == "open_platform":
            self.sessions[call.session] = call.side
            answer = Opened(agent=Peer(id=f"{call.session}/1") if joined else None)
        asked.answer.set_result(answer)

    @precondition(lambda self: self.inside.calls)
    @rule(number=numbers, how=st.sampled_from(["down", "down", "lost", "lost", "never", "offline"]))
    def a_call_fails(self, number: int, how: str) -> None:
        asked = self._asked(number)
        if asked.answer.done():
            return
        if how == "lost":
            self.inside.answer_lost(asked)
            if asked.call.what == "open_platform":
                self.sessions[asked.call.session] = asked.call.side
        elif how == "offline" and asked.call.what != "open_platform":
            how = "down"
        failure = Permanent("no") if how == "never" else Refused("nobody", code="offline") if how == "offline" else None
        asked.answer.set_exception(failure or Temporary(how))
        self.inside.loop.settle()

    # --- agents --------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.sessions)
    @rule(number=numbers, who=st.integers(1, 2), turns=turns)
    def an_agent_joins(self, number: int, who: int, turns: int) -> None:
        session = self._session(number)
        event = AgentJoined(session=session, agent=Peer(id=f"{session}/{who}"))
        self.inside.receive(self.sessions[session], event, self._id(session))
        self._turns(turns)

    @precondition(lambda self: self.sessions)
    @rule(number=numbers, who=st.integers(1, 2))
    def an_agent_writes(self, number: int, who: int) -> None:
        session = self._session(number)
        key = self._id(session)
        word = Word(key, session, sent=self.inside.tick())
        self.inside.ledger.told[key] = word
        event = AgentWrote(session=session, agent=Peer(id=f"{session}/{who}"), message=text_message(key, id=key))
        self.inside.receive(self.sessions[session], event, key, word)
        self.inside.loop.settle()

    @precondition(lambda self: self.sessions)
    @rule(number=numbers, how=st.sampled_from(["moves", "returned", "closed", "over"]), turns=turns)
    def an_agent_lets_go(self, number: int, how: str, turns: int) -> None:
        session = self._session(number)
        event: object = SessionMoved(session=session, destination="sales")
        if how != "moves":
            outcome = Outcome.RETURNED if how == "returned" else Outcome.CLOSED
            event = SessionEnded(session=session, outcome=outcome, close=how == "over")
        self.inside.receive(self.sessions[session], event, self._id(session))
        self._turns(turns)

    def _session(self, number: int) -> str:
        """Return one of the newest sessions."""
        names = [*reversed(self.sessions)]
        return names[number % min(len(names), 2)]

    # --- what goes wrong -----------------------------------------------------------------------------------------

    @rule(acted=st.lists(st.booleans(), min_size=1, max_size=4))
    def it_crashes(self, acted: list[bool]) -> None:
        index = iter(acted * 100)
        self.inside.crash(acted=lambda: next(index))
        self.inside.loop.settle()

    @rule()
    def the_disk_is_full_for_a_moment(self) -> None:
        self.inside.store.fail_next("disk full")

    @rule(seconds=st.sampled_from([0.6, 20.0, 65.0, 700.0]))
    def time_passes(self, seconds: float) -> None:
        self.inside.passes(seconds)

    @rule(seconds=st.sampled_from([0.0, 3600.0, -3600.0]))
    def the_clock_jumps(self, seconds: float) -> None:
        self.inside.ahead = seconds

    # --- what must hold ------------------------------------------------------------------------------------------

    @invariant()
    def nothing_was_noticed(self) -> None:
        if hasattr(self, "inside"):
            assert self.inside.problems == []
            type(self).steps += 1

    def teardown(self) -> None:
        """When nothing goes wrong any more, everything comes to rest, and the books are right."""
        if not hasattr(self, "inside"):
            return
        try:
            self._comes_to_rest()
            assert self.inside.problems == []
            assert self.inside.verdict().problems == []
        finally:
            self.inside.close()
            if LONG:
                sys.stdout.write(f"\r{self.steps:,} steps")

    def _comes_to_rest(self) -> None:
        inside = self.inside
        inside.loop.settle()
        for _ in range(ROUNDS_TO_REST):
            while inside.calls:
                for asked in list(inside.calls):
                    self._succeeds(asked)
                inside.loop.settle()
            if not inside.open_ends():
                return
            inside.passes(120.0)
            for session, platform in self.sessions.items():  # an agent who spoke last is waited for by nobody
                inside.receive(platform, SessionEnded(session=session), self._id(session))
            inside.loop.settle()
        raise AssertionError(f"nothing moves any more: {inside.calls} {inside.verdict().problems}")


TestAnyOrderInside = Life.TestCase
TestAnyOrderInside.settings = settings(
    max_examples=int(LONG) if LONG else 25,
    stateful_step_count=80 if LONG else 40,
    deadline=None,
    phases=[Phase.reuse, Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
