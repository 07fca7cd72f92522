"""The door a running gateway keeps for its own command line."""

from __future__ import annotations

import json

import pytest

from gateway.admin import Admin, announce, find, withdraw
from gateway.errors import BadInput, Unauthorized
from gateway.store.memory import MemoryStore
from gateway.webhooks import WebhookRequest


def admin(*, store=None):
    async def tell_again(listener, conversation, number):
        return (listener, conversation, number) == ("crm", "c1", 2)

    return Admin(
        store=store or MemoryStore(),
        replay=lambda effect: None,
        tell_again=tell_again,
        token="right",
        now=lambda: 0.0,
    )


def asked(tail="dead-letters/drop", *, token="right", method="POST", body=b'{"conversation": "c1", "number": 1}'):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return WebhookRequest(method=method, tail=tail, query={}, headers=headers, body=body)


async def test_a_letter_nobody_has_is_not_done():
    store = MemoryStore()
    await store.open()

    answer = await admin(store=store).answer(asked())

    assert (answer.status, json.loads(answer.body)) == (200, {"done": False})


@pytest.mark.parametrize(("number", "done"), [(2, True), (3, False)])
async def test_a_listener_is_told_again(number, done):
    body = json.dumps({"listener": "crm", "conversation": "c1", "number": number}).encode()

    answer = await admin().answer(asked("listeners/replay", body=body))

    assert json.loads(answer.body) == {"done": done}


async def test_whom_to_tell_again_must_be_said():
    with pytest.raises(BadInput):
        await admin().answer(asked("listeners/replay"))


@pytest.mark.parametrize("token", ["", "wrong", "rightly", "ünicode"])
async def test_without_the_token_nothing_is_told(token):
    with pytest.raises(Unauthorized):
        await admin().answer(asked("no/such/thing", token=token))


@pytest.mark.parametrize(("more", "status"), [({"tail": "erase"}, 404), ({"method": "GET"}, 405)])
async def test_only_what_there_is_can_be_asked(more, status):
    assert (await admin().answer(asked(**more))).status == status


@pytest.mark.parametrize("body", [b"", b"[]", b'{"conversation": "c1"}', b'{"conversation": 1, "number": "x"}'])
async def test_a_malformed_question_is_refused(body):
    with pytest.raises(BadInput):
        await admin().answer(asked(body=body))


def test_the_access_file_is_for_its_owner_only_and_new_each_time(tmp_path):
    first = announce(tmp_path, "http://127.0.0.1:1")
    second = announce(tmp_path, "http://127.0.0.1:2")

    assert find(tmp_path) == second
    assert first.token != second.token
    assert len(second.token) >= 43
    assert (tmp_path / "admin.json").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["admin.json"]


def test_a_gateway_that_left_is_not_found(tmp_path):
    announce(tmp_path, "http://127.0.0.1:1")
    withdraw(tmp_path)
    withdraw(tmp_path)

    assert find(tmp_path) is None


def test_a_broken_access_file_is_none(tmp_path):
    (tmp_path / "admin.json").write_text("[", encoding="utf-8")

    assert find(tmp_path) is None
