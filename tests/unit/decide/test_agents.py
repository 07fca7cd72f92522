from __future__ import annotations

from dataclasses import replace

from gateway.errors import AlreadyTaken, UnknownConversation
from gateway.events import AgentJoined
from gateway.model import Peer
from tests.unit.decide.story import (
    ASKED,
    BO,
    CLEO,
    CLOSED,
    JOINED,
    OFFLINE,
    OPENING,
    OVER_TEXT,
    QUEUED,
    RETURNED,
    STANDBY,
    TALKING,
    Case,
    Then,
    accepts,
    agent,
    agents_have,
    blocks,
    client,
    closes_chat,
    describes,
    ends,
    forwards,
    joins,
    notes,
    queue_moves,
    table,
    timer,
    transfers,
)

AGENT_CASES = {
    "an agent who takes the dialog has the floor": Case(
        QUEUED,
        joins(BO),
        Then(
            log=["joined one bo", "system: Bo is here."],
            does=["show 8"],
            floor="agent",
            epochs=1,
            timers={"-accept", "-wait", "agent 1800"},
            state={"human_epoch": 3, "handoff.agent": BO, "handoff.joined_at": 1000.0},
        ),
    ),
    "an agent without a name is announced without one": Case(
        QUEUED, joins(Peer(id="x")), Then(log=["joined one x", "system: An agent is here."])
    ),
    "the button back to the bot comes with the agent": Case(
        (*ASKED, transfers(close_phrases=("Enough",), close_button=True), accepts()),
        joins(BO),
        Then(log=["joined one bo [Enough]", "system: Bo is here. [Enough]"]),
    ),
    "the route's close phrase may be the button": Case(
        (*ASKED, transfers(close_button=True), accepts()),
        joins(BO),
        Then(log=["joined one bo [back to the bot]", "system: Bo is here. [back to the bot]"]),
    ),
    "without phrases there is no button": Case(
        (*ASKED, transfers(close_button=True), accepts()),
        joins(BO),
        Then(log=["joined one bo", "system: Bo is here."]),
        on=replace(TALKING, close_phrases=()),
    ),
    "joining twice is joining once": Case(JOINED, joins(BO), Then(log=[], does=[], epochs=0)),
    "a colleague may take over": Case(
        JOINED,
        joins(CLEO),
        Then(log=["joined one cleo", "system: Cleo is here."], floor="agent", epochs=0, timers={"agent 1800"}),
    ),
    "of two who take it at once one wins": Case(JOINED, joins(CLEO, if_free=True), Then(raises=AlreadyTaken)),
    "who has it may take it again": Case(JOINED, joins(BO, if_free=True), Then(log=[])),
    "an agent's word is shown, and stops their clock": Case(
        JOINED,
        agent("how can I help?"),
        Then(
            log=["agent: how can I help?"],
            does=["show 9"],
            timers={"-agent"},
            state={"handoff.unanswered_since": None},
        ),
    ),
    "an agent's word counts as joining": Case(
        QUEUED, agent("hi"), Then(log=["joined one bo", "system: Bo is here.", "agent: hi"], floor="agent", epochs=1)
    ),
    "a colleague's word counts as taking over": Case(
        JOINED, agent("hi", CLEO), Then(log=["joined one cleo", "system: Cleo is here.", "agent: hi"], epochs=0)
    ),
    "a note is for colleagues": Case(JOINED, notes("careful"), Then(log=["noted: careful"], does=[], timers=set())),
    "a new place in the queue is told": Case(
        QUEUED,
        queue_moves(2),
        Then(log=["queued one #2", "system: We are finding somebody to help you. You are number 2 in the queue."]),
    ),
    "the same place is no news": Case(QUEUED, queue_moves(3), Then(log=[], does=[])),
    "a place of no number is not announced": Case(QUEUED, queue_moves(None), Then(log=["queued one"], does=[])),
    "with an agent nobody queues": Case(JOINED, queue_moves(2), Then(log=[], does=[])),
    "on standby nobody queues either": Case(STANDBY, queue_moves(2), Then(log=[], does=[])),
    # --- forwarded ---
    "a forwarded dialog waits again": Case(
        JOINED,
        forwards("sales"),
        Then(
            log=["moved to Sales", "system: A colleague will take over in a moment."],
            floor="waiting",
            epochs=1,
            timers={"-accept", "-agent", "wait 600"},
            state={"handoff.agent": None, "handoff.destination": "sales", "handoff.unanswered_since": None},
        ),
    ),
    "what the client says meanwhile the colleague gets": Case(
        (*JOINED, forwards()), client("hello?"), Then(does=["send 11 to one"], state={"handoff.live": (11,)})
    ),
    "the colleague takes it from there": Case((*JOINED, forwards()), joins(CLEO), Then(floor="agent", epochs=1)),
    "a forwarded dialog nobody takes goes to the next platform, with the agent's part as history": Case(
        (*JOINED, client("heard"), agents_have(9), forwards(), client("unheard")),
        timer("wait"),
        Then(
            does=["close one: wait_timeout", "open two", "send 12 to two"],
            state={"handoff.upto": 13, "handoff.live": (12,), "handoff.destination": ""},
        ),
    ),
    "forwarding from the queue keeps the client waiting": Case(
        QUEUED, forwards(), Then(floor="waiting", epochs=0, timers={"-accept", "-agent", "wait 600"})
    ),
    "forwarding a one-time message is between agents": Case(
        STANDBY, forwards(), Then(log=["moved to Sales"], does=[], floor="bot", timers={"-accept", "-agent"})
    ),
    # --- ended ---
    "an agent who closes on the platform gives the client back": Case(
        JOINED, ends(CLOSED), Then(log=["left one closed", "system: You are back with the assistant."], floor="bot")
    ),
    "who lets go of a dialog that nobody took refuses it": Case(
        QUEUED, ends(CLOSED), Then(log=["declined one refused"], does=["open two"], floor="waiting")
    ),
    "a platform may say after accepting that nobody is there": Case(
        QUEUED, ends(OFFLINE, note="all gone"), Then(log=["declined one offline (all gone)"], does=["open two"])
    ),
    "an agent may end the whole conversation": Case(
        JOINED,
        ends(CLOSED, close=True, note="spam"),
        Then(
            log=["system: " + OVER_TEXT, "closed by agent (spam)"],
            does=["show 9"],
            floor="closed",
            timers={"-accept", "-wait", "-agent", "-idle"},
            drops={"one", "bot"},
            state={"handoff": None},
        ),
    ),
    # --- late ---
    "an agent's word after the return is refused": Case(
        (*JOINED, ends(RETURNED)), agent("wait!", session=0), Then(raises=UnknownConversation)
    ),
    "an agent's word after the close is refused": Case(
        (*JOINED, closes_chat()), agent("wait!", session=0), Then(raises=UnknownConversation)
    ),
    "an agent of a platform that lost the dialog is refused": Case(
        (*QUEUED, timer("wait")), joins(session=0), Then(raises=UnknownConversation)
    ),
    "a session ends once": Case((*JOINED, ends(RETURNED)), ends(RETURNED, 0), Then(raises=UnknownConversation)),
    "an agent may name the session as their platform does": Case(
        (*OPENING, accepts(remote="r-1")),
        lambda _: AgentJoined(session="r-1", agent=BO),
        Then(floor="agent"),
    ),
    # --- described ---
    "what agents learn about the client is kept, and its name with it": Case(
        JOINED, describes("Anna", crm="https://crm/1"), Then(log=["changed crm=https://crm/1 who"], does=[])
    ),
    "nothing new is no news": Case((*JOINED, describes(vip="yes")), describes(vip="yes"), Then(log=[], does=[])),
    "what they tell at the end is kept, too": Case(
        (*JOINED, ends(RETURNED)), describes(rating="good"), Then(log=["changed rating=good"], does=[])
    ),
    # --- blocked ---
    "blocking closes the conversation without good-byes": Case(
        JOINED,
        blocks(),
        Then(
            log=["noted: blocked the client", "closed by agent (blocked)"],
            does=[],
            floor="closed",
            state={"blocked": True},
        ),
    ),
    "blocking twice is blocking once": Case((*JOINED, blocks()), blocks(), Then(log=[], does=[])),
    "a block can be lifted after the close": Case(
        (*JOINED, blocks()), blocks(blocked=False), Then(log=["noted: unblocked the client"], state={"blocked": False})
    ),
    "a client can be blocked after the agent let go": Case(
        (*JOINED, ends(RETURNED)), blocks(), Then(floor="closed", drops={"bot"}, state={"turns": (), "cues": ()})
    ),
}


@table(AGENT_CASES)
def test_agent(case):
    case.check()
