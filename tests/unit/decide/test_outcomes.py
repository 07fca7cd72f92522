from __future__ import annotations

from gateway.events import CloseSession, EffectDone, EffectFailed
from tests.unit.decide.story import (
    BUSINESS,
    JOINED,
    LOST,
    OPENING,
    OVER,
    QUEUED,
    TALKED,
    Case,
    Then,
    agent,
    agents_have,
    client,
    client_cannot_have,
    client_has,
    client_waits_for,
    client_was_spared,
    deed,
    human,
    leaves_agent,
    refuses,
    table,
    timer,
)

OUTCOME_CASES = {
    "what agents have is confirmed": Case(
        (*QUEUED, client("hello?")),
        agents_have(7),
        Then(log=[], does=[], state={"handoff.unconfirmed": (), "handoff.live": (7,)}),
    ),
    "what agents of an old session have confirms nothing": Case(
        (*OPENING, client("hello?"), refuses()),
        lambda story: EffectDone(effect=next(e for e in story.effects if deed(e) == "send 5 to one")),
        Then(state={"handoff.unconfirmed": (5,)}),
    ),
    "a delay is told to the author": Case(TALKED, client_waits_for(2), Then(log=["2 delayed to channel"])),
    "an arrival after a delay is told": Case(TALKED, client_has(2, delayed=True), Then(log=["2 arrived to channel"])),
    "an ordinary arrival is no news": Case(TALKED, client_has(2), Then(log=[], does=[])),
    "a message given up is told": Case(
        (*JOINED, agent("hi")), client_cannot_have(9), Then(log=["9 failed to channel"])
    ),
    "a bot's word held back is told": Case(
        (*TALKED, human("mine")), client_was_spared(2), Then(log=["2 superseded to channel"], stale=True), on=BUSINESS
    ),
    "late outcomes are told after the close as well": Case(
        OVER, client_cannot_have(2), Then(log=["2 failed to channel"], floor="closed")
    ),
    "a session that could not be closed is nobody's message": Case(
        (*JOINED, leaves_agent()),
        lambda story: EffectFailed(effect=story.newest(CloseSession), reason="down", outcome=LOST),
        Then(log=[], does=[], floor="bot"),
    ),
    "an unknown timer is nothing": Case(JOINED, timer("from an older version"), Then(log=[], does=[])),
}


@table(OUTCOME_CASES)
def test_outcome(case):
    case.check()
