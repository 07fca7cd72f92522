"""What happens when an instance cannot start, fails in its own way, or is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.pytest_plugin import AiohttpServer

from gateway import (
    AuthenticationFailed,
    BotReply,
    ChannelKind,
    Failure,
    Temporary,
    Turn,
    UserMistake,
    hookimpl,
    supervisor,
)
from gateway.testing import SIMPLE, Harness, echo, plugin_host
from gateway.testing.fakes import FakeChannel, Nothing


class Reluctant(FakeChannel):
    """A channel that does not start before it is told that it may."""

    may_start = asyncio.Event()
    why_not: Failure = AuthenticationFailed("token is refused: correct channels.web.token")

    async def start(self) -> None:
        if not self.may_start.is_set():
            raise self.why_not
        await super().start()


RELUCTANT = ChannelKind(name="reluctant", summary="Does not start", options=Nothing, build=Reluctant)


@hookimpl
def register_channels() -> Iterable[ChannelKind[Nothing]]:
    return [RELUCTANT]


@pytest.fixture(autouse=True)
def at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reluctant, "may_start", asyncio.Event())
    monkeypatch.setattr(supervisor, "START_RETRY_SECONDS", (0.01,))


def reluctant(folder: Path, policy: str) -> Harness:
    channel = {"type": "reluctant", "on_start_failure": policy}
    return Harness({**SIMPLE, "channels": {"web": channel}}, folder=folder, host=plugin_host(__name__))


async def ready(gateway: Harness) -> tuple[int, dict[str, str]]:
    async with aiohttp.ClientSession() as http, http.get(f"{gateway.url}/health/ready") as answer:
        return answer.status, (await answer.json())["instances"]["web"]


async def test_fail_stops_the_gateway_and_says_why(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match=r"'web' \(reluctant\) could not start: token is refused") as raised:
        await reluctant(tmp_path, "fail").gateway.start()
    assert "retry" not in str(raised.value)


async def test_fail_names_the_way_out_where_waiting_may_help(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reluctant, "why_not", Temporary("web cannot be reached"))
    with pytest.raises(UserMistake, match="on_start_failure: retry"):
        await reluctant(tmp_path, "fail").gateway.start()


async def test_a_failed_start_lets_go_of_everything(tmp_path: Path) -> None:
    with pytest.raises(UserMistake):
        await reluctant(tmp_path, "fail").gateway.start()
    Reluctant.may_start.set()
    async with reluctant(tmp_path, "fail") as gateway:
        assert (await ready(gateway))[0] == 200


async def test_disable_goes_on_without_it_and_says_so(tmp_path: Path) -> None:
    async with reluctant(tmp_path, "disable") as gateway:
        assert await ready(gateway) == (
            200,
            {"state": "disabled", "reason": "token is refused: correct channels.web.token"},
        )


async def test_retry_is_not_ready_until_it_is(tmp_path: Path) -> None:
    async with reluctant(tmp_path, "retry") as gateway:
        assert await ready(gateway) == (
            503,
            {"state": "retrying", "reason": "token is refused: correct channels.web.token"},
        )
        Reluctant.may_start.set()
        await gateway.until(lambda: gateway.channel().started)
        await asyncio.sleep(0)  # the wrapper notes it just after

        assert await ready(gateway) == (200, {"state": "up"})


async def test_refused_credentials_make_an_instance_unhealthy_until_they_work(tmp_path: Path) -> None:
    async with Harness(folder=tmp_path) as gateway:
        web = gateway.channel()
        web.failures.append(AuthenticationFailed("token is refused: correct channels.web.token"))
        await web.writes("hi")
        await gateway.until(lambda: gateway.gateway.instances["web"].state is supervisor.State.UNHEALTHY)
        assert (await ready(gateway))[0] == 503
        gateway.advance(61)
        await gateway.settled()

        assert web.texts() == ["echo hi"]
        assert await ready(gateway) == (200, {"state": "up"})


def echo_but_for_ann(turn: Turn) -> BotReply:
    assert turn.conversation.client.id != "ann"
    return echo(turn)


async def test_a_bug_in_a_plugin_is_told_to_the_client_and_nothing_else_is_disturbed(tmp_path: Path) -> None:
    async with Harness(folder=tmp_path) as gateway:
        gateway.bot().answer = echo_but_for_ann
        await gateway.channel().writes("hi", "ann")
        await gateway.channel().writes("hi", "bob")
        await gateway.settled()

        assert (await gateway.transcript("bob"))[-1] == "bot: echo hi"
        assert (await gateway.transcript("ann"))[1:] == [
            "bot_failed",
            "system: Sorry, I could not answer that just now. Please try again.",
        ]


async def test_an_instance_says_itself_that_it_hears_nothing(tmp_path: Path) -> None:
    async with Harness(folder=tmp_path) as gateway:
        web = gateway.channel()
        web.context.unhealthy("the token was revoked: correct channels.web.token")
        assert await ready(gateway) == (
            503,
            {"state": "unhealthy", "reason": "the token was revoked: correct channels.web.token"},
        )
        await web.writes("hi")
        await gateway.settled()
        assert web.texts() == ["echo hi"]
        assert (await ready(gateway))[0] == 503  # What can be sent says nothing about what can be heard.

        web.context.healthy()
        assert await ready(gateway) == (200, {"state": "up"})


async def test_two_troubles_of_an_instance_end_one_by_one(tmp_path: Path) -> None:
    async with Harness(folder=tmp_path) as gateway:
        web = gateway.channel()
        web.failures.append(AuthenticationFailed("token is refused: correct channels.web.token"))
        await web.writes("hi")
        await gateway.until(lambda: gateway.gateway.instances["web"].state is supervisor.State.UNHEALTHY)
        web.context.unhealthy("nothing can be heard")
        web.context.healthy()
        assert (await ready(gateway))[0] == 503
        gateway.advance(61)
        await gateway.settled()

        assert await ready(gateway) == (200, {"state": "up"})


async def start_deaf(channel: Reluctant) -> None:
    channel.context.unhealthy("cannot listen")


async def test_what_is_said_while_it_starts_counts_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reluctant, "start", start_deaf)
    async with reluctant(tmp_path, "fail") as gateway:
        assert await ready(gateway) == (503, {"state": "unhealthy", "reason": "cannot listen"})


async def test_a_call_that_ends_after_the_stop_makes_nothing_alive_again(tmp_path: Path) -> None:
    async with Harness(folder=tmp_path) as gateway:
        running, may_fail = gateway.gateway.instances["web"], asyncio.Event()

        async def refused() -> None:
            await may_fail.wait()
            raise AuthenticationFailed("the token is refused")

        call = asyncio.ensure_future(running.call("send", refused))
        await asyncio.sleep(0)
        await running.stop(within_seconds=1)
        may_fail.set()
        with pytest.raises(AuthenticationFailed):
            await call

        assert running.state is supervisor.State.STOPPED
        with pytest.raises(Temporary):
            await running.call("send", refused)


async def test_cookies_of_one_call_are_not_sent_with_another(tmp_path: Path, aiohttp_server: AiohttpServer) -> None:
    """All instances share the session: a cookie would make one of them known as another."""
    given: list[str] = []

    async def greet(request: web.Request) -> web.Response:
        given.append(request.headers.get("Cookie", ""))
        response = web.Response()
        response.set_cookie("session", "of-somebody")
        return response

    app = web.Application()
    app.router.add_get("/", greet)
    url = str((await aiohttp_server(app)).make_url("/")).replace("127.0.0.1", "localhost")
    async with Harness(folder=tmp_path) as gateway:
        for client in (gateway.channel().context.http, gateway.bot().context.http):
            async with client.get(url) as answer:
                assert answer.status == 200

    assert given == ["", ""]
