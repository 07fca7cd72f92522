from __future__ import annotations

from dataclasses import replace

from gateway.model import Transfer
from tests.unit.decide.story import (
    ASKED,
    BUSINESS,
    JOINED,
    NO_PLATFORM,
    OVER,
    QUEUED,
    STAFFED_BOT,
    STANDBY,
    TAILING,
    TALKED,
    TALKING,
    TRY_AGAIN,
    Case,
    Then,
    agent,
    bot,
    bot_fails,
    bot_is_fenced_off,
    bot_says,
    client,
    closes_chat,
    human,
    humans_leave,
    opens_chat,
    table,
    timer,
    transfers,
)

TURN_CASES = {
    "an answer ends the turn and is shown": Case(
        (client("hello"),),
        bot("hi", "what is it?", state={"step": 2}),
        Then(
            log=["bot: hi", "bot: what is it?"],
            does=["show 2", "show 3"],
            floor="bot",
            epochs=0,
            state={"turns": (), "bot_state": {"step": 2}},
        ),
    ),
    "a channel that tails the log is sent nothing": Case(
        (client("hello"),), bot("hi"), Then(log=["bot: hi"], does=[]), on=TAILING
    ),
    "an answer without words is an answer": Case((client("hello"),), bot(), Then(log=[], does=[], state={"turns": ()})),
    "no new memory keeps the old": Case(
        (client("a"), bot("b", state={"step": 2}), client("c")), bot("d"), Then(state={"bot_state": {"step": 2}})
    ),
    "the same answer twice counts once": Case(
        (client("hello"), bot("hi")), bot("hi", about=1), Then(log=[], does=[], stale=True)
    ),
    "the same greeting twice counts once": Case(
        (opens_chat(), bot("hi")), bot("hi", about=1), Then(log=[], does=[], stale=True)
    ),
    "a late answer never lands after an agent took the floor": Case(
        (*STANDBY, agent("I am here")),
        bot("let me see", about=3, state={"lost": 1}, transfer=Transfer(), close=True),
        Then(log=[], does=[], stale=True, floor="agent", epochs=0, state={"bot_state": None}),
    ),
    "a late answer does not land after the dialog came back either": Case(
        (*TALKED, client("question"), human("mine"), humans_leave()),
        bot("let me see", about=3),
        Then(log=[], does=[], stale=True, floor="bot"),
        on=BUSINESS,
    ),
    "an answer to a closed conversation is stale": Case(
        (*ASKED, closes_chat()), bot("hi", about=3), Then(log=[], does=[], stale=True, floor="closed")
    ),
    "what the bot finds out about the client is logged": Case(
        ASKED,
        bot("ok", attributes={"order": "7"}),
        Then(log=["changed order=7", "bot: ok"], state={"attributes": {"order": "7"}}),
    ),
    "an answer that took long takes the client's doubts away": Case(
        ASKED, bot("ok", delayed=True), Then(log=["3 arrived to bot", "bot: ok"])
    ),
    "the bot may close": Case(
        ASKED,
        bot("bye", close=True),
        Then(log=["bot: bye", "closed by bot"], does=["show 4"], floor="closed", drops={"bot"}, timers={"-idle"}),
    ),
    "who asks for a human cannot hang up as well": Case(
        ASKED, bot("bye", close=True, transfer=Transfer()), Then(floor="waiting", does=["show 4", "open one"])
    ),
    "the bot may speak by itself while it has the floor": Case(
        TALKED, bot_says("still there?"), Then(log=["bot: still there?"], does=["show 3"])
    ),
    "a bot that answers later names its epoch": Case(ASKED, bot_says("found it", epoch=1), Then(log=["bot: found it"])),
    "a later answer of an old epoch is stale": Case(
        (*TALKED, human("hi"), humans_leave()),
        bot_says("found it", epoch=1, state={"lost": 1}),
        Then(log=[], does=[], stale=True, state={"bot_state": None}),
        on=BUSINESS,
    ),
    "the bot does not speak while the client waits": Case(QUEUED, bot_says("hi"), Then(log=[], stale=True)),
    "the bot does not speak over an agent": Case(JOINED, bot_says("hi"), Then(log=[], stale=True)),
    "the bot does not speak after the close": Case(OVER, bot_says("hi"), Then(log=[], does=[], stale=True)),
    "the bot may want to go on if the client says nothing": Case(
        ASKED,
        bot("which one?", again_after_seconds=60),
        Then(log=["bot: which one?"], timers={"again 60"}, state={"again_at": 1060.0}),
    ),
    "then it is asked again": Case(
        (*ASKED, bot("which one?", again_after_seconds=60)),
        timer("again", 60),
        Then(
            log=["waited"], does=["ask bot about 5"], floor="bot", state={"cues": (5,), "turns": (), "again_at": None}
        ),
    ),
    "and may wait once more": Case(
        (*ASKED, bot("which one?", again_after_seconds=60), timer("again", 60)),
        bot("still there?", about=5, again_after_seconds=600),
        Then(log=["bot: still there?"], timers={"again 600"}, state={"cues": ()}),
    ),
    "the wait the bot asked for last counts": Case(
        (*TALKED, bot_says("a", again_after_seconds=60)),
        bot_says("b", again_after_seconds=5),
        Then(timers={"again 5"}),
    ),
    "words without a wait leave the wait as it is": Case(
        (*TALKED, bot_says("a", again_after_seconds=60)), bot_says("b"), Then(timers=set(), state={"again_at": 1060.0})
    ),
    "the client's word ends the wait": Case(
        (*ASKED, bot("which one?", again_after_seconds=60)),
        client("this one"),
        Then(does=["ask bot about 5"], timers={"-again"}, state={"again_at": None}),
    ),
    "the bot does not wait for a client who has spoken meanwhile": Case(
        (*ASKED, client("hello?")), bot("which one?", about=3, again_after_seconds=60), Then(timers=set())
    ),
    "a transfer ends the wait": Case(
        (*ASKED, bot("wait", again_after_seconds=60)),
        bot_says(transfer=Transfer()),
        Then(floor="waiting", timers={"-again", "accept 30"}, state={"again_at": None}),
    ),
    "who asks for a human, or closes, does not wait as well": Case(
        ASKED, bot(transfer=Transfer(), again_after_seconds=60), Then(timers={"accept 30"})
    ),
    "a human who takes over ends the wait": Case(
        (*ASKED, bot("wait", again_after_seconds=60)),
        human("mine"),
        Then(floor="agent", state={"again_at": None}),
        on=BUSINESS,
    ),
    "the end ends the wait": Case(
        (*ASKED, bot("wait", again_after_seconds=60)), closes_chat(), Then(timers={"-again", "-idle"})
    ),
    "a wait that was over already does nothing": Case(
        (*ASKED, bot("wait", again_after_seconds=60), client("this one")),
        timer("again", 60),
        Then(log=[], does=[]),
    ),
    "words for a bot's own agents are not dropped when its turns are": Case(
        (*ASKED, transfers(), client("are you there?")),
        agent("yes"),
        Then(log=["joined bot bo", "system: Bo is here.", "agent: yes"], floor="agent", drops=set()),
        on=STAFFED_BOT,
    ),
    "a failed turn is told to the client": Case(
        ASKED,
        bot_fails(),
        Then(
            log=["bot failed at 3", "system: Sorry, I could not answer that just now. Please try again."],
            does=["show 5"],
            floor="bot",
            state={"turns": (), "bot_failures": 1},
        ),
    ),
    "a failed turn is told on a tailing channel too": Case(
        ASKED, bot_fails(), Then(log=["bot failed at 3", "system: " + TRY_AGAIN], does=[]), on=TAILING
    ),
    "three failures in a row call a human, who gets the unanswered word": Case(
        (client("a"), bot_fails(), client("b"), bot_fails(), client("c")),
        bot_fails(),
        Then(
            log=["bot failed at 7", "transferred"],
            does=["open one", "send 7 to one"],
            floor="waiting",
            state={"bot_failures": 0, "handoff.live": (7,), "handoff.unconfirmed": (7,)},
        ),
    ),
    "an answer in between starts the count again": Case(
        (client("a"), bot_fails(), client("b"), bot_fails(), client("c"), bot("ok"), client("d")),
        bot_fails(),
        Then(floor="bot", state={"bot_failures": 1}),
    ),
    "a failed greeting is nobody's unanswered word": Case(
        (opens_chat(), bot_fails(), opens_chat("x"), bot_fails(), opens_chat("y")),
        bot_fails(),
        Then(does=["open one"], state={"handoff.live": ()}),
    ),
    "without a platform failures are only told": Case(
        (client("a"), bot_fails(), client("b"), bot_fails(), client("c")),
        bot_fails(),
        Then(does=["show 9"], floor="bot"),
        on=NO_PLATFORM,
    ),
    "where failures shall not call a human they are only told": Case(
        ASKED, bot_fails(), Then(floor="bot", does=["show 5"]), on=replace(TALKING, bot_failures_before_handoff=0)
    ),
    "a late failure changes nothing": Case((*ASKED, transfers()), bot_fails(about=3), Then(log=[], does=[])),
    "the same failure twice counts once": Case(
        (*ASKED, bot_fails()), bot_fails(about=3), Then(log=[], does=[], state={"bot_failures": 1})
    ),
    "a fenced-off turn is counted": Case(JOINED, bot_is_fenced_off(), Then(log=[], does=[], stale=True)),
}


@table(TURN_CASES)
def test_turn(case):
    case.check()
