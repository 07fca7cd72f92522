"""What a channel may ask for by itself, and what it is told of."""

from __future__ import annotations

from dataclasses import replace

from gateway.entries import Transferred
from gateway.events import CloseSession
from gateway.model import Role
from tests.unit.decide.story import (
    ASKED,
    CLOSED,
    FRESH,
    JOINED,
    NO_BOT,
    OVER,
    QUEUED,
    STANDBY,
    TALKED,
    TALKING,
    Case,
    Then,
    accepts,
    agents_have,
    asks,
    bot,
    client,
    closes_chat,
    ends,
    forwards,
    joins,
    refuses,
    table,
    told,
    transfers,
)

HEARING = replace(NO_BOT, chain=("one",), shows=replace(NO_BOT.shows, hears=frozenset({"closed", "moved"})))

ASKING_CASES = {
    "a channel may begin with a human": Case(
        FRESH,
        asks("sales"),
        Then(
            log=["transferred"],
            does=["open one"],
            floor="waiting",
            timers={"idle 86400", "accept 30"},
            state={"handoff.destination": "sales", "handoff.live": ()},
        ),
        on=NO_BOT,
    ),
    "what comes after it follows the opening": Case(
        (asks(),), client("hello"), Then(log=["client: hello"], does=["send 2 to one"]), on=NO_BOT
    ),
    "an open turn is not answered any more, and the agents get the words": Case(
        ASKED, asks(), Then(log=["transferred"], does=["open one", "send 3 to one"], drops={"bot"}, state={"turns": ()})
    ),
    "asking again is no news": Case(QUEUED, asks(), Then(log=[], does=[], epochs=0)),
    "asking again where an agent is disturbs nobody": Case(JOINED, asks(), Then(log=[], does=[], epochs=0)),
    "a late repetition does not undo the agents' forwarding": Case(
        (*TALKED, asks("sales"), accepts(), forwards("service")), asks("sales"), Then(log=[], does=[])
    ),
    "asking for somebody else goes there": Case(
        (*TALKED, asks("sales"), accepts(), joins()),
        asks("service"),
        Then(log=["transferred"], does=["close one: returned", "open one"], floor="waiting"),
    ),
    "asking makes a standby a real handoff": Case(
        STANDBY, asks(), Then(log=["transferred"], does=["close one: returned", "open one"], floor="waiting")
    ),
    "asking counts as a word: who was sent in circles may ask": Case(
        (*TALKED, asks(), refuses(), refuses(), transfers(), refuses(), refuses(), bot("sorry")),
        asks(),
        Then(log=["transferred"], does=["open one"], state={"handoff_failures": 0}),
    ),
    "asking for others in the queue takes along what nobody has read": Case(
        (*QUEUED, client("read by nobody"), agents_have(7), client("on its way")),
        asks("sales", message_before="One moment."),
        Then(
            log=["system: One moment.", "transferred"],
            does=["close one: returned", "show 9", "open one", "send 7 to one", "send 8 to one"],
            floor="waiting",
            epochs=0,
            state={"handoff.live": (7, 8), "handoff.unconfirmed": (8,)},
        ),
    ),
    "asking for others while an agent is there takes along what is on its way": Case(
        (*JOINED, client("on its way")),
        asks("sales"),
        Then(does=["close one: returned", "open one", "send 9 to one"], floor="waiting", epochs=1),
    ),
    "nobody leaves a message where an agent is": Case(
        JOINED, asks("sales", one_time_message=True), Then(log=[], does=[], floor="agent")
    ),
    "the message before is the bot's while it has the floor": Case(
        ASKED, asks(message_before="One moment."), Then(log=["bot: One moment.", "transferred"])
    ),
    "a closed conversation is deaf": Case(OVER, asks(), Then(log=[], does=[], floor="closed")),
}

HEARING_CASES = {
    "the end is told behind the last words": Case(
        (asks(), accepts(), joins()),
        ends(CLOSED),
        Then(
            log=[
                "left one closed",
                "system: This conversation is closed. Write again any time.",
                "closed by system (handoff over)",
            ],
            does=["show 7", "tell of 8"],
        ),
        on=HEARING,
    ),
    "the client's own end is told, too": Case(
        (asks(), accepts()), closes_chat(), Then(does=["close one: client_left", "tell of 4"]), on=HEARING
    ),
    "a forwarding is told": Case(
        (asks(), accepts(), joins()),
        forwards("sales"),
        Then(log=["moved to Sales", "system: A colleague will take over in a moment."], does=["tell of 6", "show 7"]),
        on=HEARING,
    ),
    "nobody asked to hear": Case((*TALKED,), closes_chat(), Then(does=[]), on=TALKING),
}


@table(ASKING_CASES)
def test_asking(case):
    case.check()


@table(HEARING_CASES)
def test_hearing(case):
    case.check()


def test_who_asked_is_in_the_log():
    story = told(asks("sales"), on=NO_BOT)

    assert [entry.body.by for entry in story.log if isinstance(entry.body, Transferred)] == [Role.CLIENT]


def test_the_agents_read_why_the_channel_closed():
    story = told(asks(), accepts(), closes_chat("The user closed the chat"), on=NO_BOT)

    assert story.newest(CloseSession).action.text == "The user closed the chat"
