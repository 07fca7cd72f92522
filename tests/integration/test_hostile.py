"""Plugins that hang, fail or talk too much disturb nobody but themselves."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway import Temporary, UserMistake, carry, dispatch, runtime
from gateway.dispatch import pause
from gateway.testing import SIMPLE, Harness, plugin_host
from tests.integration import hostile


@pytest.fixture(autouse=True)
def anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hostile.Stubborn, "sending", asyncio.Event())
    monkeypatch.setattr(hostile.Stubborn, "may_end", asyncio.Event())
    monkeypatch.setattr(hostile.Slow, "starting", asyncio.Event())
    monkeypatch.setattr(hostile.Slow, "may_start", asyncio.Event())
    monkeypatch.setattr(hostile.Slow, "life", [])
    for module, name in ((runtime, "LEAST_SECONDS"), (dispatch, "CANCEL_SECONDS"), (carry, "AVAILABILITY_SECONDS")):
        monkeypatch.setattr(module, name, 0.01)


def hostile_gateway(folder: Path, *channels: str, platform: str = "fake", **options: Any) -> Harness:
    config = {
        **SIMPLE,
        "server": {"port": 0, "shutdown_seconds": 0},
        "channels": {name: {"type": name, **options} for name in channels},
        "platforms": {"desk": {"type": platform}},
        "routes": {"main": {"channels": list(channels), "bot": "bot", "handoff": ["desk"]}},
    }
    return Harness(config, folder=folder, host=plugin_host(hostile.__name__))


# --- stopping --------------------------------------------------------------------------------------------------------


async def test_a_plugin_that_will_not_end_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    gateway = hostile_gateway(tmp_path, "stubborn")
    await gateway.gateway.start()
    await gateway.channel("stubborn").writes("hi")
    await hostile.Stubborn.sending.wait()
    async with asyncio.timeout(10):
        await gateway.gateway.stop()
    hostile.Stubborn.may_end.set()

    async with Harness(folder=tmp_path) as again:
        assert len(await again.gateway.store.pending_lanes()) == 1


async def test_a_signal_ends_also_a_start_that_takes_long(tmp_path: Path) -> None:
    settings = hostile_gateway(tmp_path, "slow").gateway.settings
    serving = asyncio.create_task(runtime.serve(settings))
    await hostile.Slow.starting.wait()
    os.kill(os.getpid(), signal.SIGTERM)
    await serving
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().remove_signal_handler(number)

    assert hostile.Slow.life == ["stopped"]


# --- starting --------------------------------------------------------------------------------------------------------


async def test_what_was_still_starting_when_another_failed_is_stopped_too(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match="it is broken"):
        await hostile_gateway(tmp_path, "broken", "slow").gateway.start()

    assert hostile.Slow.life == ["started", "stopped"]


@pytest.mark.parametrize("kind", ["unbuildable", "unroutable"])
async def test_a_plugin_at_fault_is_named(tmp_path: Path, kind: str) -> None:
    with pytest.raises(UserMistake, match=f"'{kind}'.*a fault in its plugin"):
        await hostile_gateway(tmp_path, kind).gateway.start()


async def test_a_module_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match=r"'incomplete'.*module 'lost' is missing; install its plugin again"):
        await hostile_gateway(tmp_path, "incomplete").gateway.start()


async def test_a_mistake_about_pages_is_no_reason_to_end(tmp_path: Path) -> None:
    async with hostile_gateway(tmp_path, "pageless") as gateway:
        assert [label for label, _ in gateway.gateway.pages()][-1] == "metrics"


async def test_why_an_instance_did_not_start_is_told_without_the_address(tmp_path: Path) -> None:
    async with (
        hostile_gateway(tmp_path, "talkative", on_start_failure="disable") as gateway,
        aiohttp.ClientSession() as http,
        http.get(f"{gateway.url}/health/ready") as answer,
    ):
        assert (await answer.json())["instances"]["talkative"]["reason"] == "ContentTypeError: answered 200"


@pytest.mark.parametrize("found", [b"", b"short"])
async def test_a_damaged_secret_is_not_used(tmp_path: Path, found: bytes) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret").write_bytes(found)

    with pytest.raises(UserMistake, match="secret is damaged"):
        Harness(folder=tmp_path)


# --- at work ---------------------------------------------------------------------------------------------------------


async def test_typing_signs_do_not_take_the_place_of_messages(tmp_path: Path) -> None:
    async with hostile_gateway(tmp_path, "typist", concurrency=1) as gateway:
        typist = gateway.channel("typist")
        await typist.writes("hi")
        await gateway.until(lambda: typist.texts() == ["echo hi"])


async def test_a_bot_does_not_wait_for_a_platform_that_cannot_tell_who_is_there(tmp_path: Path) -> None:
    hostile.Slow.may_start.set()
    async with hostile_gateway(tmp_path, "slow", platform="undecided") as gateway:
        await gateway.channel("slow").writes("hi")
        await gateway.until(lambda: bool(gateway.bot().turns))

        assert gateway.bot().turns[0].agents_online is None


async def test_a_webhook_that_hangs_may_be_tried_again(tmp_path: Path) -> None:
    async with (
        hostile_gateway(tmp_path, "hanging", timeout_seconds=0.01) as gateway,
        aiohttp.ClientSession() as http,
        http.post(f"{gateway.url}/hooks/hanging") as answer,
    ):
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize("asked", [0.0, -5.0, float("nan")])
def test_nobody_can_ask_to_be_tried_without_pause(asked: float) -> None:
    assert pause(0, Temporary("busy", retry_after_seconds=asked)) >= 0.05
