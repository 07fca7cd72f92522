"""One at a time per key, in order, and nothing is kept of keys nobody uses."""

from __future__ import annotations

import asyncio

import pytest

from gateway.mailbox import Mailboxes


async def test_users_of_a_key_come_one_after_another_in_order():
    mailboxes, seen = Mailboxes(), []

    async def user(name):
        async with mailboxes.turn("a"):
            seen.append(f"{name} in")
            await asyncio.sleep(0)
            seen.append(f"{name} out")

    await asyncio.gather(user(1), user(2), user(3))

    assert seen == ["1 in", "1 out", "2 in", "2 out", "3 in", "3 out"]


async def test_other_keys_do_not_wait():
    mailboxes = Mailboxes()

    async with mailboxes.turn("a"), mailboxes.turn("b"):
        pass


async def test_a_user_who_gives_up_waiting_holds_up_nobody():
    mailboxes = Mailboxes()

    async def user():
        async with mailboxes.turn("a"):
            return "came"

    async with mailboxes.turn("a"):
        gone, waiting = asyncio.create_task(user()), asyncio.create_task(user())
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone

    assert await waiting == "came"


async def test_nothing_is_kept_of_keys_that_nobody_uses():
    mailboxes = Mailboxes()
    with pytest.raises(ZeroDivisionError):
        async with mailboxes.turn("a"):
            raise ZeroDivisionError

    assert not mailboxes._places
