from __future__ import annotations

import pytest

from gateway.decide.clients import leaving_phrase
from gateway.errors import Blocked
from gateway.model import Message, Peer, Pressed, text_message
from tests.unit.decide.story import (
    ASKED,
    BUSINESS,
    FRESH,
    JOINED,
    NO_BOT,
    OPENING,
    OVER,
    QUEUED,
    STANDBY,
    TALKED,
    Case,
    Then,
    accepts,
    agent,
    blocks,
    changes,
    client,
    client_presses,
    human,
    joins,
    leaves_agent,
    opens_chat,
    table,
    transfers,
)
from tests.unit.decide.world import LEAVE

CLIENT_CASES = {
    "the first word is the bot's turn": Case(
        FRESH,
        client("hello"),
        Then(log=["client: hello"], does=["ask bot about 1"], floor="bot", epochs=0, timers={"idle 86400"}),
    ),
    "opening the chat lets the bot greet": Case(
        FRESH,
        opens_chat(),
        Then(log=["started"], does=["ask bot about 1"], timers={"idle 86400"}, state={"cues": (1,), "turns": ()}),
    ),
    "opening the chat again is no news": Case(TALKED, opens_chat(), Then(log=[], does=[])),
    "the bot hears of every deep link": Case(
        TALKED, opens_chat(payload="sale"), Then(log=["started"], does=["ask bot about 3"])
    ),
    "a deep link does not disturb an agent": Case(JOINED, opens_chat(payload="sale"), Then(log=[], does=[])),
    "without a bot nobody greets": Case(FRESH, opens_chat(), Then(log=["started"], does=[], floor="bot"), on=NO_BOT),
    "without a bot the first word calls a human": Case(
        FRESH,
        client("hello"),
        Then(
            log=["client: hello", "transferred"],
            does=["open one", "send 1 to one"],
            floor="waiting",
            timers={"idle 86400", "accept 30"},
            state={"handoff.live": (1,), "handoff.unconfirmed": (1,), "turns": ()},
        ),
        on=NO_BOT,
    ),
    "two quick words are two turns, in order": Case(
        (client("one"),), client("two"), Then(does=["ask bot about 2"], state={"turns": (1, 2)})
    ),
    "what the client says after the transfer goes behind the opening": Case(
        OPENING,
        client("are you there?"),
        Then(
            log=["client: are you there?"],
            does=["send 5 to one"],
            floor="waiting",
            state={"handoff.live": (5,), "handoff.unconfirmed": (5,), "turns": ()},
        ),
    ),
    "what the client says to an agent is theirs to answer": Case(
        (*JOINED, agent("yes?")),
        client("my order"),
        Then(
            log=["client: my order"],
            does=["send 10 to one"],
            timers={"agent 1800"},
            state={"handoff.live": (), "handoff.unconfirmed": (10,)},
        ),
    ),
    "a second word does not set the agent's clock back": Case(
        (*JOINED, agent("yes?"), client("my order")), client("hello?"), Then(does=["send 11 to one"], timers=set())
    ),
    "in a business channel nothing is relayed": Case(
        (*TALKED, human("I take over")),
        client("thanks"),
        Then(log=["client: thanks"], does=[], timers={"agent 1800"}, state={"handoff.unconfirmed": ()}),
        on=BUSINESS,
    ),
    "during standby the bot answers, and the word is kept for the agent": Case(
        STANDBY,
        client("and one more thing"),
        Then(does=["ask bot about 5"], floor="bot", state={"handoff.live": (5,), "handoff.unconfirmed": ()}),
    ),
    "a close phrase leads back to the bot, who hears the phrase": Case(
        JOINED,
        client("  Back to the BOT! "),
        Then(
            log=[
                "client:   Back to the BOT! ",
                "left one client_left (back to the bot)",
                "system: You are back with the assistant.",
            ],
            does=["close one: client_left", "show 11", "ask bot about 10"],
            floor="bot",
            epochs=1,
            timers={"-accept", "-wait", "-agent"},
        ),
    ),
    "a close phrase works in the queue too": Case(
        QUEUED, client(LEAVE), Then(floor="bot", does=["close one: client_left", "show 9", "ask bot about 8"])
    ),
    "to the bot a close phrase is a word like any other": Case(
        TALKED, client(LEAVE), Then(log=[f"client: {LEAVE}"], does=["ask bot about 3"], floor="bot")
    ),
    "the transfer's own close phrases replace the route's": Case(
        (*ASKED, transfers(close_phrases=("enough",)), accepts(), joins()),
        client(LEAVE),
        Then(does=["send 9 to one"], floor="agent"),
    ),
    "pressing the close button is the phrase": Case(
        (*ASKED, transfers(close_phrases=("enough",), close_button=True), accepts(), joins()),
        client_presses("enough"),
        Then(floor="bot"),
    ),
    "the last message is said to the client who leaves": Case(
        (*ASKED, transfers(last_message="Good bye then."), accepts(), joins()),
        leaves_agent(),
        Then(
            log=["system: Good bye then.", "left one client_left", "system: You are back with the assistant."],
            does=["show 9", "close one: client_left", "show 11", "ask bot about 10"],
            floor="bot",
        ),
    ),
    "the client may leave before any platform answered": Case(
        (*OPENING, client("hello?")),
        leaves_agent(),
        Then(
            log=["left one client_left", "system: You are back with the assistant."],
            does=["close one: client_left", "show 7", "ask bot about 6", "ask bot about 5"],
            drops={"one"},
            floor="bot",
            state={"handoff": None, "turns": (5,), "cues": (6,)},
        ),
    ),
    "leaving nobody is nothing": Case(TALKED, leaves_agent(), Then(log=[], does=[], floor="bot")),
    "leaving twice is leaving once": Case(
        (*JOINED, leaves_agent()), leaves_agent(), Then(log=[], does=[], floor="bot", epochs=0)
    ),
    "leaving during standby is nothing: the bot is there": Case(STANDBY, leaves_agent(), Then(log=[], does=[])),
    "new facts go into the log once": Case(
        TALKED, changes(attributes={"page": "/cart"}), Then(log=["changed page=/cart"], does=[])
    ),
    "old facts are no news": Case(
        (*TALKED, changes(attributes={"page": "/cart"})), changes(attributes={"page": "/cart"}), Then(log=[])
    ),
    "facts that come with the first word need no entry": Case(
        FRESH,
        client("hello", attributes={"page": "/"}),
        Then(log=["client: hello"], state={"attributes": {"page": "/"}}),
    ),
    "a proven identity stays proven": Case(
        (client("hello", verified=True),), client("again", verified=False), Then(state={"verified": True})
    ),
    "a new name keeps the known picture": Case(
        (*TALKED, changes(Peer(id="client-1", avatar_url="/a.png"))),
        changes(Peer(id="client-1", name="Anna")),
        Then(log=["changed who"], state={"client": Peer(id="client-1", name="Anna", avatar_url="/a.png")}),
    ),
    "a blocked client is refused": Case((*JOINED, blocks()), client("please"), Then(raises=Blocked)),
    "a blocked client cannot even leave": Case((*JOINED, blocks()), leaves_agent(), Then(raises=Blocked)),
    "a closed conversation is deaf: the engine begins a new one": Case(
        OVER, client("hello again"), Then(log=[], does=[], timers=set(), floor="closed", epochs=0)
    ),
}


@table(CLIENT_CASES)
def test_client(case):
    case.check()


@pytest.mark.parametrize(
    ("said", "phrase"),
    [
        ("back to the bot", "back to the bot"),
        ("BACK TO THE BOT!!", "back to the bot"),
        ("«back to the bot»", "back to the bot"),
        ("¡Basta!", "basta"),
        ("take me back to the bot", ""),
        ("...", ""),
        ("", ""),
    ],
)
def test_a_close_phrase_is_the_whole_message_but_for_case_and_punctuation(said, phrase):
    assert leaving_phrase(text_message(said), ("back to the bot", "basta", "", "!")) == phrase


def test_a_pressed_button_is_a_close_phrase_by_its_value_or_its_words():
    for pressed in (Pressed(value="bot", text="Take me back"), Pressed(value="7", text="bot")):
        assert leaving_phrase(Message(contents=(pressed,)), ("bot",)) == "bot"
