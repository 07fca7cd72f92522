"""A world around `decide`: lanes, clocks and people behave as the dispatcher and real life do, only in any order.

`World` carries decisions out and keeps its own account of who heard what, so that the rules can be checked against
something else than themselves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from gateway import fence
from gateway.capabilities import EVERYTHING, Capabilities
from gateway.conversation import Conversation, Floor, Stage
from gateway.decide import Decision, Policy, decide
from gateway.entries import BotFailed, Delivery, DeliveryState, Entry, Left, Said
from gateway.events import (
    AskBot,
    BotReplied,
    ClientWrote,
    CloseSession,
    Effect,
    EffectDelayed,
    EffectDone,
    EffectFailed,
    EffectStale,
    Event,
    OpenSession,
    SendToAgent,
    SendToClient,
    SessionOpened,
    Timer,
    TimerFired,
)
from gateway.model import Outcome, Peer, Role
from gateway.wire import from_bytes, to_bytes

CLIENT = Peer(id="client-1", name="Ann")
AGENTS = (Peer(id="agent-1", name="Bo"), Peer(id="agent-2"))
LEAVE = "back to the bot"
Answer = Mapping[str, object]
"""Fields of the event that ends a call."""
NOTHING: Answer = MappingProxyType({})


@dataclass
class Session:
    """What a platform knows of a session."""

    platform: str
    history: frozenset[int]
    live: dict[int, int] = field(default_factory=dict)
    """Effect number -> entry number, in order of arrival."""
    over: bool = False


class World:
    """One conversation, and everybody around it."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.now = 1000.0
        self.conversation = Conversation(
            id="c", channel=policy.channel, route=policy.route, client=CLIENT, started_at=self.now, active_at=self.now
        )
        self.log: list[Entry] = []
        self.lanes: defaultdict[str, list[Effect]] = defaultdict(list)
        self.busy: dict[str, bool] = {}
        """Targets whose lane has its head under way -> whether the call gets through."""
        self.timers: dict[str, Timer] = {}
        self.outcomes: list[Event] = []
        self.sessions: dict[str, Session] = {}
        self.shown: list[int] = []
        """Entries that reached the client through a channel that is sent to."""
        self.answered: Counter[int] = Counter()
        """Client entries the bot's answer to which counted."""
        self.confirmed: set[int] = set()
        """Client entries that agents have for certain."""
        self.phrases: set[int] = set()
        """Client entries that were a close phrase."""
        self.floors = {self.conversation.epoch: self.conversation.floor}

    # --- a step --------------------------------------------------------------------------------------------------

    def happen(self, event: Event) -> Decision:
        """Let the rules decide, and do as they say."""
        before = self.conversation
        decision = decide(before, event, self.policy, self.now)
        self._check_step(before, decision)
        self._account(event, decision)
        self.conversation = decision.conversation
        self.log += decision.entries
        for target, dropped in decision.cancelled_lanes.items():
            head = self.lanes[target][: target in self.busy]
            rest = self.lanes[target][len(head) :]
            self.lanes[target] = head + [effect for effect in rest if effect.number not in dropped]
        for effect in decision.effects:
            self.lanes[effect.target].append(effect)
        for name in decision.cancelled_timers:
            self.timers.pop(name, None)
        self.timers |= {timer.name: timer for timer in decision.timers}
        return decision

    def _account(self, event: Event, decision: Decision) -> None:
        match event:
            case BotReplied(effect=Effect(action=AskBot(number=number))) if not decision.stale:
                self.answered[number] += 1
            case EffectDone(effect=Effect(action=SendToAgent(session=session, number=number))):
                handoff = self.conversation.handoff
                if handoff and handoff.session == session:
                    self.confirmed.add(number)
            case ClientWrote() if any(_is_leaving(entry) for entry in decision.entries):
                self.phrases |= {entry.number for entry in decision.entries if _is_clients(entry)}
            case _:
                pass

    # --- lanes ---------------------------------------------------------------------------------------------------

    def open_lanes(self) -> list[str]:
        return sorted(target for target, lane in self.lanes.items() if lane and target not in self.busy)

    def begin(self, target: str, *, reaches: bool) -> None:
        """Make the call at the head of a lane, unless the fence holds it back."""
        effect = self.lanes[target][0]
        if self._is_stale(effect):
            self.lanes[target].pop(0)
            self.happen(EffectStale(effect=effect))
            return
        self.busy[target] = reaches
        if reaches:
            self._reach(effect)

    def _is_stale(self, effect: Effect) -> bool:
        shown = self.entry(effect.action.number) if isinstance(effect.action, SendToClient) else None
        try:
            fence.check(effect, self.conversation, shown)
        except fence.Stale:
            return True
        return False

    def _reach(self, effect: Effect) -> None:
        """The call gets through: the other side has it, whatever we hear of that. It knows what it has already."""
        match effect.action:
            case SendToClient(number=number):
                self._reach_client(number)
            case OpenSession(session=session):
                self._reach_platform(session, effect.target)
            case SendToAgent(session=session, number=number) if session in self.sessions:
                self.sessions[session].live.setdefault(effect.number, number)
            case CloseSession(session=session) if session in self.sessions:
                self.sessions[session].over = True
            case _:
                pass

    def _reach_client(self, number: int) -> None:
        if number in self.shown:
            return
        assert not self.shown or self.shown[-1] < number, "the client sees messages in the order of the log"
        if self.said(number).role is Role.BOT:
            humans = [epoch for epoch, floor in self.floors.items() if floor is Floor.AGENT]
            assert self.conversation.floor is not Floor.AGENT, "the bot speaks over an agent"
            assert self.entry(number).epoch > max(humans, default=0), "the bot's old words come after an agent's"
        self.shown.append(number)

    def _reach_platform(self, session: str, platform: str) -> None:
        handoff = self.conversation.handoff
        assert handoff
        history = {n for n in self.client_words() if n <= handoff.upto and n not in handoff.live}
        self.sessions.setdefault(session, Session(platform=platform, history=frozenset(history)))

    def finish(self, target: str, how: str, **answer: object) -> None:
        """End the call: `ok` (with an answer), `again`, `slow`, `permanent`, `lost`, `refused`, `offline`."""
        reached = self.busy.pop(target)
        effect = self.lanes[target][0]
        if how in {"again", "slow"} or (how == "ok" and not reached):
            self._try_again(target, effect, slow=how == "slow")
            return
        if reached and how in {"refused", "offline"}:
            how = "lost"
        self.lanes[target].pop(0)
        self._is_over(effect, how)
        self.outcome(self._outcome(effect, how, **answer))

    def _is_over(self, effect: Effect, how: str) -> None:
        """A session is over when its platform says so, or cannot be told."""
        session = self.sessions.get(getattr(effect.action, "session", ""))
        if session and (how in {"refused", "offline"} or (how != "ok" and isinstance(effect.action, CloseSession))):
            session.over = True

    def outcome(self, event: Event) -> None:
        self.outcomes.append(event)
        self.happen(event)

    def _try_again(self, target: str, effect: Effect, *, slow: bool) -> None:
        later = replace(effect, attempts=effect.attempts + 1, delayed=effect.delayed or slow)
        self.lanes[target][0] = later
        if slow and not effect.delayed:
            self.happen(EffectDelayed(effect=later, reason="slow"))

    def _outcome(self, effect: Effect, how: str, **answer: object) -> Event:
        if how != "ok":
            lost = {"lost": Outcome.PLATFORM_LOST, "refused": Outcome.REFUSED, "offline": Outcome.OFFLINE}
            return EffectFailed(effect=effect, reason=how, outcome=lost.get(how))
        match effect.action:
            case AskBot():
                return BotReplied(effect=effect, **answer)  # type: ignore[arg-type]
            case OpenSession(session=session):
                return SessionOpened(effect=effect, remote=f"remote-{session}", **answer)  # type: ignore[arg-type]
            case _:
                return EffectDone(effect=effect)

    def fire(self, name: str) -> None:
        timer = self.timers.pop(name)
        self.now = max(self.now, timer.due_at)
        self.happen(TimerFired(timer=timer))

    # --- reading -------------------------------------------------------------------------------------------------

    def entry(self, number: int) -> Entry:
        return self.log[number - 1]

    def said(self, number: int) -> Said:
        body = self.entry(number).body
        assert isinstance(body, Said), f"{body} is not a message"
        return body

    def client_words(self) -> list[int]:
        return [entry.number for entry in self.log if _is_clients(entry)]

    def undeliverable(self) -> set[int]:
        failed = {
            e.body.number for e in self.log if isinstance(e.body, Delivery) and e.body.state is DeliveryState.FAILED
        }
        return failed & set(self.client_words())

    def asked(self) -> list[int]:
        """Return the entries of the turns the bot is going to be, or is being, asked about."""
        lane = self.lanes[self.policy.bot]
        return [e.action.number for e in lane if isinstance(e.action, AskBot) and e.epoch == self.conversation.epoch]

    def ways_to_agent(self, session: str, number: int) -> int:
        """Count how often an entry is, or is going to be, in front of the agent."""
        known = self.sessions[session]
        sends = {effect for effect, entry in known.live.items() if entry == number}
        sends |= {
            effect.number
            for effect in self.lanes[known.platform]
            if effect.action == SendToAgent(session=session, number=number)
        }
        return len(sends) + (number in known.history)

    # --- what must hold ------------------------------------------------------------------------------------------

    def _check_step(self, before: Conversation, decision: Decision) -> None:
        after = decision.conversation
        assert after.version == before.version + 1
        assert [entry.number for entry in decision.entries] == list(range(before.head + 1, after.head + 1))
        assert all(before.effects < effect.number <= after.effects for effect in decision.effects)
        assert (after.epoch == before.epoch) <= (after.floor is before.floor), "a floor changed without its epoch"
        for epoch, floor in [*((e.epoch, e.floor) for e in decision.entries), (after.epoch, after.floor)]:
            assert self.floors.setdefault(epoch, floor) is floor, "one epoch, one floor"
            assert self.floors.get(epoch - 1) is not floor, "the epoch grew although the floor stayed"
        for value in (after, *decision.entries, *decision.effects, *decision.timers):
            assert from_bytes(type(value), to_bytes(value)) == value, "what is stored comes back the same"
        self._check_speakers(decision)
        self._check_addressees(decision)

    def _check_speakers(self, decision: Decision) -> None:
        for entry in decision.entries:
            if isinstance(entry.body, Said) and entry.body.role in {Role.BOT, Role.AGENT}:
                floor = Floor.BOT if entry.body.role is Role.BOT else Floor.AGENT
                assert entry.floor is floor, f"{entry.body.role} spoke while the floor was {entry.floor}"

    def _check_addressees(self, decision: Decision) -> None:
        log = {entry.number: entry for entry in [*self.log, *decision.entries]}
        for effect in decision.effects:
            match effect.action:
                case SendToAgent(number=number):
                    assert _is_clients(log[number]), "agents are sent what the client said"
                case SendToClient(number=number):
                    assert isinstance(log[number].body, Said) and not _is_clients(log[number])
                    assert not self.policy.shows.tails_log
                case AskBot(number=number):
                    assert not self.answered[number], "the bot answers a client's word once"
                    assert number not in self.confirmed, "agents have it: the bot must not answer it as well"
                case _:
                    pass

    def check(self) -> None:
        """Check everything that holds between any two steps."""
        self._check_floor()
        self._check_timers()
        self._check_turns()
        self._check_nobody_unheard()
        self._check_agents_hear_all_once()
        for lane in self.lanes.values():
            assert [effect.number for effect in lane] == sorted(effect.number for effect in lane), "lanes are FIFO"
        for session in self.sessions.values():
            assert list(session.live.values()) == sorted(session.live.values()), "agents read in the order of the log"

    def _check_floor(self) -> None:
        handoff, floor = self.conversation.handoff, self.conversation.floor
        if handoff is None:
            assert floor in {Floor.BOT, Floor.CLOSED}
        elif handoff.stage is Stage.JOINED:
            assert floor is Floor.AGENT and handoff.agent
        else:
            assert floor is (Floor.BOT if handoff.transfer.one_time_message else Floor.WAITING)
        if floor is Floor.CLOSED:
            assert not self.conversation.turns and not self.conversation.cues

    def _check_timers(self) -> None:
        """Every state that waits has its deadline, and nothing else has one."""
        handoff, floor = self.conversation.handoff, self.conversation.floor
        wanted = set() if floor is Floor.CLOSED or not self.log else {"idle"}
        if handoff and handoff.stage is Stage.OPENING:
            wanted.add("accept")
        if handoff and handoff.stage is Stage.QUEUED and floor is Floor.WAITING:
            wanted.add("wait")
        if handoff and handoff.unanswered_since is not None:
            wanted.add("agent")
        if self.conversation.again_at is not None:
            assert floor is Floor.BOT, "only the bot waits to speak again"
            wanted.add("again")
        assert set(self.timers) == wanted

    def _check_turns(self) -> None:
        open_turns = {*self.conversation.turns, *self.conversation.cues}
        if self.conversation.floor is Floor.BOT:
            assert sorted(self.asked()) == sorted(open_turns), "every open turn is asked once"
        else:
            assert not open_turns

    def _check_nobody_unheard(self) -> None:
        """While the conversation lives, every word of the client was heard by somebody, or is on its way there."""
        if self.conversation.floor is Floor.CLOSED:
            return
        handoff = self.conversation.handoff
        pending = {*self.conversation.turns, *(handoff.unconfirmed if handoff else ())}
        failed = {entry.body.number for entry in self.log if isinstance(entry.body, BotFailed)}
        unheard = set(self.client_words()) - pending - failed - set(self.answered) - self.confirmed
        unheard -= self.undeliverable() | self.phrases | self._heard_by_humans()
        assert not unheard, f"nobody hears {unheard}"

    def _heard_by_humans(self) -> set[int]:
        """What the humans of a business channel see, they see in their own channel."""
        joined = [e.number for e in self.log if e.floor is Floor.AGENT and not self.relaying(e)]
        return {n for n in self.client_words() if joined and n <= joined[-1]}

    def relaying(self, entry: Entry) -> bool:
        """Tell whether the agent who had the floor at an entry was on a platform that is relayed to."""
        joins = [e.body for e in self.log[: entry.number] if e.body.type == "joined"]
        return bool(joins) and self.policy.relays_to(joins[-1].platform)

    def _check_agents_hear_all_once(self) -> None:
        handoff = self.conversation.handoff
        if not handoff or handoff.stage is not Stage.JOINED or handoff.session not in self.sessions:
            return
        if not self.policy.relays_to(handoff.platform):
            return
        for number in set(self.client_words()) - self.undeliverable() - self.phrases:
            ways = self.ways_to_agent(handoff.session, number)
            assert ways == 1, f"the agent hears entry {number} {ways} times"

    # --- letting the clock run -------------------------------------------------------------------------------------

    def run_out(self, *, carry: bool, answer: Answer, accept: Answer) -> None:
        """Let time pass with nobody doing anything: every wait ends, and at last the conversation does."""
        for _ in range(1000):
            self.check()
            if carry and (self.busy or self.open_lanes()):
                self.carry_one(next(iter(self.busy), "") or self.open_lanes()[0], answer, accept)
            elif not self.timers:
                left = {name for name, session in self.sessions.items() if not session.over}
                assert not (carry and left), f"nobody told the platform that {left} is over"
                return
            else:
                self.fire(min(self.timers, key=lambda name: self.timers[name].due_at))
        raise AssertionError(f"still {self.conversation.floor} with {self.timers} after all this time")

    def carry_one(
        self, target: str, answer: Answer = MappingProxyType({}), accept: Answer = MappingProxyType({})
    ) -> None:
        """Have the call at the head of a lane succeed, unless it is fenced off (or did not get through: then again)."""
        if target not in self.busy:
            self.begin(target, reaches=True)
        if target in self.busy:
            kind = type(self.lanes[target][0].action)
            self.finish(target, "ok", **{AskBot: answer, OpenSession: accept}.get(kind, {}))


def _is_clients(entry: Entry) -> bool:
    return isinstance(entry.body, Said) and entry.body.role is Role.CLIENT


def _is_leaving(entry: Entry) -> bool:
    return isinstance(entry.body, Left) and entry.body.outcome is Outcome.CLIENT_LEFT


PLAIN = Capabilities()
TAILING = replace(EVERYTHING, tails_log=True)


def route(*, bot: str = "bot", chain: tuple[str, ...] = ("one", "two"), tails: bool = False) -> Policy:
    """Return the policy of a route. The business channel is called `channel`, as every channel here."""
    return Policy(
        route="route",
        channel="channel",
        shows=TAILING if tails else PLAIN,
        bot=bot,
        chain=chain,
        platforms={name: EVERYTHING for name in chain if name != "channel"},
        history=10_000,
        close_phrases=(LEAVE,),
    )
