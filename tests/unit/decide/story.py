"""Tables that read like prose: given what happened before, when this happens, then the rules decide so.

Everything in a table is a step: a function from what was told so far to an event. `told` runs the steps through
`decide`; entries, effects and timers are compared as short lines of words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from gateway.conversation import Conversation
from gateway.decide import Decision, Policy, decide
from gateway.entries import Entry
from gateway.events import (
    Action,
    AgentJoined,
    AgentNoted,
    AgentWrote,
    AskBot,
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
    CloseSession,
    Effect,
    EffectDelayed,
    EffectDone,
    EffectFailed,
    EffectStale,
    Event,
    HumanJoined,
    HumanLeft,
    HumanWrote,
    OpenSession,
    QueueMoved,
    SendToAgent,
    SendToClient,
    SessionEnded,
    SessionMoved,
    SessionOpened,
    TellChannel,
    Timer,
    TimerFired,
)
from gateway.model import Buttons, Message, Outcome, Peer, Pressed, Text, Transfer, text_message
from tests.unit.decide.world import CLIENT, route

BO = Peer(id="bo", name="Bo")
CLEO = Peer(id="cleo", name="Cleo")

OFFLINE, REFUSED, LOST = Outcome.OFFLINE, Outcome.REFUSED, Outcome.PLATFORM_LOST
RETURNED, CLOSED, WAIT_TIMEOUT = Outcome.RETURNED, Outcome.CLOSED, Outcome.WAIT_TIMEOUT

TALKING = route()
"""A route with a bot and two platforms; its channel is sent to and shows words only."""
TAILING = route(tails=True)
ONE_PLATFORM = route(chain=("one",))
NO_BOT = route(bot="")
NO_PLATFORM = route(chain=())
STAFFED_BOT = route(chain=("bot", "two"))
"""The bot has agents behind it."""
BUSINESS = route(chain=("channel",))
BUSINESS_AND_DESK = route(chain=("channel", "two"))


class Told:
    """A conversation as far as it has been told."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.now = 1000.0
        self.conversation = Conversation(
            id="c", channel=policy.channel, route="route", client=CLIENT, started_at=self.now, active_at=self.now
        )
        self.log: list[Entry] = []
        self.effects: list[Effect] = []
        self.sessions: list[str] = []

    def tell(self, step: Step) -> Decision:
        event = step(self)
        decision = decide(self.conversation, event, self.policy, self.now)
        self.conversation = decision.conversation
        self.log += decision.entries
        self.effects += decision.effects
        handoff = decision.conversation.handoff
        if handoff and handoff.session not in self.sessions:
            self.sessions.append(handoff.session)
        return decision

    def newest(self, kind: type[Action], number: int | None = None) -> Effect:
        """Return the newest effect of a kind (about an entry)."""
        return next(
            effect
            for effect in reversed(self.effects)
            if isinstance(effect.action, kind) and number in {None, getattr(effect.action, "number", None)}
        )

    def __str__(self) -> str:
        return "\n".join(f"{entry.number:3} {entry.floor:8} {words(entry)}" for entry in self.log)


Step = Callable[[Told], Event]


def told(*steps: Step, on: Policy = TALKING) -> Told:
    """Tell a story up to here."""
    story = Told(on)
    for step in steps:
        story.tell(step)
    return story


# --- what the client does --------------------------------------------------------------------------------------------


def client(text: str = "hello", **details: Any) -> Step:
    return lambda _: ClientWrote(client=CLIENT, message=text_message(text), **details)


def client_presses(value: str, text: str = "") -> Step:
    message = Message(contents=(Pressed(value=value, text=text),))
    return lambda _: ClientWrote(client=CLIENT, message=message)


def opens_chat(payload: str = "", **details: Any) -> Step:
    return lambda _: ClientStarted(client=CLIENT, payload=payload, **details)


def changes(client: Peer = CLIENT, **details: Any) -> Step:
    return lambda _: ClientChanged(client=client, **details)


def asks(destination: str = "", **transfer: Any) -> Step:
    """The channel asks for a human."""
    return lambda _: ClientAsked(client=CLIENT, transfer=Transfer(destination=destination, **transfer))


def leaves_agent() -> Step:
    return lambda _: ClientLeftAgent(client=CLIENT)


def closes_chat(reason: str = "") -> Step:
    return lambda _: ClientClosed(client=CLIENT, reason=reason)


# --- what the bot does -----------------------------------------------------------------------------------------------


def bot(*texts: str, about: int | None = None, delayed: bool = False, **answer: Any) -> Step:
    """The bot answers the newest turn, or the one about an entry."""
    return lambda story: BotReplied(
        effect=replace(story.newest(AskBot, about), delayed=delayed), messages=tuple(map(text_message, texts)), **answer
    )


def transfers(about: int | None = None, **fields: Any) -> Step:
    """The bot answers with a transfer."""
    return bot(about=about, transfer=Transfer(**fields))


def bot_fails(about: int | None = None) -> Step:
    return lambda story: EffectFailed(effect=story.newest(AskBot, about), reason="down")


def bot_is_fenced_off() -> Step:
    return lambda story: EffectStale(effect=story.newest(AskBot))


def bot_says(*texts: str, **details: Any) -> Step:
    """The bot speaks unasked."""
    return lambda _: BotSpoke(conversation="c", messages=tuple(map(text_message, texts)), **details)


# --- what platforms and agents do. `session`: counted from 0 in the order they were opened ---------------------------


def accepts(session: int = -1, **details: Any) -> Step:
    return lambda story: SessionOpened(effect=_opening(story, session), **details)


def refuses(outcome: Outcome | None = REFUSED, session: int = -1) -> Step:
    return lambda story: EffectFailed(effect=_opening(story, session), reason="no", outcome=outcome)


def _opening(story: Told, session: int) -> Effect:
    wanted = OpenSession(session=story.sessions[session])
    return next(effect for effect in story.effects if effect.action == wanted)


def joins(agent: Peer = BO, session: int = -1, **details: Any) -> Step:
    return lambda story: AgentJoined(session=story.sessions[session], agent=agent, **details)


def agent(text: str = "good day", who: Peer = BO, session: int = -1) -> Step:
    return lambda story: AgentWrote(session=story.sessions[session], agent=who, message=text_message(text))


def notes(text: str) -> Step:
    return lambda story: AgentNoted(session=story.sessions[-1], agent=BO, text=text)


def forwards(to: str = "sales") -> Step:
    return lambda story: SessionMoved(session=story.sessions[-1], destination=to, destination_name=to.title(), agent=BO)


def ends(outcome: Outcome = CLOSED, session: int = -1, **details: Any) -> Step:
    return lambda story: SessionEnded(session=story.sessions[session], outcome=outcome, **details)


def queue_moves(position: int | None) -> Step:
    return lambda story: QueueMoved(session=story.sessions[-1], position=position)


def describes(name: str = "", **attributes: str) -> Step:
    return lambda story: ClientDescribed(session=(story.sessions or ["c.1"])[-1], name=name, attributes=attributes)


def blocks(*, blocked: bool = True) -> Step:
    return lambda story: ClientBlocked(session=(story.sessions or ["c.1"])[-1], agent=BO, blocked=blocked)


def human_joins(who: Peer = BO) -> Step:
    return lambda _: HumanJoined(client=CLIENT, agent=who)


def human(text: str = "good day", who: Peer = BO) -> Step:
    return lambda _: HumanWrote(client=CLIENT, agent=who, message=text_message(text))


def humans_leave(outcome: Outcome = RETURNED, note: str = "") -> Step:
    return lambda _: HumanLeft(client=CLIENT, outcome=outcome, note=note)


# --- what becomes of messages, and the clock -------------------------------------------------------------------------


def agents_have(number: int) -> Step:
    return lambda story: EffectDone(effect=story.newest(SendToAgent, number))


def agents_cannot_have(number: int, outcome: Outcome | None = None) -> Step:
    return lambda story: EffectFailed(effect=story.newest(SendToAgent, number), reason="no", outcome=outcome)


def client_has(number: int, *, delayed: bool = False) -> Step:
    return lambda story: EffectDone(effect=replace(story.newest(SendToClient, number), delayed=delayed))


def client_waits_for(number: int) -> Step:
    return lambda story: EffectDelayed(effect=story.newest(SendToClient, number), reason="busy")


def client_cannot_have(number: int) -> Step:
    return lambda story: EffectFailed(effect=story.newest(SendToClient, number), reason="gone")


def client_was_spared(number: int) -> Step:
    return lambda story: EffectStale(effect=story.newest(SendToClient, number))


def timer(name: str, after: float = 0.0) -> Step:
    """A timer fires, `after` so many seconds of silence."""

    def fired(story: Told) -> Event:
        story.now += after
        return TimerFired(timer=Timer(conversation="c", name=name, due_at=story.now, epoch=0))

    return fired


# --- where stories begin ---------------------------------------------------------------------------------------------

FRESH: tuple[Step, ...] = ()
TALKED = (client("hello"), bot("hi"))
"""The bot has the floor; entries 1 and 2; nothing is open."""
ASKED = (*TALKED, client("question"))
"""The bot has the floor, and a turn about entry 3."""
OPENING = (*ASKED, transfers())
"""The bot has transferred (entry 4); the first platform was asked."""
QUEUED = (*OPENING, accepts(position=3))
"""The first platform has accepted: `queued` is entry 5; where words are needed, they are entry 6."""
JOINED = (*QUEUED, joins(BO))
"""An agent has the dialog."""
STANDBY = (*ASKED, transfers(one_time_message=True, first_message="call me"), accepts())
"""A one-time message (entry 4) waits with agents; the bot has the floor."""
OVER = (*TALKED, closes_chat())


# --- what follows ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Then:
    """What is expected. None: not looked at."""

    log: list[str] | None = None
    does: list[str] | None = None
    floor: str | None = None
    epochs: int | None = None
    """By how much the epoch grows."""
    timers: set[str] | None = None
    """Set, like `accept 30`, or stopped, like `-accept`."""
    drops: set[str] | None = None
    stale: bool = False
    raises: type[Exception] | None = None
    state: Mapping[str, object] = field(default_factory=dict)
    """Fields of the conversation, or of its handoff (`handoff.live`)."""


@dataclass(frozen=True)
class Case:
    """One row: `given` these steps, `when` this one comes, `then` so."""

    given: tuple[Step, ...]
    when: Step
    then: Then
    on: Policy = TALKING

    def check(self) -> None:
        story = told(*self.given, on=self.on)
        before = story.conversation
        if self.then.raises:
            with pytest.raises(self.then.raises):
                story.tell(self.when)
            return
        decision = story.tell(self.when)
        seen = seen_in(before, decision, story.now)
        wanted = {key: value for key in seen if (value := getattr(self.then, key)) is not None}
        assert {key: seen[key] for key in wanted} == wanted, f"\n{story}"
        state = {name: _field(decision.conversation, name) for name in self.then.state}
        assert state == dict(self.then.state), f"\n{story}"


def seen_in(before: Conversation, decision: Decision, now: float) -> dict[str, object]:
    """Return what a decision does, in words."""
    return {
        "log": [words(entry) for entry in decision.entries],
        "does": [deed(effect) for effect in decision.effects],
        "floor": decision.conversation.floor.value,
        "epochs": decision.conversation.epoch - before.epoch,
        "timers": {f"{timer.name} {timer.due_at - now:g}" for timer in decision.timers}
        | {f"-{name}" for name in decision.cancelled_timers},
        "drops": set(decision.cancelled_lanes),
        "stale": decision.stale,
    }


def _field(conversation: Conversation, name: str) -> object:
    value: object = conversation
    for part in name.split("."):
        value = getattr(value, part)
    return value


def words(entry: Entry) -> str:
    """Return an entry in a few words."""
    return " ".join(part for part in WORDS.get(entry.body.type, lambda body: [body.type])(entry.body) if part)


def _said(body: Any) -> list[str]:
    shown = [each.text for each in body.message.contents if isinstance(each, Text)]
    pressed = [f"[{each.text or each.value}]" for each in body.message.contents if isinstance(each, Pressed)]
    offered = [
        f"[{button.text}]" for each in body.message.contents if isinstance(each, Buttons) for button in each.buttons
    ]
    return [f"{body.role}:", *shown, *pressed, *offered]


def _in_brackets(text: str) -> str:
    return f"({text})" if text else ""


WORDS: Mapping[str, Callable[[Any], list[str]]] = {
    "said": _said,
    "declined": lambda body: ["declined", body.platform or "nobody", body.outcome, _in_brackets(body.reason)],
    "left": lambda body: ["left", body.platform or "nobody", body.outcome, _in_brackets(body.note)],
    "queued": lambda body: ["queued", body.platform, f"#{body.position}" if body.position else ""],
    "joined": lambda body: [
        f"joined {body.platform} {body.agent.id}",
        "unasked" if body.takeover else "",
        f"[{body.close_button}]" if body.close_button else "",
    ],
    "moved": lambda body: [f"moved to {body.destination_name}"],
    "noted": lambda body: [f"noted: {body.text}"],
    "delivery": lambda body: [f"{body.number} {body.state} to {body.to}"],
    "bot_failed": lambda body: [f"bot failed at {body.number}"],
    "closed": lambda body: [f"closed by {body.by}", _in_brackets(body.reason)],
    "changed": lambda body: [
        "changed",
        *(f"{key}={value}" for key, value in body.attributes.items()),
        "who" if body.client else "",
    ],
}


def deed(effect: Effect) -> str:
    """Return an effect in a few words."""
    match effect.action:
        case AskBot(number=number):
            return f"ask {effect.target} about {number}"
        case SendToClient(number=number):
            return f"show {number}"
        case TellChannel(number=number):
            return f"tell of {number}"
        case OpenSession():
            return f"open {effect.target}"
        case SendToAgent(number=number):
            return f"send {number} to {effect.target}"
        case CloseSession(outcome=outcome):
            return f"close {effect.target}: {outcome}"


def table(cases: Mapping[str, Case]) -> pytest.MarkDecorator:
    """Parametrise a test by claims."""
    return pytest.mark.parametrize("case", cases.values(), ids=cases.keys())


TRY_AGAIN = "Sorry, I could not answer that just now. Please try again."
NOBODY = "Nobody is available right now. Please write again later."
OVER_TEXT = "This conversation is closed. Write again any time."
