"""Past its limits the gateway puts off what would add to the load, takes all that lowers it, and recovers by itself."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvloop

from gateway import BotReply, Button, Buttons, Message, Temporary, Text, TooLarge, Unavailable, load, pace, text_message
from gateway.entries import Delivery, DeliveryState
from gateway.load import Limits, Load
from gateway.loop_delay import TICK_SECONDS, LoopDelay
from gateway.testing import SIMPLE, Harness


def small(folder: Path, **server: Any) -> Harness:
    return Harness({**SIMPLE, "server": {"port": 0, "shutdown_seconds": 2, **server}}, folder=folder)


@pytest.fixture(autouse=True)
def look_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "LOOK_SECONDS", 0.0)


# --- load ------------------------------------------------------------------------------------------------------------


def test_there_is_room_until_one_limit_is_reached() -> None:
    pending, events, delay, late = 0, 0, 0.0, 0.0
    watched = Load(
        limits=Limits(pending_effects=5, events_under_way=3, store_delay_seconds=1),
        pending_effects=lambda: pending,
        events_under_way=lambda: events,
        store_delay=lambda: delay,
        loop_delay=lambda: late,
    )

    assert watched.excess == ""
    pending = 5
    assert watched.excess == "5 deliveries are waiting"
    pending, delay = 0, 1.5
    assert watched.excess == "the store is 1.5 s behind"
    events = 3
    assert watched.excess == "3 events are under way"
    events, delay = 0, 0.0
    watched.expect_room()


def test_who_has_all_it_can_do_takes_on_less() -> None:
    pending, late = 300, 0.0
    watched = Load(
        limits=Limits(loop_delay_seconds=0.01),
        pending_effects=lambda: pending,
        events_under_way=lambda: 0,
        store_delay=lambda: 0.0,
        loop_delay=lambda: late,
    )

    assert watched.excess == "", "a slow bot lets things wait, too"
    late = 0.02
    assert "300 deliveries" in watched.excess
    pending = 100
    assert watched.excess == ""


async def test_a_loop_with_too_much_to_do_is_late_and_then_no_more() -> None:
    delay = LoopDelay()
    delay.start()
    async with asyncio.timeout(20):
        while delay.seconds < 0.02:
            time.sleep(0.05)  # noqa: ASYNC251 - that is what makes it late
            await asyncio.sleep(0)
        while delay.seconds > 0.005:  # noqa: ASYNC110 - to be idle is what is waited for
            await asyncio.sleep(TICK_SECONDS)
    delay.stop()


def test_many_who_come_at_once_are_let_in_at_once(tmp_path: Path) -> None:
    """With one listener, uvloop takes one connection in each turn of the loop, and a turn may take long."""

    async def scenario() -> None:
        async with small(tmp_path) as gateway:
            server = gateway.gateway._web._runner.server  # type: ignore[union-attr]
            callers = [socket.create_connection(("127.0.0.1", gateway.gateway.port)) for _ in range(64)]
            for _ in range(12):
                await asyncio.sleep(0)
            assert len(server.connections) == len(callers)  # type: ignore[union-attr]
            for caller in callers:
                caller.close()

    uvloop.run(scenario())


async def test_too_many_deliveries_put_new_words_off_and_nothing_else(tmp_path: Path) -> None:
    async with small(tmp_path, max_pending_effects=2) as gateway:
        ann, desk = gateway.channel(), gateway.platform()
        await ann.writes("agent", "bea")
        await gateway.until(lambda: bool(desk.openings))
        await gateway.settled()
        gateway.bot().gate.clear()
        for client in ("cy", "di"):
            await ann.writes("hello", client)

        with pytest.raises(Unavailable, match="2 deliveries are waiting") as told:
            await ann.writes("hello", "eve")
        assert told.value.retry_after_seconds >= 1
        await desk.writes("I am here")  # what agents say, and what ends a dialog, still counts
        await ann.ends("di")
        gateway.bot().gate.set()
        await gateway.settled()
        await ann.writes("hello", "eve")
        await gateway.settled()

        assert "agent: I am here" in await gateway.transcript("bea")
        assert await gateway.transcript("eve") == ["client: hello", "bot: echo hello"]


async def test_who_writes_when_too_many_do_is_told_at_once(tmp_path: Path) -> None:
    async with small(tmp_path, max_events_under_way=5) as gateway:
        clients = [f"client {number}" for number in range(20)]
        answers = await asyncio.gather(
            *(gateway.channel().writes("hello", client) for client in clients), return_exceptions=True
        )
        refused = {client for client, answer in zip(clients, answers, strict=True) if isinstance(answer, Unavailable)}
        assert 0 < len(refused) < len(clients)
        for client in refused:
            await gateway.channel().writes("hello again", client)
        await gateway.settled()

        for client in clients:
            word = "hello again" if client in refused else "hello"
            assert await gateway.transcript(client) == [f"client: {word}", f"bot: echo {word}"]


async def test_the_answer_says_when_to_come_again(tmp_path: Path) -> None:
    config = {
        **SIMPLE,
        "server": {"port": 0, "max_pending_effects": 1},
        "channels": {"web": {"type": "fake"}, "rest": {"type": "operator-api", "key": "k" * 20}},
        "routes": {
            "main": {"channels": ["web"], "bot": "bot", "handoff": ["desk"]},
            "rest": {"channels": ["rest"], "bot": "bot"},
        },
    }
    async with Harness(config, folder=tmp_path) as gateway, aiohttp.ClientSession() as http:
        gateway.bot().gate.clear()
        await gateway.channel().writes("hello")
        url = f"{gateway.url}/hooks/rest/{'k' * 20}/sendText"
        async with http.post(url, json={"userId": "ann", "text": "hello"}) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
        async with http.get(f"{gateway.url}/metrics") as answer:
            assert "gateway_overloaded 1.0" in await answer.text()
        gateway.bot().gate.set()


# --- sizes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (text_message("x" * 100_001), "100000 characters"),
        (Message(contents=(Text(text="x"),) * 51), "50 contents"),
    ],
)
async def test_a_message_that_is_too_large_is_refused_with_the_reason(
    tmp_path: Path, message: Message, reason: str
) -> None:
    async with small(tmp_path) as gateway:
        with pytest.raises(TooLarge, match=reason):
            await gateway.channel().writes(message)
        await gateway.channel().writes("hello")
        await gateway.settled()

        assert await gateway.transcript() == ["client: hello", "bot: echo hello"]


async def test_an_answer_of_a_bot_that_is_too_large_is_a_failed_turn(tmp_path: Path) -> None:
    async with small(tmp_path) as gateway:
        huge = Message(contents=(Buttons(buttons=(Button(text="a"),)),) * 51)
        gateway.bot().answer = lambda _turn: BotReply(messages=(huge,))
        await gateway.channel().writes("hello")
        await gateway.settled()

        assert "bot_failed" in await gateway.transcript()


# --- callers ---------------------------------------------------------------------------------------------------------


async def test_who_is_wrong_too_often_is_answered_429_and_others_are_heard(tmp_path: Path) -> None:
    limits = {"mistakes_per_minute": 3, "trusted_proxies": ["127.0.0.1"]}
    async with small(tmp_path, **limits) as gateway, aiohttp.ClientSession() as http:

        async def asks(path: str, source: str) -> tuple[int, str]:
            async with http.get(gateway.url + path, headers={"X-Forwarded-For": source}) as answer:
                return answer.status, answer.headers.get("Retry-After", "")

        assert [(await asks("/hooks/nobody", "8.8.8.8"))[0] for _ in range(4)] == [404, 404, 404, 429]
        assert await asks("/health/live", "8.8.8.8") == (429, "20")
        assert await asks("/health/live", "9.9.9.9") == (200, "")


async def test_more_sockets_than_allowed_are_put_off(tmp_path: Path) -> None:
    config = {**SIMPLE, "server": {"port": 0, "max_sockets": 1}, "channels": {"site": {"type": "widget"}}}
    config["routes"] = {"main": {"channels": ["site"], "bot": "bot"}}
    async with Harness(config, folder=tmp_path) as gateway, aiohttp.ClientSession() as http:
        headers = {"Origin": gateway.url}
        async with http.ws_connect(f"{gateway.url}/site/socket", headers=headers):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await http.ws_connect(f"{gateway.url}/site/socket", headers=headers)
        assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "30")  # type: ignore[index]
        async with http.ws_connect(f"{gateway.url}/site/socket", headers=headers) as again:
            assert not again.closed


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"POST /hooks/web HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST /site/session HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nContent-Length: 9000\r\n\r\n{",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n{",
    ],
    ids=["nothing", "headers", "a body", "a body nobody reads"],
)
async def test_a_caller_that_never_gets_to_the_end_is_hung_up_on(
    tmp_path: Path, begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "HEADER_SECONDS", 0.05)
    monkeypatch.setattr(pace, "BODY_SECONDS", 0.05)
    config = {**SIMPLE, "channels": {"site": {"type": "widget"}}, "routes": {"m": {"channels": ["site"], "bot": "bot"}}}
    async with Harness(config, folder=tmp_path) as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.gateway.port)
        writer.write(begun)
        async with asyncio.timeout(8):
            await reader.read()
        writer.close()


async def test_a_slow_body_that_goes_on_is_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "BODY_SECONDS", 1.0)
    monkeypatch.setattr(pace, "LEAST_BYTES", 10)
    config = {**SIMPLE, "channels": {"site": {"type": "widget"}}, "routes": {"m": {"channels": ["site"], "bot": "bot"}}}
    async with Harness(config, folder=tmp_path) as gateway, aiohttp.ClientSession() as http:

        async def slowly() -> Any:
            for _ in range(10):
                yield b" " * 1000
                await asyncio.sleep(0.15)  # slow is what this is about
            yield b"{}"

        headers = {"Origin": gateway.url}
        async with http.post(f"{gateway.url}/site/session", data=slowly(), headers=headers) as answer:
            assert answer.status == 200


# --- a lane that waits long ------------------------------------------------------------------------------------------


async def told_more(gateway: Harness, told: list[Delivery]) -> None:
    """Wait until something became of a message, or nothing waits any more."""
    before = len(told)
    await gateway.until(lambda: len(told) > before or not gateway.gateway.dispatcher.pending())


async def test_a_lane_that_waits_long_is_told_of_given_up_and_replayed_in_order(tmp_path: Path) -> None:
    """The author learns that it takes longer, then that it failed; the operator sends all of it again, in order."""
    async with small(tmp_path) as gateway:
        ann, desk, told = gateway.channel(), gateway.platform(), list[Delivery]()
        gateway.gateway.feed.watch_all(
            lambda change: told.extend(entry.body for entry in change.entries if isinstance(entry.body, Delivery))
        )
        await ann.writes("agent")
        await gateway.settled()
        await desk.joins()
        await gateway.settled()
        seen = len(ann.sent)
        ann.failures = [Temporary("busy") for _ in range(1000)]
        words = [(await desk.writes(text)).number for text in ("one", "two", "three")]
        await gateway.until(lambda: len(ann.failures) < 1000)
        gateway.advance(60)
        await gateway.until(lambda: bool(told))
        assert told == [Delivery(number=words[0], to="web", state=DeliveryState.DELAYED, reason="busy")]

        while gateway.gateway.dispatcher.pending():
            gateway.advance(1000)
            await told_more(gateway, told)
        failed = [each.number for each in told if each.state is DeliveryState.FAILED]
        letters = sorted(
            (letter.effect for letter in await gateway.gateway.store.dead_letters()), key=lambda effect: effect.number
        )
        assert [letter.action.number for letter in letters] == failed == words

        ann.failures = []
        for letter in letters:
            assert await gateway.gateway.store.replay(letter.conversation, letter.number, at=gateway.clock())
            gateway.gateway.dispatcher.replay(letter)
        await gateway.settled()
        assert ann.texts()[seen:] == ["one", "two", "three"]
