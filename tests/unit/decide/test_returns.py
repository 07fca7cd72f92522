from __future__ import annotations

from gateway.events import CloseSession, EffectFailed, OpenSession, SendToAgent
from tests.unit.decide.story import (
    JOINED,
    LOST,
    NO_BOT,
    NOBODY,
    OFFLINE,
    ONE_PLATFORM,
    OPENING,
    OVER_TEXT,
    QUEUED,
    REFUSED,
    RETURNED,
    Case,
    Then,
    accepts,
    agent,
    agents_cannot_have,
    agents_have,
    client,
    deed,
    ends,
    joins,
    leaves_agent,
    refuses,
    table,
    timer,
    told,
    transfers,
)

RETURN_CASES = {
    # --- refused ---
    "the next platform is asked, with everything that was said meanwhile": Case(
        (*OPENING, client("hello?")),
        refuses(OFFLINE),
        Then(
            log=["declined one offline (no)"],
            does=["open two", "send 5 to two"],
            drops={"one"},
            floor="waiting",
            epochs=0,
            timers={"-wait", "-agent", "accept 30"},
            state={
                "handoff.live": (5,),
                "handoff.unconfirmed": (5,),
                "handoff.upto": 4,
                "handoff.chain": (),
                "handoff.refusals": (OFFLINE,),
                "platforms": ("one", "two"),
            },
        ),
    ),
    "what the first platform had taken the second gets too, the bot not": Case(
        (*QUEUED, client("hello?"), agents_have(7)),
        timer("wait"),
        Then(does=["close one: wait_timeout", "open two", "send 7 to two"], state={"handoff.unconfirmed": ()}),
    ),
    "after the last refusal the bot goes on, and answers what nobody heard": Case(
        (*OPENING, client("hello?"), refuses(OFFLINE)),
        refuses(OFFLINE),
        Then(
            log=["declined two offline (no)", "left two offline"],
            does=["ask bot about 8", "ask bot about 5"],
            drops={"two"},
            floor="bot",
            epochs=1,
            state={"handoff": None, "turns": (5,), "cues": (8,), "handoff_failures": 1},
        ),
    ),
    "the bot is not asked what a platform has confirmed": Case(
        (*OPENING, accepts(), client("hello?"), agents_have(7)),
        timer("wait"),
        Then(
            log=["declined one wait_timeout (nobody took it in time)", "left one wait_timeout"],
            does=["close one: wait_timeout", "ask bot about 9"],
            state={"turns": ()},
        ),
        on=ONE_PLATFORM,
    ),
    "the bot hears the most telling refusal": Case(
        (*OPENING, refuses(REFUSED)), refuses(OFFLINE), Then(log=["declined two offline (no)", "left two refused"])
    ),
    "a refusal without a reason is a lost platform, which is told": Case(
        OPENING,
        refuses(None),
        Then(log=["declined one platform_lost (no)"], does=["close one: platform_lost", "open two"]),
    ),
    "a refusal of a session that is over changes nothing": Case(
        (*OPENING, refuses(OFFLINE)), refuses(OFFLINE, session=0), Then(log=[], does=[], floor="waiting")
    ),
    "a failed opening is no refusal when its agents have joined": Case(
        (*OPENING, agent("hello")), refuses(LOST), Then(log=[], does=[], floor="agent")
    ),
    "without a bot a refused conversation closes, and the client is told why": Case(
        (client("hello"), refuses()),
        refuses(),
        Then(
            log=[
                "declined two refused (no)",
                "left two refused",
                "system: " + NOBODY,
                "closed by system (handoff over)",
            ],
            does=["show 6"],
            floor="closed",
            timers={"-accept", "-wait", "-agent", "-idle"},
        ),
        on=NO_BOT,
    ),
    # --- given back ---
    "the bot speaks first after a return, knowing the reason": Case(
        (*JOINED, agent("hi")),
        ends(RETURNED, note="wants a refund"),
        Then(
            log=["left one returned (wants a refund)", "system: You are back with the assistant."],
            does=["show 11", "ask bot about 10"],
            drops={"one"},
            floor="bot",
            epochs=1,
            timers={"-accept", "-wait", "-agent"},
            state={"handoff": None, "cues": (10,)},
        ),
    ),
    "what the agent did not get to hear the bot answers": Case(
        (*JOINED, client("one more"), agents_have(9), client("and another")),
        ends(RETURNED),
        Then(does=["show 12", "ask bot about 11", "ask bot about 10"], drops={"one"}),
    ),
    "a return from the queue goes to the bot, not to the next platform": Case(
        QUEUED, ends(RETURNED), Then(log=["left one returned", "system: You are back with the assistant."], floor="bot")
    ),
    "without a bot a returned conversation closes": Case(
        (client("hello"), accepts(), joins()),
        ends(RETURNED),
        Then(
            log=["left one returned", "system: " + OVER_TEXT, "closed by system (handoff over)"],
            floor="closed",
            epochs=2,
        ),
        on=NO_BOT,
    ),
    # --- time-outs ---
    "a platform that does not answer in time loses the dialog": Case(
        OPENING,
        timer("accept"),
        Then(
            log=["declined one platform_lost (did not answer in time)"],
            does=["close one: platform_lost", "open two"],
            drops={"one"},
            floor="waiting",
        ),
    ),
    "nobody takes it from the queue in time": Case(
        QUEUED,
        timer("wait"),
        Then(
            log=["declined one wait_timeout (nobody took it in time)"],
            does=["close one: wait_timeout", "open two"],
            floor="waiting",
        ),
    ),
    "an agent silent for too long loses the dialog": Case(
        JOINED,
        timer("agent"),
        Then(
            log=["left one agent_timeout", "system: You are back with the assistant."],
            does=["close one: agent_timeout", "show 10", "ask bot about 9"],
            floor="bot",
        ),
    ),
    "an accept timer that comes too late is nothing": Case(QUEUED, timer("accept"), Then(log=[], does=[])),
    "a wait timer that comes too late is nothing": Case(JOINED, timer("wait"), Then(log=[], does=[], floor="agent")),
    "an agent timer that comes too late is nothing": Case(
        (*JOINED, ends(RETURNED)), timer("agent"), Then(log=[], does=[], floor="bot")
    ),
    # --- lost in the middle ---
    "a platform lost in the middle: the next agent reads what was said, and gets what was not heard": Case(
        (*JOINED, agent("hi"), client("heard"), agents_have(10), client("unheard")),
        agents_cannot_have(11, LOST),
        Then(
            log=["declined one platform_lost (no)"],
            does=["close one: platform_lost", "open two", "send 11 to two"],
            drops={"one"},
            floor="waiting",
            epochs=1,
            state={
                "handoff.upto": 12,
                "handoff.live": (11,),
                "handoff.unconfirmed": (11,),
                "handoff.agent": None,
                "handoff.joined_at": None,
                "handoff.unanswered_since": None,
            },
        ),
    ),
    "a platform that says the session is over is not told so": Case(
        (*JOINED, client("hm")), agents_cannot_have(9, REFUSED), Then(does=["open two", "send 9 to two"])
    ),
    "the last platform lost in the middle: the bot goes on": Case(
        (*JOINED, client("unheard")),
        agents_cannot_have(9, LOST),
        Then(
            log=[
                "declined one platform_lost (no)",
                "left one platform_lost",
                "system: You are back with the assistant.",
            ],
            does=["close one: platform_lost", "show 12", "ask bot about 11", "ask bot about 9"],
            floor="bot",
        ),
        on=ONE_PLATFORM,
    ),
    "one message that cannot be delivered does not end the session": Case(
        (*JOINED, client("[sticker]")),
        agents_cannot_have(9),
        Then(log=["9 failed to one"], does=[], floor="agent", state={"handoff.unconfirmed": ()}),
    ),
    "a message reported as failed goes nowhere else": Case(
        (*QUEUED, client("[sticker]"), agents_cannot_have(7)),
        timer("wait"),
        Then(does=["close one: wait_timeout", "open two"], state={"handoff.live": (), "handoff.unconfirmed": ()}),
    ),
    "a failed delivery to a session that is over has gone elsewhere": Case(
        (*OPENING, client("hello?"), refuses()),
        lambda story: EffectFailed(
            effect=next(effect for effect in story.effects if deed(effect) == "send 5 to one"), reason="no"
        ),
        Then(log=[], does=[]),
    ),
}


@table(RETURN_CASES)
def test_return(case):
    case.check()


def test_a_second_session_does_not_forget_to_close_the_first():
    story = told(*QUEUED, leaves_agent(), client("again"), transfers(), client("hello?"))
    closing, opening, word = story.newest(CloseSession), story.newest(OpenSession), story.newest(SendToAgent)

    dropped = story.tell(refuses()).cancelled_lanes["one"]

    assert closing.target == opening.target == "one"
    assert closing.number not in dropped
    assert {opening.number, word.number} <= set(dropped)
