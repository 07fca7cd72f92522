"""Nothing is missed: the receiver is away, the gateway restarts, the gateway is killed."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from gateway import Permanent, Rejected, Temporary
from gateway.testing import Harness
from gateway_events.failures import as_failure
from plugins.events.tests.kit import config, receiving, standing


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (400, Permanent), (413, Permanent), (422, Permanent),
        (301, Temporary), (404, Temporary), (410, Temporary),
    ],
)  # fmt: skip
def test_only_what_the_receiver_has_read_and_refused_is_given_up(status, meaning):
    assert isinstance(as_failure(Rejected("no", status)), meaning)


async def test_a_receiver_that_was_away_gets_everything(tmp_path):
    async with standing(tmp_path) as (gateway, receiver):
        await gateway.channel().writes("before")
        await gateway.settled()
        await receiver.has_all(gateway, "ann")
        await receiver.stop()
        for text in ("one", "two"):
            await gateway.channel().writes(text)
            await gateway.channel().writes(text, "bob")
        await gateway.settled()
        await receiver.start()
        await receiver.has_all(gateway, "ann", "bob")

        for client in ("ann", "bob"):
            numbers = receiver.numbers((await gateway.conversation(client)).id)
            assert numbers == list(range(1, len(await gateway.log(client)) + 1))


async def test_a_receiver_with_a_fault_gets_everything(tmp_path):
    async with standing(tmp_path) as (gateway, receiver):
        answers = [503, 500, 404]
        receiver.answer = lambda _event: answers.pop() if answers else 204
        await gateway.channel().writes("one")
        await gateway.settled()
        await receiver.has_all(gateway, "ann")

        assert receiver.numbers((await gateway.conversation()).id) == [1, 2]


async def test_what_the_receiver_will_never_take_holds_nothing_up(tmp_path):
    async with standing(tmp_path) as (gateway, receiver):
        receiver.answer = lambda event: 422 if event["data"]["entry"]["number"] == 1 else 204
        await gateway.channel().writes("one")
        await gateway.settled()
        await receiver.until(lambda: receiver.events != [])

        assert receiver.numbers((await gateway.conversation()).id) == [2]


async def test_a_restart_while_the_receiver_is_away(tmp_path):
    async with receiving() as receiver:
        await receiver.stop()
        async with Harness(config(receiver.url), folder=tmp_path) as gateway:
            await gateway.channel().writes("one")
            await gateway.settled()
        await receiver.start()
        async with Harness(config(receiver.url), folder=tmp_path) as gateway:
            await receiver.has_all(gateway, "ann")

            assert receiver.numbers((await gateway.conversation()).id) == [1, 2]


TALKER = """
import asyncio, json, sys
from pathlib import Path
from gateway.testing import Harness

async def main():
    config = json.loads(sys.argv[1])
    async with Harness(config, folder=Path(sys.argv[2])) as gateway:
        for number in range(10_000):
            for client in ("ann", "bob", "cid"):
                await gateway.channel().writes(f"message {number}", client)

asyncio.run(main())
"""


async def test_a_gateway_that_is_killed_misses_nothing(tmp_path):
    async with receiving() as receiver:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", TALKER, json.dumps(config(receiver.url)), str(tmp_path),
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, cwd=Path(__file__).parents[3],
        )  # fmt: skip
        await receiver.until(lambda: len(receiver.events) > 30)
        process.kill()
        await process.wait()
        before = len(receiver.events)
        async with Harness(config(receiver.url), folder=tmp_path) as gateway:
            await gateway.settled()
            await receiver.has_all(gateway, "ann", "bob", "cid")

            assert before < len(receiver.events)
            for client in ("ann", "bob", "cid"):
                numbers = receiver.numbers((await gateway.conversation(client)).id)
                once = list(dict.fromkeys(numbers))
                assert once == list(range(1, len(await gateway.log(client)) + 1))


async def replay(folder, *arguments):
    """Run the command; return what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", "listeners", "replay", *arguments, "--config", str(folder / "gateway.yaml"),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    return output.decode().strip()


async def test_it_is_told_again_from_a_number_with_the_same_ids(tmp_path):
    async with standing(tmp_path) as (gateway, receiver):
        for text in ("one", "two"):
            await gateway.channel().writes(text)
            await gateway.settled()
        await receiver.has_all(gateway, "ann")
        conversation = (await gateway.conversation()).id
        output = await replay(tmp_path, "crm", conversation, "--from", "3")
        await receiver.until(lambda: len(receiver.events) >= 6)
        mistake = await replay(tmp_path, "crm", "nothing")

        assert output == f"crm is told again: {conversation} from 3."
        assert mistake == "gateway: there is no conversation 'nothing', or no durable listener 'crm' that ever ran"
        assert receiver.numbers(conversation) == [1, 2, 3, 4, 3, 4]
        ids = [request.headers["webhook-id"] for request in receiver.requests]
        assert ids[2:4] == ids[4:6]


async def test_a_stopped_gateway_tells_again_at_its_next_start(tmp_path):
    async with standing(tmp_path) as (gateway, receiver):
        await gateway.channel().writes("one")
        await gateway.settled()
        await receiver.has_all(gateway, "ann")
    output = await replay(tmp_path, "crm", "--all")
    async with receiving() as receiver, Harness(config(receiver.url), folder=tmp_path) as gateway:
        await receiver.has_all(gateway, "ann")

        assert output == "crm is told again: everything."
        assert receiver.numbers((await gateway.conversation()).id) == [1, 2]
