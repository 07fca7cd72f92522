from __future__ import annotations

from dataclasses import replace

from gateway.texts import Texts
from tests.unit.decide.story import (
    ASKED,
    BUSINESS,
    CLOSED,
    JOINED,
    OPENING,
    OVER,
    OVER_TEXT,
    QUEUED,
    STANDBY,
    TALKED,
    TALKING,
    Case,
    Then,
    agent,
    bot,
    closes_chat,
    ends,
    human,
    table,
    timer,
    transfers,
)

GONE = {"-accept", "-wait", "-agent", "-idle"}

ENDING_CASES = {
    "the client closes while the bot thinks: nothing more is asked": Case(
        ASKED,
        closes_chat("left the page"),
        Then(
            log=["closed by client (left the page)"],
            does=[],
            floor="closed",
            epochs=1,
            drops={"bot"},
            timers={"-idle"},
            state={"turns": ()},
        ),
    ),
    "the client closes before a platform answered": Case(
        OPENING, closes_chat(), Then(does=["close one: client_left"], drops={"one", "bot"}, floor="closed", timers=GONE)
    ),
    "the client closes in the queue": Case(
        QUEUED, closes_chat(), Then(log=["closed by client"], does=["close one: client_left"], timers=GONE)
    ),
    "the client closes while an agent is there": Case(
        JOINED, closes_chat(), Then(does=["close one: client_left"], floor="closed", timers=GONE)
    ),
    "the client closes during standby": Case(
        STANDBY, closes_chat(), Then(does=["close one: client_left"], timers=GONE)
    ),
    "the client closes in a business channel": Case(
        (*TALKED, human("hi")), closes_chat(), Then(does=["close channel: client_left"]), on=BUSINESS
    ),
    "closing twice is closing once": Case(OVER, closes_chat(), Then(log=[], does=[], epochs=0)),
    "a bot's good-bye is enough": Case(ASKED, bot("bye", close=True), Then(log=["bot: bye", "closed by bot"])),
    "a silent conversation closes without a word": Case(
        TALKED, timer("idle", after=86400), Then(log=["closed by system (idle)"], does=[], floor="closed")
    ),
    "a conversation that is not silent goes on": Case(
        TALKED, timer("idle", after=400), Then(log=[], floor="bot", timers={"idle 86000"})
    ),
    "an agent who has spoken last does not hold the floor for ever": Case(
        (*JOINED, agent("anything else?")),
        timer("idle", after=86400),
        Then(
            log=["system: " + OVER_TEXT, "closed by system (idle)"],
            does=["close one: closed", "show 10"],
            floor="closed",
            timers=GONE,
        ),
    ),
    "an idle time-out switched off since it was set is nothing": Case(
        TALKED, timer("idle", after=86400), Then(log=[], floor="bot", timers=set()), on=replace(TALKING, idle_timeout=0)
    ),
    "time-outs of nothing are not set": Case(
        ASKED, transfers(), Then(timers={"-accept"}), on=replace(TALKING, accept_timeout=0)
    ),
    "nothing fires after the close": Case(OVER, timer("idle", after=86400), Then(log=[], floor="closed")),
    "an operator may have nothing said": Case(
        (*JOINED,),
        ends(CLOSED, close=True),
        Then(log=["closed by agent"], does=[]),
        on=replace(TALKING, texts=Texts(overrides={"closed": {"": ""}})),
    ),
}


@table(ENDING_CASES)
def test_ending(case):
    case.check()
