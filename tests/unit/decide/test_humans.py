"""A business channel: it has the client and the agents, nothing is relayed, and humans speak when they like."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.decide.story import (
    ASKED,
    BUSINESS,
    BUSINESS_AND_DESK,
    CLEO,
    FRESH,
    LOST,
    OFFLINE,
    OVER,
    TALKED,
    Case,
    Then,
    accepts,
    client,
    human,
    human_joins,
    humans_leave,
    joins,
    refuses,
    table,
    timer,
    transfers,
)
from tests.unit.decide.world import LEAVE

INVITED = (*ASKED, transfers(), accepts())
HANDING_BACK = replace(BUSINESS, shows=replace(BUSINESS.shows, hands_back=True))

HUMAN_CASES = {
    "a transfer is an invitation in the channel itself": Case(
        ASKED, transfers(), Then(does=["open channel"], floor="waiting", timers={"accept 30"}), on=BUSINESS
    ),
    "what the client says while waiting is heard there, and kept in case nobody comes": Case(
        INVITED,
        client("hello?"),
        Then(does=[], state={"handoff.live": (7,), "handoff.unconfirmed": (7,)}),
        on=BUSINESS,
    ),
    "an invited human takes the floor, and the channel says so itself": Case(
        (*INVITED, client("hello?")),
        human_joins(),
        Then(log=["joined channel bo"], does=[], floor="agent", epochs=1, state={"handoff.unconfirmed": ()}),
        on=BUSINESS,
    ),
    "a human's word has been heard: it is logged, not sent": Case(
        (*INVITED, human_joins()),
        human("hi"),
        Then(log=["agent: hi"], does=[], timers={"-agent"}),
        on=BUSINESS,
    ),
    "a human who speaks unasked takes over": Case(
        ASKED,
        human("I do this"),
        Then(
            log=["joined channel bo unasked", "agent: I do this"],
            does=[],
            floor="agent",
            epochs=1,
            drops={"bot"},
            timers={"-accept", "-wait", "-agent"},
            state={"turns": (), "human_epoch": 2, "platforms": ("channel",)},
        ),
        on=BUSINESS,
    ),
    "a human may speak before the client ever did": Case(
        FRESH,
        human("hello there"),
        Then(floor="agent", log=["joined channel bo unasked", "agent: hello there"]),
        on=BUSINESS,
    ),
    "a conversation begun by a human has its clock too": Case(
        FRESH, human_joins(), Then(timers={"idle 86400", "-accept", "-wait", "agent 1800"}), on=BUSINESS
    ),
    "humans whose words are not all told have no clock": Case(
        INVITED, human_joins(), Then(floor="agent", timers={"-accept", "-wait"}), on=HANDING_BACK
    ),
    "nor does the client's word start one": Case(
        (*INVITED, human_joins(), human("hi")), client("and?"), Then(floor="agent", timers=set()), on=HANDING_BACK
    ),
    "agents elsewhere have theirs all the same": Case(
        (*INVITED, humans_leave(OFFLINE), accepts()),
        joins(),
        Then(timers={"-accept", "-wait", "agent 1800"}),
        on=replace(HANDING_BACK, chain=("channel", "two")),
    ),
    "humans and their client, silent for long, are not disturbed": Case(
        (*TALKED, human("hi")),
        timer("idle", after=86400),
        Then(log=["closed by system (idle)"], does=["close channel: closed"], floor="closed"),
        on=BUSINESS,
    ),
    "another human takes over": Case(
        (*TALKED, human("hi")),
        human("hi from me", CLEO),
        Then(log=["joined channel cleo", "agent: hi from me"]),
        on=BUSINESS,
    ),
    "the dialog given back is the bot's": Case(
        (*TALKED, human("hi"), client("thanks")),
        humans_leave(note="done"),
        Then(
            log=["left channel returned (done)", "system: You are back with the assistant."],
            does=["show 7", "ask bot about 6"],
            floor="bot",
            epochs=1,
            state={"turns": (), "handoff": None},
        ),
        on=BUSINESS,
    ),
    "nobody comes: the bot answers what was said meanwhile": Case(
        (*INVITED, client("hello?")),
        humans_leave(OFFLINE),
        Then(
            log=["declined channel offline", "left channel offline"],
            does=["ask bot about 9", "ask bot about 7"],
            floor="bot",
        ),
        on=BUSINESS,
    ),
    "nobody comes: the next platform is asked": Case(
        (*INVITED, client("hello?")),
        humans_leave(OFFLINE),
        Then(does=["open two", "send 7 to two"], floor="waiting", drops=set()),
        on=BUSINESS_AND_DESK,
    ),
    "an invitation that is refused goes to the bot": Case(
        (*ASKED, transfers()), refuses(LOST), Then(floor="bot", drops=set()), on=BUSINESS
    ),
    "nobody comes in time: the invitation is taken back": Case(
        INVITED, timer("wait"), Then(does=["close channel: wait_timeout", "ask bot about 8"], floor="bot"), on=BUSINESS
    ),
    "humans who leave nobody: nothing": Case(TALKED, humans_leave(), Then(log=[], does=[]), on=BUSINESS),
    "humans who leave twice leave once": Case(
        (*TALKED, human("hi"), humans_leave()), humans_leave(), Then(log=[], does=[], epochs=0), on=BUSINESS
    ),
    "a late no of the channel does not disturb the desk": Case(
        (*INVITED, humans_leave(OFFLINE)), humans_leave(OFFLINE), Then(log=[], floor="waiting"), on=BUSINESS_AND_DESK
    ),
    "a human of the channel comes before the desk": Case(
        (*INVITED, humans_leave(OFFLINE), client("hello?")),
        human("here I am"),
        Then(
            log=["joined channel bo unasked", "agent: here I am"],
            does=["close two: closed"],
            drops={"two", "bot"},
            floor="agent",
            state={"handoff.platform": "channel", "handoff.unconfirmed": ()},
        ),
        on=BUSINESS_AND_DESK,
    ),
    "a close phrase takes the dialog back from the humans": Case(
        (*TALKED, human("hi")),
        client(LEAVE),
        Then(does=["close channel: client_left", "show 7", "ask bot about 6"]),
        on=BUSINESS,
    ),
    "a human's word after the close is nothing": Case(OVER, human("hi"), Then(log=[], floor="closed"), on=BUSINESS),
}


@table(HUMAN_CASES)
def test_human(case):
    case.check()
