from __future__ import annotations

from gateway.conversation import Stage
from gateway.model import Transfer
from tests.unit.decide.story import (
    ASKED,
    BO,
    CLEO,
    CLOSED,
    JOINED,
    NO_PLATFORM,
    NOBODY,
    OFFLINE,
    OPENING,
    QUEUED,
    RETURNED,
    STANDBY,
    TAILING,
    Case,
    Then,
    accepts,
    agent,
    bot,
    client,
    closes_chat,
    ends,
    opens_chat,
    refuses,
    table,
    timer,
    transfers,
)

HANDOFF_CASES = {
    "a transfer asks the first platform and gives up the floor": Case(
        ASKED,
        transfers(),
        Then(
            log=["transferred"],
            does=["open one"],
            floor="waiting",
            epochs=1,
            timers={"accept 30"},
            drops={"bot"},
            state={"handoff.stage": Stage.OPENING, "handoff.chain": ("two",), "handoff.upto": 4, "platforms": ("one",)},
        ),
    ),
    "the client hears nothing of agents before a platform accepted": Case(ASKED, transfers(), Then(does=["open one"])),
    "words and the message before the transfer are the bot's last": Case(
        ASKED,
        bot("I see.", transfer=Transfer(message_before="One moment.")),
        Then(log=["bot: I see.", "bot: One moment.", "transferred"], does=["show 4", "show 5", "open one"]),
    ),
    "a transfer takes the route's amount of history and offline rule": Case(
        ASKED, transfers(), Then(state={"handoff.transfer.history": 10_000, "handoff.transfer.ignore_offline": False})
    ),
    "a transfer's own amount of history and offline rule win": Case(
        ASKED,
        transfers(history=0, ignore_offline=True),
        Then(state={"handoff.transfer.history": 0, "handoff.transfer.ignore_offline": True}),
    ),
    "what the bot has not answered follows one by one": Case(
        (*ASKED, client("quickly!")),
        transfers(about=3),
        Then(
            does=["open one", "send 4 to one"],
            drops={"bot"},
            state={"handoff.live": (4,), "handoff.unconfirmed": (4,), "turns": ()},
        ),
    ),
    "a greeting not made yet is nothing for agents": Case(
        (opens_chat(), client("agent!")),
        transfers(about=2),
        Then(does=["open one"], state={"handoff.live": (), "cues": ()}),
    ),
    "a transfer on a route without platforms comes back at once": Case(
        (*ASKED, client("quickly!")),
        transfers(about=3),
        Then(
            log=["transferred", "left nobody refused"],
            does=["ask bot about 6", "ask bot about 4"],
            floor="bot",
            epochs=2,
            state={"handoff": None, "cues": (6,), "turns": (4,)},
        ),
        on=NO_PLATFORM,
    ),
    # --- accepted ---
    "once a platform accepts the client hears that somebody will come": Case(
        OPENING,
        accepts(),
        Then(
            log=["queued one", "system: We are finding somebody to help you."],
            does=["show 6"],
            floor="waiting",
            epochs=0,
            timers={"-accept", "wait 600"},
            state={"handoff.stage": Stage.QUEUED},
        ),
    ),
    "the place in the queue is told": Case(
        OPENING,
        accepts(position=3),
        Then(
            log=["queued one #3", "system: We are finding somebody to help you. You are number 3 in the queue."],
            state={"handoff.queue_position": 3},
        ),
    ),
    "a tailing channel shows the queue by itself": Case(
        OPENING, accepts(position=3), Then(log=["queued one #3"], does=[]), on=TAILING
    ),
    "the transfer's waiting message replaces the route's, on every channel": Case(
        (*ASKED, transfers(waiting_message="Hold the line.")),
        accepts(position=3),
        Then(log=["queued one #3", "system: Hold the line."]),
        on=TAILING,
    ),
    "a platform may have an agent at once": Case(
        OPENING,
        accepts(agent=BO),
        Then(log=["joined one bo", "system: Bo is here."], floor="agent", timers={"-accept", "-wait", "agent 1800"}),
    ),
    "the platform's own name of the session is kept": Case(
        OPENING, accepts(remote="r-1"), Then(state={"handoff.remote": "r-1"})
    ),
    "being accepted twice is no news": Case(QUEUED, accepts(position=3), Then(log=[], does=[])),
    "an acceptance after the agent's first word only adds the name of the session": Case(
        (*OPENING, agent("hello")),
        accepts(remote="r-1", agent=CLEO),
        Then(log=[], does=[], floor="agent", state={"handoff.remote": "r-1", "handoff.agent": BO}),
    ),
    "an agent's first word does not wait for the platform's answer": Case(
        (*OPENING, client("hello?")),
        agent("good day"),
        Then(
            log=["joined one bo", "system: Bo is here.", "agent: good day"],
            floor="agent",
            epochs=1,
            state={"handoff.unconfirmed": (5,), "handoff.live": ()},
        ),
    ),
    "a platform that accepts too late is told that it is over": Case(
        (*OPENING, timer("accept")),
        accepts(0, remote="r-1"),
        Then(log=[], does=["close one: closed"], floor="waiting", state={"handoff.platform": "two"}),
    ),
    "a platform that accepts too late, and knows the session by our name, has been told already": Case(
        (*OPENING, timer("accept")), accepts(0), Then(log=[], does=[], floor="waiting")
    ),
    "a platform that accepts after the close is told that it is over": Case(
        (*OPENING, closes_chat()), accepts(remote="r-1"), Then(log=[], does=["close one: closed"], floor="closed")
    ),
    # --- one-time message ---
    "a one-time message leaves the floor with the bot": Case(
        ASKED,
        transfers(one_time_message=True, first_message="call me"),
        Then(log=["transferred"], does=["open one"], floor="bot", epochs=0, timers={"accept 30"}, drops=set()),
    ),
    "turns open at a one-time message stay the bot's, and are kept for the agent": Case(
        (*ASKED, client("and this")),
        transfers(about=3, one_time_message=True),
        Then(does=["open one"], state={"turns": (4,), "handoff.live": (4,), "handoff.unconfirmed": ()}),
    ),
    "the client is told nothing of a one-time message that is accepted": Case(
        (*ASKED, transfers(one_time_message=True)),
        accepts(position=2),
        Then(log=[], does=[], floor="bot", timers={"-accept"}),
    ),
    "a platform's agent does not take the floor by accepting a one-time message": Case(
        (*ASKED, transfers(one_time_message=True)), accepts(agent=BO), Then(log=[], floor="bot")
    ),
    "an agent who answers a one-time message takes over, with all that was said since": Case(
        (*STANDBY, client("hello?"), bot("I am here", about=5), client("more")),
        agent("calling you"),
        Then(
            log=["joined one bo unasked", "system: Bo is here.", "agent: calling you"],
            does=["send 5 to one", "send 7 to one", "show 9", "show 10"],
            floor="agent",
            epochs=1,
            drops={"bot"},
            state={"handoff.unconfirmed": (7,), "handoff.transfer.one_time_message": False},
        ),
    ),
    "a one-time message nobody took comes back to the bot as a failure": Case(
        (*ASKED, transfers(one_time_message=True), refuses(OFFLINE)),
        refuses(OFFLINE),
        Then(
            log=["declined two offline (no)", "left two offline"],
            does=["ask bot about 7"],
            floor="bot",
            epochs=0,
            state={"handoff": None},
        ),
    ),
    "a refused one-time message goes to the next platform, the bot keeps the floor": Case(
        (*ASKED, transfers(one_time_message=True), client("hello?")),
        refuses(OFFLINE),
        Then(
            log=["declined one offline (no)"],
            does=["open two"],
            floor="bot",
            epochs=0,
            state={"handoff.live": (5,), "turns": (5,)},
        ),
    ),
    "an agent who has read a one-time message is done with it": Case(
        STANDBY, ends(CLOSED), Then(log=[], does=[], floor="bot", state={"handoff": None})
    ),
    "a transfer replaces a one-time message that waits": Case(
        (*STANDBY, client("agent!")),
        transfers(about=5),
        Then(
            log=["transferred"],
            does=["close one: returned", "open one"],
            floor="waiting",
            state={"handoff.transfer.first_message": ""},
        ),
    ),
    "a new transfer carries a one-time message that nobody has yet": Case(
        (*ASKED, transfers(one_time_message=True, first_message="call me"), client("agent!")),
        transfers(about=5, first_message="urgent"),
        Then(does=["close one: returned", "open one"], state={"handoff.transfer.first_message": "call me\nurgent"}),
    ),
    # --- again and again ---
    "a client can be handed over a second time": Case(
        (*JOINED, ends(RETURNED), bot("back"), client("again please")),
        transfers(),
        Then(log=["transferred"], does=["open one"], floor="waiting", state={"platforms": ("one",)}),
    ),
    "the second session has a name of its own": Case(
        (*JOINED, ends(RETURNED), bot("back"), client("again"), transfers()),
        accepts(),
        Then(floor="waiting", state={"handoff.stage": Stage.QUEUED}),
    ),
    "bot and platforms do not pass a silent client in circles": Case(
        (*ASKED, transfers(), refuses(), refuses(), transfers(), refuses(), refuses()),
        transfers(message_before="One moment."),
        Then(
            log=["declined nobody refused (asked in vain too often)", "system: " + NOBODY],
            floor="bot",
            epochs=0,
            state={"handoff": None},
        ),
    ),
    "sessions that agents give back untouched are circles too": Case(
        (*JOINED, ends(RETURNED), transfers(), accepts(agent=BO), timer("agent")),
        transfers(),
        Then(floor="bot", state={"handoff": None}),
    ),
    "a word of the client breaks the circle": Case(
        (*ASKED, transfers(), refuses(), refuses(), transfers(), refuses(), refuses(), bot("hm"), client("please")),
        transfers(),
        Then(floor="waiting", does=["open one"]),
    ),
}


@table(HANDOFF_CASES)
def test_handoff(case):
    case.check()
