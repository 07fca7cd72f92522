"""Whatever happens in whatever order: the rules that make the gateway trustworthy hold.

A quick look by default; `DECIDE_EXAMPLES=20000 pytest tests/unit/decide/test_any_order.py --timeout 0` takes an hour.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.conversation import Floor
from gateway.errors import AlreadyTaken, Blocked, UnknownConversation
from gateway.events import (
    AgentJoined,
    AgentNoted,
    AgentWrote,
    BotReplied,
    BotSpoke,
    ClientAsked,
    ClientBlocked,
    ClientChanged,
    ClientClosed,
    ClientDescribed,
    ClientLeftAgent,
    ClientStarted,
    ClientWrote,
    EffectDone,
    EffectFailed,
    HumanJoined,
    HumanLeft,
    HumanWrote,
    QueueMoved,
    SendToAgent,
    SendToClient,
    SessionEnded,
    SessionMoved,
    SessionOpened,
)
from gateway.model import Outcome, Transfer, text_message
from tests.unit.decide.world import AGENTS, CLIENT, LEAVE, World, route

LONG = os.environ.get("DECIDE_EXAMPLES", "")

WORDS = text_message("hello")
FULL = Transfer(message_before="One moment.", waiting_message="Please hold the line.", close_button=True)
ONE_TIME = Transfer(one_time_message=True, first_message="Call them back, please.")

SMALL_ACTS = [
    ClientStarted(client=CLIENT),
    ClientStarted(client=CLIENT, payload="sale"),
    ClientChanged(client=CLIENT, attributes={"page": "/cart"}),
    ClientLeftAgent(client=CLIENT),
    ClientLeftAgent(client=CLIENT),
    ClientClosed(client=CLIENT),
]

lanes = st.integers(0, 5)
sessions = st.integers(0, 3)
agents = st.sampled_from(AGENTS)
transfers = st.sampled_from([None, None, None, FULL, Transfer(), ONE_TIME])
speeches = st.lists(st.just(WORDS), max_size=2).map(tuple)
endings = st.sampled_from([Outcome.RETURNED, Outcome.CLOSED, Outcome.OFFLINE])
trouble = st.sampled_from(["again", "slow", "permanent", "lost", "refused", "offline"])
positions = st.sampled_from([None, 1, 2])
waits = st.sampled_from([0.0, 0.0, 0.5, 20.0, 700.0])
rarely = st.integers(0, 9).map(lambda number: number == 0)


class Life(RuleBasedStateMachine):
    """Clients, agents, bots, lanes and clocks, all at once."""

    chains: tuple[tuple[str, ...], ...] = (("one", "two"), ("one",), ("one", "two"), ("one", "two"), ())

    @initialize(
        bot=st.sampled_from(["bot", "bot", "bot", ""]),
        chain=st.integers(0, 5),
        tails=st.booleans(),
        end=st.integers(0, 3),
        prelude=st.sampled_from([None, None, Transfer(), FULL, ONE_TIME]),
    )
    def begins(self, bot: str, chain: int, tails: bool, end: int, prelude: Transfer | None) -> None:
        self.policy = route(bot=bot, chain=self.chains[chain % len(self.chains)], tails=tails)
        self.end = end
        self.world = World(self.policy)
        if prelude:
            self.world.happen(ClientWrote(client=CLIENT, message=WORDS))
            self.world.happen(BotSpoke(conversation="c", transfer=prelude))

    @property
    def is_closed(self) -> bool:
        return self.world.conversation.floor is Floor.CLOSED

    # --- the client ----------------------------------------------------------------------------------------------

    @rule(leave=rarely)
    def the_client_writes(self, leave: bool) -> None:
        if self.is_closed and not self.world.conversation.blocked:
            self.world = World(self.policy)
        self._from_client(ClientWrote(client=CLIENT, message=text_message(LEAVE) if leave else WORDS))

    @precondition(lambda self: self.world.log and not self.is_closed)
    @rule(event=st.sampled_from(SMALL_ACTS))
    def the_client_does_something_else(self, event: object) -> None:
        self._from_client(event)

    def _from_client(self, event: object) -> None:
        if self.world.conversation.blocked:
            with pytest.raises(Blocked):
                self.world.happen(event)
        else:
            self.world.happen(event)

    # --- lanes ---------------------------------------------------------------------------------------------------

    @rule(transfer=st.sampled_from([FULL, ONE_TIME, Transfer(destination="sales")]))
    def the_channel_asks_for_a_human(self, transfer: Transfer) -> None:
        if not self.is_closed:
            self._from_client(ClientAsked(client=CLIENT, transfer=transfer))

    @precondition(lambda self: self.world.open_lanes())
    @rule(lane=lanes, reaches=st.sampled_from([True, True, True, False]))
    def a_call_is_made(self, lane: int, reaches: bool) -> None:
        targets = self.world.open_lanes()
        self.world.begin(targets[lane % len(targets)], reaches=reaches)

    @precondition(lambda self: self.world.busy)
    @rule(
        lane=lanes,
        speech=speeches,
        transfer=transfers,
        end=st.tuples(rarely, waits),
        agent=st.sampled_from([None, None, *AGENTS]),
    )
    def a_call_succeeds(self, lane: int, speech: tuple, transfer: Transfer | None, end: tuple, agent: object) -> None:
        targets = sorted(self.world.busy)
        target = targets[lane % len(targets)]
        action = self.world.lanes[target][0].action
        answer: dict[str, object] = {}
        if action.type == "ask_bot":
            close, again = end
            answer = {"messages": speech, "transfer": transfer, "close": close, "state": {"seen": action.number}}
            answer["again_after_seconds"] = again
        elif action.type == "open_session":
            answer = {"position": 3, "agent": agent if target != "channel" else None}
        self.world.finish(target, "ok", **answer)

    @rule()
    def all_calls_succeed(self) -> None:
        for target in sorted(self.world.lanes):
            while self.world.lanes[target]:
                self.world.carry_one(target)

    @precondition(lambda self: self.world.busy)
    @rule(lane=lanes, how=trouble)
    def a_call_fails(self, lane: int, how: str) -> None:
        targets = sorted(self.world.busy)
        self.world.finish(targets[lane % len(targets)], how)

    @precondition(lambda self: self.world.outcomes)
    @rule(index=st.integers(0, 50))
    def an_outcome_is_reported_twice(self, index: int) -> None:
        world = self.world
        event = world.outcomes[index % len(world.outcomes)]
        if not isinstance(event, BotReplied | SessionOpened | EffectDone | EffectFailed) or event.effect.delayed:
            return
        if isinstance(event, EffectFailed) and isinstance(event.effect.action, SendToAgent | SendToClient):
            return
        before, said = world.conversation, len(world.log)
        world.happen(event)
        assert world.log[said:] == []
        assert (world.conversation.floor, world.conversation.epoch) == (before.floor, before.epoch)
        assert world.conversation.handoff == before.handoff

    # --- the bot by itself ---------------------------------------------------------------------------------------

    @precondition(lambda self: self.policy.bot and self.world.log)
    @rule(late=st.integers(0, 2), speech=speeches, transfer=transfers, end=st.tuples(rarely, waits))
    def the_bot_speaks_by_itself(self, late: int, speech: tuple, transfer: Transfer | None, end: tuple) -> None:
        close, again = end
        before = self.world.conversation
        epoch = before.epoch - late or None
        event = BotSpoke(
            conversation="c",
            messages=speech,
            transfer=transfer,
            close=close,
            epoch=epoch,
            again_after_seconds=again,
        )
        decision = self.world.happen(event)
        stale = before.floor is not Floor.BOT or epoch not in {None, before.epoch}
        assert decision.stale == stale
        if stale:
            assert not decision.entries
            assert not decision.effects

    # --- agents --------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.sessions)
    @rule(session=sessions, agent=agents, if_free=st.booleans())
    def an_agent_joins(self, session: int, agent: object, if_free: bool) -> None:
        self._at_desk(session, lambda name: AgentJoined(session=name, agent=agent, if_free=if_free))

    @precondition(lambda self: self.world.sessions)
    @rule(session=sessions, agent=agents)
    def an_agent_writes(self, session: int, agent: object) -> None:
        self._at_desk(session, lambda name: AgentWrote(session=name, agent=agent, message=WORDS))

    @precondition(lambda self: self.world.sessions)
    @rule(session=sessions, agent=agents)
    def an_agent_forwards(self, session: int, agent: object) -> None:
        self._at_desk(session, lambda name: SessionMoved(session=name, destination="sales", agent=agent))

    @precondition(lambda self: self.world.sessions)
    @rule(session=sessions, outcome=endings, close=rarely)
    def an_agent_ends_the_session(self, session: int, outcome: Outcome, close: bool) -> None:
        name = self._at_desk(session, lambda name: SessionEnded(session=name, outcome=outcome, close=close))
        self.world.sessions[name].over = True

    @precondition(lambda self: self.world.sessions)
    @rule(
        session=sessions,
        act=st.sampled_from(["moves", "moves", "notes", "describes", "unblocks", "blocks"]),
        position=positions,
    )
    def something_else_happens_at_the_desk(self, session: int, act: str, position: int | None) -> None:
        if act == "moves":
            self._at_desk(session, lambda name: QueueMoved(session=name, position=position))
        elif act == "notes":
            self._at_desk(session, lambda name: AgentNoted(session=name, agent=AGENTS[0], text="careful"))
        elif act == "describes":
            self.world.happen(ClientDescribed(session=self._session(session), attributes={"place": str(position)}))
        else:
            name = self._session(session)
            self.world.sessions[name].over |= act == "blocks"
            self.world.happen(ClientBlocked(session=name, agent=AGENTS[0], blocked=act == "blocks"))

    def _session(self, index: int) -> str:
        """Return one of the newest sessions: the current one more often than not."""
        names = [*reversed(self.world.sessions)]
        return names[index % len(names) if index > 1 else 0]

    def _at_desk(self, index: int, event: object) -> str:
        name = self._session(index)
        handoff = self.world.conversation.handoff
        before = self.world.conversation
        try:
            self.world.happen(event(name))
        except UnknownConversation:
            assert handoff is None or handoff.session != name
            assert self.world.conversation is before
        except AlreadyTaken:
            assert handoff and handoff.agent
        return name

    # --- the clock -----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.timers)
    @rule(timer=st.integers(0, 2))
    def a_timer_fires(self, timer: int) -> None:
        names = sorted(self.world.timers, key=lambda name: self.world.timers[name].due_at)
        self.world.fire(names[timer % len(names)])

    @rule(seconds=st.sampled_from([0.5, 20.0, 700.0]))
    def time_passes(self, seconds: float) -> None:
        for name in sorted(self.world.timers, key=lambda name: self.world.timers[name].due_at):
            if name in self.world.timers and self.world.timers[name].due_at <= self.world.now + seconds:
                self.world.fire(name)
        self.world.now += seconds

    # --- what must hold ------------------------------------------------------------------------------------------

    @invariant()
    def the_rules_hold(self) -> None:
        if hasattr(self, "world"):
            self.world.check()

    def teardown(self) -> None:
        """However it stands: when nobody does anything any more, every wait ends, and then the conversation."""
        if not hasattr(self, "world") or not self.world.log:
            return
        answer = {"transfer": FULL} if self.end == 1 else {"transfer": ONE_TIME} if self.end == 2 else {}
        accept = {"agent": AGENTS[0]} if self.end % 2 else {}
        self.world.run_out(carry=self.end > 0, answer=answer, accept=accept)
        assert self.is_closed


class BusinessLife(Life):
    """The same where the channel has humans of its own, who come and go as they like."""

    chains = (("channel", "two"), ("channel",))

    @rule(agent=agents, said=st.booleans())
    def a_human_takes_over(self, agent: object, said: bool) -> None:
        if self.is_closed and not self.world.conversation.blocked:
            self.world = World(self.policy)
        elif self.is_closed:
            return
        if said:
            self.world.happen(HumanWrote(client=CLIENT, agent=agent, message=WORDS))
        else:
            self.world.happen(HumanJoined(client=CLIENT, agent=agent))
        assert self.world.conversation.floor is Floor.AGENT

    @rule(outcome=endings)
    def the_humans_leave(self, outcome: Outcome) -> None:
        if self.world.log:
            self.world.happen(HumanLeft(client=CLIENT, outcome=outcome))
            handoff = self.world.conversation.handoff
            for name, session in self.world.sessions.items():
                session.over |= session.platform == "channel" and not (handoff and handoff.session == name)


class StaffedBotLife(Life):
    """The same where the bot has agents behind it: questions and words for them share a lane."""

    chains = (("bot", "two"), ("bot",), ("one", "bot"))


PROFILE = settings(
    max_examples=int(LONG) if LONG else 80,
    stateful_step_count=80 if LONG else 50,
    deadline=None,
    phases=[Phase.reuse, Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)

TestAnyOrder = Life.TestCase
TestAnyOrder.settings = PROFILE
TestAnyOrderInABusinessChannel = BusinessLife.TestCase
TestAnyOrderInABusinessChannel.settings = PROFILE
TestAnyOrderWithABotThatHasAgents = StaffedBotLife.TestCase
TestAnyOrderWithABotThatHasAgents.settings = PROFILE
