"""What a browser hears, over a real socket: everything, once, in order, and the state with it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from aiohttp import WSMsgType

from gateway import (
    Blocked,
    ClientChanged,
    ClientLeftAgent,
    ClientStarted,
    ClientWrote,
    Delivery,
    DeliveryState,
    Noted,
    Role,
    Transfer,
    Typing,
    Unavailable,
)
from gateway_widget.crowd import PARTS, Crowd
from gateway_widget.frames import FRAME_BYTES
from gateway_widget.options import WidgetOptions
from gateway_widget.tail import MOST_WAITING, PAGE
from plugins.widget.tests.stage import ANNA, Stage

KEY = "k" * 32
ABNORMAL = 1006


async def test_hello_tells_that_there_is_nothing_yet(stage):
    visitor = await stage.visitor()
    async with visitor.socket() as line:
        assert await line.hear("hello") == {"type": "hello", "conversation": None}


async def test_a_message_is_committed_before_it_is_acknowledged(stage):
    visitor = await stage.visitor()
    async with visitor.socket() as line:
        await line.send(type="say", id="m1", text="Hi", attributes={"page": "/"}, language="pt")
        ack = await line.hear("ack")

    event = stage.context.events[0]
    assert isinstance(event, ClientWrote)
    assert (event.message.id, event.message.text, event.language) == ("m1", "Hi", "pt")
    assert event.attributes == {"page": "/"}
    assert ack == {"type": "ack", "id": "m1", "conversation": "c1", "number": 1}


async def test_the_same_id_happens_once(stage):
    visitor = await stage.visitor()
    first = await visitor.say("Hi")
    async with visitor.socket() as line:
        await line.send(type="say", id="m1", text="Hi")
        assert (await line.hear("ack"))["number"] == first["number"]

    assert len(stage.context.events) == 1


async def test_ids_of_two_visitors_do_not_meet(stage):
    one, two = await stage.visitor(), await stage.visitor()
    await one.say("one", "same")
    await two.say("two", "same")

    assert [event.message.text for event in stage.context.events] == ["one", "two"]


async def test_two_tabs_hear_the_same(stage):
    visitor = await stage.visitor()
    async with visitor.socket() as one, visitor.socket() as two:
        await one.hear("hello")
        await two.hear("hello")
        await one.send(type="say", id="m1", text="Hi")
        await one.hear("ack")
        stage.bot_says("Hello")

        assert await one.numbers(2) == await two.numbers(2) == [1, 2]


async def test_nobody_hears_another_visitor(stage):
    talker, other = await stage.visitor(), await stage.visitor()
    async with other.socket() as line:
        await line.hear("hello")
        await talker.say("secret")
        await line.send(type="say", id="o1", text="mine")
        await line.numbers(1)

    assert "secret" not in json.dumps(line.heard)


async def test_a_resumed_socket_gets_what_came_since(stage):
    visitor = await stage.visitor()
    await visitor.say("Hi")
    for number in range(2, 8):
        stage.bot_says(str(number))
    async with visitor.socket("c1", after=3) as line:
        await line.hear("hello")

    assert await line.numbers(7) == [4, 5, 6, 7]


async def test_a_long_absence_is_replayed_whole(stage):
    visitor = await stage.visitor()
    await visitor.say("Hi")
    for number in range(2, 502):
        stage.bot_says(str(number))
    async with visitor.socket("c1", after=1) as line:
        await line.hear("hello")

    assert await line.numbers(501) == list(range(2, 502))


async def test_a_fresh_page_gets_the_newest_and_pages_back(stage):
    visitor = await stage.visitor()
    await visitor.say("Hi")
    for number in range(2, 101):
        stage.bot_says(str(number))
    async with visitor.socket() as line:
        await line.hear("hello")
        assert await line.numbers(100) == list(range(101 - PAGE, 101))
        await line.send(type="history", id="h1", conversation="c1", before=101 - PAGE)
        page = await line.hear("history")

    assert [entry["number"] for entry in page["entries"]] == list(range(101 - 2 * PAGE, 101 - PAGE))


async def test_history_is_its_owners(stage):
    owner, thief = await stage.visitor(), await stage.visitor()
    await owner.say("secret")

    answer = await thief.frame(type="history", id="h1", conversation="c1")
    async with thief.socket("c1", after=0) as line:
        await line.hear("hello")

    assert answer["code"] == "bad_input"
    assert "secret" not in json.dumps([answer, line.heard])


async def test_after_a_close_the_next_word_begins_anew(stage):
    visitor = await stage.visitor()
    async with visitor.socket() as line:
        await line.send(type="say", id="m1", text="Hi")
        await line.hear("ack")
        await line.send(type="end", id="e1")
        await line.hear("ack")
        await line.send(type="say", id="m2", text="Me again")
        answer = await line.hear("ack")
        while "c2" not in [frame["conversation"]["id"] for frame in line.heard if frame["type"] == "log"]:
            await line.hear("log")

    assert (answer["conversation"], answer["number"]) == ("c2", 1)
    logs = [frame for frame in line.heard if frame["type"] == "log"]
    seen = [(frame["conversation"]["id"], entry["number"]) for frame in logs for entry in frame["entries"]]
    assert seen == [("c1", 1), ("c1", 2), ("c2", 1)]


async def test_the_end_of_the_former_conversation_comes_first(stage):
    visitor = await stage.visitor()
    await visitor.say("Hi")
    stage.bot_says("Bye")
    stage.close()
    await visitor.say("Me again", "m2")
    async with visitor.socket("c1", after=1) as line:
        await line.hear("hello")

    logs = [frame for frame in line.heard if frame["type"] == "log"]
    assert [(frame["conversation"]["id"], [e["number"] for e in frame["entries"]]) for frame in logs] == [
        ("c1", [2, 3]),
        ("c2", [1]),
    ]
    assert logs[0]["conversation"]["floor"] == "closed"


async def test_the_state_comes_with_the_messages(stage):
    visitor = await stage.visitor()
    await visitor.say("agent")
    stage.transfer(Transfer(close_button=True, close_phrases=("Back to the robot",)), position=3)
    async with visitor.socket() as line:
        waiting = (await line.hear("hello"))["conversation"]
        stage.agent_joins()
        joined = (await line.hear("log"))["conversation"]
        stage.agent_leaves()
        back = (await line.hear("log"))["conversation"]

    assert (waiting["floor"], waiting["position"], waiting["leave"]) == ("waiting", 3, "Back to the robot")
    assert (joined["floor"], joined["agent"]["name"]) == ("agent", "Anna")
    assert (back["floor"], back["agent"], back["leave"]) == ("bot", None, None)


@pytest.mark.parametrize(("leave_queue", "offered"), [(True, ""), (False, None)])
async def test_the_way_out_of_the_queue_is_an_option(leave_queue, offered):
    async with Stage(WidgetOptions(leave_queue=leave_queue)) as stage:
        visitor = await stage.visitor()
        await visitor.say("agent")
        stage.transfer()
        async with visitor.socket() as line:
            assert (await line.hear("hello"))["conversation"]["leave"] == offered


async def test_a_moved_queue_is_told_without_an_entry(stage):
    visitor = await stage.visitor()
    await visitor.say("agent")
    stage.transfer(position=3)
    async with visitor.socket() as line:
        await line.hear("hello")
        moved = replace(stage.book.states["c1"].handoff, queue_position=2)
        stage.book.add("c1", handoff=moved)

        assert (await line.hear("log"))["conversation"]["position"] == 2


async def test_what_is_not_the_clients_business_does_not_leave(stage):
    visitor = await stage.visitor()
    await visitor.say("agent")
    stage.transfer(Transfer(hidden_attributes={"crm": "gold"}, summary="grumpy", reason="tired"))
    stage.agent_joins()
    stage.book.add("c1", Noted(agent=ANNA, text="careful with this one"))
    stage.book.add("c1", Delivery(number=1, to="desk", state=DeliveryState.FAILED, reason="desk.internal:8080 refused"))
    stage.agent_leaves()
    async with visitor.socket() as line:
        await line.hear("hello")

    text = json.dumps(line.heard)
    assert [word for word in ("gold", "grumpy", "tired", "careful", "internal", "secret note") if word in text] == []
    assert await line.numbers(7) == [1, 2, 3, 4, 5, 6, 7]


async def test_opening_begins_and_leaving_leaves(stage):
    visitor = await stage.visitor()
    await visitor.frame(type="start", id="s1", language="de", attributes={"name": "Kim"})
    await visitor.frame(type="change", id="c1", attributes={"order": "77"})
    stage.transfer()
    await visitor.frame(type="leave", id="l1")

    started, changed, left = stage.context.events
    assert isinstance(started, ClientStarted)
    assert (started.language, started.client.name) == ("de", "Kim")
    assert isinstance(changed, ClientChanged)
    assert changed.attributes == {"order": "77"}
    assert isinstance(left, ClientLeftAgent)


async def test_typing_goes_both_ways(stage):
    visitor = await stage.visitor()
    await visitor.say("Hi")
    async with visitor.socket() as line:
        await line.hear("hello")
        await line.send(type="typing")
        await line.send(type="ping")
        await line.hear("pong")
        stage.agent_joins()
        stage.book.type(Typing(conversation="c1", role=Role.AGENT))
        heard = await line.hear("typing")

    assert stage.context.signals == [Typing(conversation="c1", role=Role.CLIENT)]
    assert heard == {"type": "typing", "role": "agent", "active": True}


@pytest.mark.parametrize(("error", "code"), [(Blocked("no"), "blocked"), (Unavailable("full"), "unavailable")])
async def test_what_the_gateway_refuses_is_told_with_its_id(stage, error, code):
    visitor = await stage.visitor()
    stage.context.refuse = error
    async with visitor.socket() as line:
        await line.send(type="say", id="m1", text="Hi")
        answer = await line.hear("error")

    assert (answer["id"], answer["code"]) == ("m1", code)


async def test_a_failed_message_can_be_said_again(stage):
    visitor = await stage.visitor()
    status, upload = await visitor.upload()
    await visitor.say("Look", files=[upload["ticket"]])
    answer = await visitor.frame(type="say", id="m1.r", again=1)

    assert status == 200
    first, again = stage.context.events
    assert again.message.contents == first.message.contents
    assert (again.message.id, answer["number"]) == ("m1.r", 2)


@pytest.mark.parametrize("number", [2, 99])
async def test_only_own_words_can_be_said_again(stage, number):
    visitor = await stage.visitor()
    await visitor.say("Hi")
    stage.bot_says("Hello")

    assert (await visitor.frame(type="say", id="x", again=number))["code"] == "bad_input"


# --- how a socket ends ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "code", "reason"),
    [
        ('{"type":"hello","token":"x.y"}', 4401, "unauthorized"),
        ('{"type":"say","id":"1","text":"x"}', 4400, "type"),
        ("{", 4400, "frame"),
        ('{"type":"hello"}', 4400, "token"),
    ],
)
async def test_a_wrong_hello_is_told_why(stage, first, code, reason):
    async with stage.client.ws_connect(stage.url("socket"), headers={"Origin": stage.origin}) as socket:
        await socket.send_str(first)
        message = await socket.receive(timeout=5)

        assert message.type is WSMsgType.CLOSE
        assert message.data == code
        assert message.extra.startswith(reason)


async def test_an_old_token_is_told_from_a_wrong_one(stage):
    visitor = await stage.visitor()
    stage.context.clock.skip(days=91)
    async with visitor.socket() as line:
        assert await line.end() == (4401, "expired")


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"dance","id":"x"}',
        '{"type":"say","id":"x","text":7}',
        '{"type":"say","id":"x","again":99999999999999999999}',
        '{"type":"history","id":"x","conversation":"c1","before":99999999999999999999}',
    ],
)
async def test_a_malformed_frame_with_an_id_is_answered(stage, frame):
    visitor = await stage.visitor()
    async with visitor.socket() as line:
        await line.socket.send_str(frame)
        answer = await line.hear("error")
        await line.send(type="ping")
        await line.hear("pong")

    assert (answer["id"], answer["code"]) == ("x", "bad_input")


@pytest.mark.parametrize(("frame", "reason"), [("{", "frame"), ('{"type":"dance"}', "frame")])
async def test_a_malformed_frame_ends_this_socket_only(stage, frame, reason):
    visitor = await stage.visitor()
    async with visitor.socket() as good, visitor.socket() as bad:
        await bad.hear("hello")
        await bad.socket.send_str(frame)
        code, why = await bad.end()
        await good.send(type="say", id="m1", text="still here")
        await good.hear("ack")

    assert code == 4400
    assert why.startswith(reason)


async def test_an_oversized_frame_ends_the_socket(stage):
    visitor = await stage.visitor()
    async with visitor.socket() as line:
        await line.hear("hello")
        await line.socket.send_str("x" * (FRAME_BYTES + 1))

        assert (await line.end())[0] == 1009
    assert stage.context.events == []


async def test_binary_frames_are_refused(stage):
    visitor = await stage.visitor()
    async with visitor.socket() as line:
        await line.socket.send_bytes(b"{}")

        assert await line.end() == (4400, "frames are text")


async def test_stopping_sends_everybody_away_to_come_again(stage):
    visitor = await stage.visitor()
    async with visitor.socket() as line:
        await line.hear("hello")
        await stage.channel.stop()

        assert await line.end() == (1001, "come again")


async def test_a_socket_does_not_outlive_its_token(stage, monkeypatch):
    visitor = await stage.visitor()
    monkeypatch.setattr("gateway_widget.beats.BEAT_SECONDS", 0.05)
    monkeypatch.setattr(stage.channel._reception, "seconds_left", lambda _visitor: 0.0)
    async with visitor.socket() as line:
        assert await line.end() == (1001, "come again")


# --- server-sent events and POST -----------------------------------------------------------------------------------


async def events(response):
    async for line in response.content:
        if line.startswith(b"data: "):
            yield json.loads(line.removeprefix(b"data: "))


async def test_without_sockets_it_goes_by_events_and_post(stage):
    visitor = await stage.visitor()
    await visitor.say("Hi")
    stage.bot_says("Hello")
    async with visitor.get("events?conversation=c1&after=1", headers=visitor.authorization) as response:
        assert response.content_type == "text/event-stream"
        assert response.headers["Access-Control-Allow-Origin"] == stage.origin
        heard = events(response)
        first = [await anext(heard), await anext(heard)]
        await visitor.say("Are you there?", "m2")
        news = await anext(heard)

    assert [frame["type"] for frame in first] == ["log", "hello"]
    assert [entry["number"] for entry in first[0]["entries"]] == [2]
    assert [entry["number"] for entry in news["entries"]] == [3]


@pytest.mark.parametrize(
    "query", ["after=x", "after=-1", f"after={10**20}", "conversation=a/b", "conversation=%ff", "x=1"]
)
async def test_events_need_a_number(stage, query):
    visitor = await stage.visitor()
    async with visitor.get(f"events?{query}", headers=visitor.authorization) as response:
        assert response.status == 400


async def test_events_end_when_the_widget_stops(stage):
    visitor = await stage.visitor()
    async with visitor.get("events", headers=visitor.authorization) as response:
        heard = events(response)
        assert (await anext(heard))["type"] == "hello"
        await stage.channel.stop()

        assert [frame async for frame in heard] == []


# --- slow browsers -------------------------------------------------------------------------------------------------


class Slow:
    """A browser that takes a frame only when let, and leaves after entry `last`."""

    def __init__(self, last):
        self.last = last
        self.frames = []
        self.gate = asyncio.Event()
        self.reached = asyncio.Event()
        self.ended = asyncio.Event()

    def end(self):
        self.ended.set()

    async def send(self, frame):
        self.reached.set()
        await self.gate.wait()
        self.frames.append(frame)
        if self.numbers and self.numbers[-1] == self.last:
            raise ConnectionResetError

    @property
    def numbers(self):
        return [entry["number"] for frame in self.frames for entry in frame.get("entries", ())]


async def test_a_slow_browser_costs_no_memory_and_misses_nothing(stage):
    visitor = await stage.visitor()
    await visitor.say("Hi")
    slow = Slow(last=302)
    tail = stage.tail(visitor.session["visitor"], slow)
    stage.book.watch(tail.notice)
    tail.start()
    await slow.reached.wait()
    for number in range(2, 302):
        stage.bot_says(str(number))
        assert len(tail._waiting) <= MOST_WAITING
    stage.close()
    slow.gate.set()
    await slow.ended.wait()
    with pytest.raises(ConnectionResetError):
        await tail.stop()

    assert slow.numbers == list(range(1, 303))


async def test_a_browser_hears_something_though_nothing_happens(stage, monkeypatch):
    monkeypatch.setattr("gateway_widget.beats.BEAT_SECONDS", 0.05)
    visitor = await stage.visitor()
    await visitor.say("Hi")
    async with visitor.socket() as line:
        await line.hear("hello")
        await line.hear("beat")
    async with visitor.get("events", headers=visitor.authorization) as response:
        while b"beat" not in await response.content.readline():
            pass


async def half_a_round(stage):
    """Let half of the crowd get its beat; return whether anybody was in it. Who got one before should have answered."""
    beats = stage.channel._beats
    for _ in range(PARTS // 2):
        beats.turn()
    sending = [*beats._sending.values()]
    await asyncio.gather(*sending)
    return bool(sending)


async def next_of(socket, kind):
    while (message := await socket.receive(timeout=30)).type is not kind:
        assert message.type in {WSMsgType.TEXT, WSMsgType.PING}
    return message.data


async def pinged(stage, line):
    """Turn until the only socket there is gets its ping."""
    if not await half_a_round(stage):
        assert await half_a_round(stage)
    await next_of(line.socket, WSMsgType.PING)


async def test_a_browser_that_answers_pings_stays(stage):
    visitor = await stage.visitor()
    async with visitor.socket(autoping=False) as line:
        await line.hear("hello")
        for _ in range(3):
            await pinged(stage, line)
            await line.socket.pong()
            await line.socket.ping(b"still there?")
            assert await next_of(line.socket, WSMsgType.PONG) == b"still there?"
            await half_a_round(stage)

        await line.send(type="ping")
        assert "pong" in await next_of(line.socket, WSMsgType.TEXT)


async def test_a_browser_that_answers_no_ping_is_let_go(stage):
    visitor = await stage.visitor()
    async with visitor.socket(autoping=False) as line:
        await line.hear("hello")
        (tail,) = stage.channel._crowd
        await pinged(stage, line)
        await half_a_round(stage)

        assert (await line.end())[0] == ABNORMAL
        await visitor.say("Hi")
    assert tail not in stage.channel._crowd


async def test_nobody_is_let_go_while_the_gateway_is_busy_with_their_words(stage, monkeypatch):
    receive, busy, free = stage.context.receive, asyncio.Event(), asyncio.Event()

    async def slow(*event, **key):
        busy.set()
        await free.wait()
        return await receive(*event, **key)

    monkeypatch.setattr(stage.context, "receive", slow)
    visitor = await stage.visitor()
    async with visitor.socket(autoping=False) as line:
        await line.hear("hello")
        await line.send(type="say", id="m1", text="Hi")
        await busy.wait()
        await pinged(stage, line)
        await half_a_round(stage)
        free.set()
        while "ack" not in await next_of(line.socket, WSMsgType.TEXT):
            pass


async def test_beats_do_not_pile_up_for_a_browser_that_takes_none(stage):
    beats, gate = [], asyncio.Event()

    class Stuck(Slow):
        async def beat(self):
            beats.append("beat")
            await gate.wait()

        def expect_answer(self):
            """Nobody answers here."""

    stage.channel._crowd.join(stage.tail("ann", Stuck(last=1)))
    for _ in range(3 * PARTS):
        stage.channel._beats.turn()
        await asyncio.sleep(0)
    assert beats == ["beat"]

    gate.set()
    await asyncio.gather(*stage.channel._beats._sending.values())
    await half_a_round(stage)
    await half_a_round(stage)
    assert beats == ["beat", "beat"]


async def test_a_browser_that_waits_has_no_task(stage):
    visitor = await stage.visitor()
    await visitor.say("Hi")
    async with visitor.socket() as line:
        await line.hear("hello")
        (tail,) = stage.channel._crowd
        stage.bot_says("Hello")
        at_work = tail._work
        await line.numbers(2)
        await at_work

        assert tail._work is None


async def test_what_fits_in_memory_is_not_read_again(stage):
    visitor = await stage.visitor()
    await visitor.say("Hi")
    async with visitor.socket() as line:
        await line.hear("hello")
        reads = stage.book.reads
        for number in range(2, 12):
            stage.bot_says(str(number))
        await line.numbers(11)

    assert stage.book.reads == reads


async def test_gone_browsers_are_forgotten(stage):
    crowd = Crowd()
    tail = stage.tail("ann", Slow(last=1), after=("c1", 0), moved=crowd.moved)
    crowd.join(tail)
    crowd.moved(tail, "c2")
    tail.conversation = "c2"
    assert (list(crowd), list(crowd._by_conversation)) == ([tail], ["c2"])

    crowd.leave(tail)
    assert (list(crowd), crowd._by_conversation) == ([], {})
